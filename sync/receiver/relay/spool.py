"""The packages a relay holds: ciphertext and clear header, from the moment they came until their insurer answered.

Rules: a package is a file named after the SHA-256 of its bytes, below its insurer's number, mode 0600, and is the bytes
that came; it goes as soon as the insurer answered to it, whatever it said, and after seven days in any case. It is
evidence of what was handed over, not a queue: a relay cannot sign a request, so only the terminal can send again.
"""

import hashlib
import os
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Final

from sync.durable import OWNER_ONLY, medium_errors

KEPT: Final = timedelta(days=7)


@dataclass(frozen=True)
class Held:
    """A package that its insurer has not answered to: whose, its digest, how many seconds it lies here, its bytes."""

    insurer: str
    digest: str
    seconds: int
    package: bytes


class Spool:
    """The packages below a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def hold(self, insurer: str, packages: Iterable[bytes]) -> tuple[Path, ...]:
        """Keep these packages; where they lie. DiskFull, MediumFailed."""
        with medium_errors():
            room = self._folder / insurer
            room.mkdir(mode=0o700, exist_ok=True)
            return tuple(_kept(room, package) for package in packages)

    def release(self, held: Iterable[Path]) -> None:
        """Forget these: their insurer answered."""
        with medium_errors():
            for path in held:
                path.unlink(missing_ok=True)

    def purge(self) -> int:
        """Forget what lies here for longer than seven days; how many."""
        old = [path for path in self._files() if _age(path) > KEPT.total_seconds()]
        self.release(old)
        return len(old)

    def held(self) -> tuple[Held, ...]:
        """What waits for an answer, oldest first."""
        found = [Held(path.parent.name, path.name, int(_age(path)), path.read_bytes()) for path in self._files()]
        return tuple(sorted(found, key=lambda one: -one.seconds))

    def _files(self) -> list[Path]:
        return [path for path in self._folder.glob("*/*") if len(path.name) == 64]


def _kept(room: Path, package: bytes) -> Path:
    path = room / hashlib.sha256(package).hexdigest()
    part = path.with_name(f".{path.name}.{os.urandom(4).hex()}")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    with os.fdopen(descriptor, "wb") as file:
        file.write(package)
    part.replace(path)
    return path


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except FileNotFoundError:
        return 0.0
