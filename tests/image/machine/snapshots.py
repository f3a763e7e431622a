"""What a power cut would leave of the card: its file, copied while the machine is held, kept as what changed.

Rules: what the emulated machine wrote is in the file; what it still had in its own memory is lost, as in a power cut.
The disk answers each write before the machine is held, so no write is torn here (`make update-test` tears them).
"""

import hashlib
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from image.builder import layout
from tests.image.machine.card_file import written
from tests.image.machine.emulated import Parts

_PIECE: Final = 1 << 20


@dataclass(frozen=True)
class Snapshots:
    """Pictures of one card during an installation; `base` is the card before it, `cut` the one that is looked at."""

    parts: Parts

    @property
    def base(self) -> Path:
        """The card before."""
        return self.parts.work / "base.img"

    @property
    def cut(self) -> Path:
        """The card as one of the cuts left it."""
        return self.parts.work / "cut.img"

    def begin(self) -> None:
        """The card as it is now is what the others are compared with."""
        copy(self.parts.disk, self.base)

    def take(self, number: int) -> int:
        """Keep what has changed since `begin`; bytes."""
        kept, size = 0, self.parts.disk.stat().st_size
        with self.parts.disk.open("rb") as disk, self.base.open("rb") as base, self._file(number).open("wb") as out:
            out.truncate(size)
            for at, piece in written(disk.fileno(), size):
                base.seek(at)
                if base.read(len(piece)) != piece:
                    out.seek(at)
                    out.write(piece)
                    kept += len(piece)
        return kept

    def restore(self, number: int) -> None:
        """Make `cut` the card of that moment."""
        copy(self.base, self.cut)
        file = self._file(number)
        with file.open("rb") as kept, self.cut.open("r+b") as out:
            for at, piece in written(kept.fileno(), file.stat().st_size):
                out.seek(at)
                out.write(piece)

    def forget(self) -> None:
        """Give the room back."""
        for file in (self.base, self.cut, *self.parts.work.glob("moment-*.img")):
            file.unlink(missing_ok=True)

    def _file(self, number: int) -> Path:
        return self.parts.work / f"moment-{number}.img"


def copy(source: Path, target: Path) -> None:
    """A sparse copy."""
    target.unlink(missing_ok=True)
    subprocess.run(["cp", "--sparse=always", source, target], check=True)


def digest(disk: Path, part: str) -> str:
    """SHA-256 of one partition."""
    place, summed = layout.named(part), hashlib.sha256()
    with disk.open("rb") as file:
        file.seek(place.offset)
        left = place.size * layout.SECTOR
        while left:
            piece = file.read(min(_PIECE, left))
            summed.update(piece)
            left -= len(piece)
    return summed.hexdigest()


def share(disk: Path, part: str, content: Path) -> float:
    """How much of `content` lies at its place in the partition, by pieces of 1 MiB; 1.0 is all of it."""
    same = pieces = 0
    with disk.open("rb") as there, content.open("rb") as wanted:
        there.seek(layout.named(part).offset)
        while piece := wanted.read(_PIECE):
            pieces += 1
            same += there.read(len(piece)) == piece
    return same / pieces
