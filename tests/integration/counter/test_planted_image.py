"""A day of work on a medium of its own, then every sector of that medium searched for the person who was served.

Rules: the medium is an ext4 image behind a loop device, where the machine lets us mount one (needs root), so that
deleted files, slack and the journal are searched too; else a folder, with its files. Home, temporary files, logs and
backups are all on it. A needle written and removed afterwards shows that the search would see it.
"""

import json
import math
import os
import signal
import subprocess
import tempfile
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import pytest

from sync.crypto.recovery import RecoveryCode
from terminal.cli.demo_insurers import DemoInsurer
from tests.integration.counter.test_command_line import CLAIM, Said, comptoir
from tests.integration.counter.test_planted_identity import (
    GIVEN_NAME,
    NEEDLES,
    NIR,
    SURNAME,
    everything,
    forms,
    frames_of,
    hits,
    serve_planted,
)
from tests.shop_fixture import OpenShop, Shop
from tests.tui.terminal_emulator import Screen

MEBIBYTES = 96
BLOCK = 4096
TYPED = ("VERDIERE", "284057599912324", "2840575999123", "-11,75")
ALL = (*NEEDLES, *TYPED)


@dataclass
class Medium:
    """Where the terminal lives, and what of it a thief would read."""

    root: Path
    image: Path | None

    def hits(self) -> list[str]:
        """The needles anywhere on the medium, free sectors included."""
        os.sync()
        blob = everything(self.root) if self.image is None else written_blocks(self.image)
        return [needle for needle in ALL if any(form in blob for form in forms(needle))]


def written_blocks(image: Path) -> bytes:
    """All blocks of a medium that are not empty: nothing can hide in zeros, and they take long to search."""
    content = image.read_bytes()
    blocks = (content[start : start + BLOCK] for start in range(0, len(content), BLOCK))
    return b"".join(block for block in blocks if block.strip(b"\x00"))


@pytest.fixture
def medium(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Medium]:
    """An ext4 image mounted, or a folder; temporary files of every process of the test lie on it."""
    root, image = tmp_path / "medium", tmp_path / "card.img"
    root.mkdir()
    mounted = _mounted(image, root)
    for name in ("tmp", "user", "data", "cache"):
        (root / name).mkdir()
    monkeypatch.setenv("TMPDIR", str(root / "tmp"))
    monkeypatch.setenv("HOME", str(root / "user"))
    monkeypatch.setenv("XDG_DATA_HOME", str(root / "data"))
    monkeypatch.setenv("XDG_CACHE_HOME", str(root / "cache"))
    monkeypatch.setattr(tempfile, "tempdir", None)
    yield Medium(root, image if mounted else None)
    if mounted:
        subprocess.run(["umount", "--lazy", str(root)], check=True)


def _mounted(image: Path, root: Path) -> bool:
    with image.open("wb") as file:
        file.truncate(MEBIBYTES << 20)
    for command in (["mkfs.ext4", "-q", str(image)], ["mount", "-o", "loop", str(image), str(root)]):
        try:
            if subprocess.run(command, capture_output=True, check=False).returncode:
                return False
        except FileNotFoundError:
            return False
    return True


def test_a_day_of_work_leaves_no_identity_on_the_medium(
    medium: Medium, open_shop: OpenShop, insurers: tuple[DemoInsurer, ...], tmp_path: Path
) -> None:
    """Cards, typed people, corrections, cancellations, sending, backups, screens: 0 hits, unlocked and locked."""
    shop = open_shop(grace=3600, name=str(medium.root / "home"))
    work_a_day(shop, medium, tmp_path)
    assert shop.counter.user is not None
    assert medium.hits() == [], "unlocked"
    shop.counter.lock()
    shop.desk.home.close()
    assert medium.hits() == [], "locked"
    assert entropy((medium.root / "home" / "store.db").read_bytes()) >= 7.9
    assert entropy((medium.root / "home" / "counterfoil.log").read_bytes()) >= 7.9
    assert frames_of(medium.root / "home" / "counterfoil.log")
    assert hits(everything(medium.root / "home"), ALL) == []
    for backup in (medium.root / "stick").iterdir():
        assert entropy(backup.read_bytes()) >= 7.9
    shows_what_was_there(medium)


def work_a_day(shop: Shop, medium: Medium, outside: Path) -> None:
    """What a counter does between morning and evening, by the screens' door, by commands and on a real screen."""
    code = RecoveryCode.generate()
    shop.desk.vault.set_recovery(code)
    pin, paper = outside / "pin", outside / "paper"
    pin.write_text("2468")
    paper.write_text(code.grouped(), encoding="utf-8")
    first, second = serve_planted(shop), serve_planted(shop)
    draft = shop.counter.reopen(first)
    shop.counter.submit(draft, first)
    shop.counter.cancel(second)
    shop.counter.worklist()
    person = {"surname": SURNAME, "given_name": GIVEN_NAME, "birth_date": str(date(1984, 5, 23))}
    identity = {**person, "nir": f"{NIR[:13]}{97 - int(NIR[:13]) % 97:02d}"}
    typed: dict[str, object] = {**CLAIM, "person": identity}
    login = ("--pin-file", pin)
    assert said(medium, "claim", "new", *login, stdin=typed).status == 0
    shown = said(medium, "claim", "show", first, "--reveal", *login)
    assert SURNAME in json.dumps(shown.data), "the commands must have had the person in their hands"
    for arguments in (("sync", "--once"), ("queue",), ("verify",), ("doctor",)):
        said(medium, *arguments)
    backup = ("backup", "--to", medium.root / "stick", "--drill", "--recovery-code-file", paper)
    assert said(medium, *backup).data["drill"]["ok"] is True
    type_on_a_screen(medium)


def said(medium: Medium, *arguments: str | Path, stdin: object = None) -> Said:
    """A command on the medium's home; its output goes to the test, not to the medium."""
    return comptoir(*arguments, "--home", medium.root / "home", stdin=stdin)


def type_on_a_screen(medium: Medium) -> None:
    """A whole claim, correction included, on another terminal of the same medium; then a crash of its process."""
    folder = medium.root / "second"
    folder.mkdir()
    screen = Screen(folder, "real")
    screen.wait_for("Poste verrouillé")
    screen.type("2468\r")
    screen.wait_for("Assuré et bénéficiaire")
    screen.type("1211\r2-11,75\r-5,75\r-11,75\r-5,75\r120\r110\r")
    screen.wait_for("ESTIMÉE")
    screen.type("\x1b[21~")
    screen.wait_for("DEMANDE")
    assert medium.hits() == [], "while a claim is on the screen"
    screen.signal(signal.SIGKILL)
    screen.end()


def entropy(data: bytes) -> float:
    """Bits per byte, by the frequency of byte values."""
    return -sum(n / len(data) * math.log2(n / len(data)) for n in Tally(data).values())


def shows_what_was_there(medium: Medium) -> None:
    """A needle written, flushed and removed is found on an image; in a folder, one that is there."""
    trace = medium.root / "trace"
    trace.write_bytes(SURNAME.encode("utf-16-le") * 300)
    os.sync()
    if medium.image is not None:
        trace.unlink()
    assert medium.hits() == [SURNAME]
