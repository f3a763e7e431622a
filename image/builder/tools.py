"""The folder of Debian 13 tools with which the image is made, the same on every machine.

Rules: the packages are unpacked, not configured: programs are wanted, not a system. It is made anew when its lock
changes.
"""

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from image.builder.apt import Apt
from image.builder.lock import parse
from image.builder.run import enter, run

LOCK = Path(__file__).resolve().parents[1] / "tools.lock"
EMULATOR = Path("usr/bin/qemu-aarch64")


class Tools:
    """Programs of the tools' folder, run with the folder `work` as /card."""

    def __init__(self, work: Path) -> None:
        self.root = work / "tools"
        self.work = work

    @property
    def emulator(self) -> Path:
        """The program that runs arm64 programs."""
        return self.root / EMULATOR

    def prepare(self) -> None:
        """Unpack the locked packages, unless they are already there."""
        digest = hashlib.sha256(LOCK.read_bytes()).hexdigest()
        stamp = self.root / ".lock"
        if stamp.is_file() and stamp.read_text() == digest:
            return
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir(parents=True)
        packages = sorted(parse(LOCK.read_text("utf-8")), key=lambda one: (one.name != "base-files", one))
        for file in Apt(self.work, "amd64").fetch(packages, self.work / "debs"):
            run(["dpkg-deb", "--extract", file, self.root])
        for name in ("passwd", "group"):
            shutil.copy(self.root / f"usr/share/base-passwd/{name}.master", self.root / "etc" / name)
        stamp.write_text(digest)

    def run(self, *command: str | Path, env: Mapping[str, str] | None = None) -> str:
        """Run one of the tools and give its output; paths are those seen inside (/card/…)."""
        return enter(self.root, self.work, command, env)

    def inside(self, path: Path) -> str:
        """How the tools see a path below the work folder."""
        return f"/card/{path.relative_to(self.work)}"

    def shell(self, script: str, *arguments: str | Path) -> str:
        """Run a line of shell with the tools; its arguments are $1 and so on."""
        return self.run("sh", "-euc", script, "sh", *arguments)


def listed(names: Sequence[str]) -> str:
    """One name a line, as programs that read lists want it."""
    return "".join(f"{name}\n" for name in names)
