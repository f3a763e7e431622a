"""What a trial of the image measured, as a page beside the code: which commit, when, each step, every figure.

Rules: written only when every step was passed; the page names no machine and no path.
"""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_PAGE = """# {title}: the last run that passed

Written by {by}. An emulated arm64 board (QEMU `virt`, two processors, 1 GiB); no
real Raspberry Pi has run this. The seconds are those of a shared machine: what was waited, not how fast a board is.

- image built from commit: {commit}
- its SHA-256: {digest}
- when: {when} UTC
- load of the machine at the end: {load}, on {processors} processors

| step | seconds |
|---|---|
{steps}

| figure | value |
|---|---|
{figures}
"""


@dataclass(frozen=True)
class About:
    """What the page is called, and the commands that write it."""

    title: str = "The image in an emulated machine"
    by: str = "`make image-test` and `make image-figures`"


TRIAL: Final = About()


def page(
    work: Path, steps: Iterable[tuple[str, float]], figures: dict[str, float | int | str], about: About = TRIAL
) -> str:
    """The page; `work` is where the image was built."""
    commit = (work / "out/comptoir.commit").read_text("utf-8")
    digest = (work / "out/comptoir.img.sha256").read_text().split()[0]
    return _PAGE.format(
        title=about.title,
        by=about.by,
        commit=commit.strip(),
        digest=digest,
        when=datetime.now(UTC).strftime("%Y-%m-%d %H:%M"),
        load=" ".join(f"{one:.1f}" for one in os.getloadavg()),
        processors=os.cpu_count(),
        steps="\n".join(f"| {name} | {seconds:.0f} |" for name, seconds in steps),
        figures="\n".join(f"| {name} | {value} |" for name, value in figures.items()),
    )
