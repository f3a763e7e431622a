"""A second copy of the counterfoil on another medium: a stick, a card, a mounted share.

Rules: the copy follows the counterfoil after each append, flushed, before the claim is told to be registered; when its
medium is missing, refuses or is full, nobody is stopped and `behind` says so. The copy is only ever lengthened: one
that says something else is left as it is. It is read when the counterfoil itself is damaged, torn or gone.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from sync.durable import OWNER_ONLY, flush_folder
from sync.queue.blocks import Mark, whole_block

_CHUNK = 1 << 20


class SecondCopy:
    """The copy at `path`; `behind` is true while it lacks something that the counterfoil has."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.behind = False
        self._agreed = 0

    def follow(self, read: Callable[[int, int], bytes], end: int) -> None:
        """Append what the counterfoil (`read`) holds up to `end` and the copy does not; never an error."""
        try:
            self.behind = not self._follow(read, end)
        except OSError:
            self.behind, self._agreed = True, 0

    def block_after(self, place: Mark) -> bytes | None:
        """The whole block that the copy holds at `place`, if it continues the chain from there."""
        with suppress(OSError), self.path.open("rb") as copy:
            return whole_block(lambda offset, length: os.pread(copy.fileno(), length, offset), place)
        return None

    def _follow(self, read: Callable[[int, int], bytes], end: int) -> bool:
        created = not self.path.exists()
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        try:
            size = os.fstat(descriptor).st_size
            if size > end or not self._agrees(read, descriptor, size):
                return size == end and self._agreed == end
            self._append(read, descriptor, size, end)
        finally:
            os.close(descriptor)
        if created:
            flush_folder(self.path.parent)
        return True

    def _agrees(self, read: Callable[[int, int], bytes], descriptor: int, size: int) -> bool:
        """Whether the copy begins as the counterfoil does; what was compared once is not compared again."""
        if size < self._agreed:
            self._agreed = 0
        while self._agreed < size:
            length = min(_CHUNK, size - self._agreed)
            if os.pread(descriptor, length, self._agreed) != read(self._agreed, length):
                return False
            self._agreed += length
        return True

    def _append(self, read: Callable[[int, int], bytes], descriptor: int, size: int, end: int) -> None:
        while size < end:
            data = read(size, min(_CHUNK, end - size))
            size += os.pwrite(descriptor, data, size)
        os.fdatasync(descriptor)
        self._agreed = end

    def __repr__(self) -> str:
        return f"SecondCopy({str(self.path)!r})"
