"""The counterfoil (souche): an append-only, hash-chained file of what left the counter.

Rules: it is durable before the store commits. An append is one write and one flush under a lock that holds between
processes (flock) and threads; it returns only when the medium was told to keep it. When it fails, the file has its
former length. The whole chain is read at open: a torn tail (never acknowledged) is cut and reported in `torn_bytes`;
damage with whole blocks behind it is CounterfoilCorrupt, and nothing is cut. Where there is a second copy that holds
the block in question, it is written back instead, and counted in `restored_blocks`. Bodies are ciphertext or
signatures: the file says nothing of a person. Format: `sync.queue.blocks`.
"""

import fcntl
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Self

from sync.durable import OWNER_ONLY, flush_folder, medium_errors, write_flushed
from sync.errors import CounterfoilCorrupt
from sync.queue.blocks import (
    HEADER,
    START,
    BlockInvalid,
    Frame,
    Mark,
    digest_before,
    encode_block,
    holds_block,
    mark_after,
    read_blocks,
)
from sync.queue.second_copy import SecondCopy


class Counterfoil:
    """An open counterfoil. `torn_bytes` counts what was cut from its tail since it was opened here."""

    def __init__(self, path: Path, descriptor: int, second: SecondCopy | None = None) -> None:
        self.path = path
        self.second = second
        self.torn_bytes = 0
        self.restored_blocks = 0
        self._descriptor = descriptor
        self._end = START
        self._lock = threading.Lock()

    @classmethod
    def open(cls, path: Path, second: Path | None = None) -> Self:
        """Open the counterfoil, or begin one, with a copy of it at `second`.

        CounterfoilCorrupt (damaged before its tail, and no copy that helps), DiskFull, MediumFailed.
        """
        created = not path.exists()
        with medium_errors():
            descriptor = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
        counterfoil = cls(path, descriptor, None if second is None else SecondCopy(second))
        try:
            with counterfoil._alone():
                counterfoil._begin()
                counterfoil._catch_up()
                counterfoil._restore_tail()
                counterfoil._copy()
            if created:
                flush_folder(path.parent)
        except BaseException:
            counterfoil.close()
            raise
        return counterfoil

    def append(self, frames: Sequence[Frame]) -> Mark:
        """Make `frames` durable, all or none, and say where the counterfoil ends then; DiskFull, MediumFailed."""
        with self._alone():
            self._catch_up()
            block = encode_block(frames, self._end.digest)
            self._write(block)
            self._end = mark_after(self._end, block)
            self._copy()
            return self._end

    def head(self) -> Mark:
        """Where the counterfoil ends now, appends of other processes included."""
        with self._alone():
            self._catch_up()
            return self._end

    def holds(self, mark: Mark) -> bool:
        """Whether the chain as it is now passes through `mark`."""
        with self._alone():
            self._catch_up()
            return mark.offset <= self._end.offset and digest_before(self._read, mark.offset) == mark.digest

    def frames(self, after: Mark = START) -> Iterator[Frame]:
        """What was appended after `after` (a mark that the chain holds), in order, up to the end at the first step."""
        for frames, _ in self._checked_blocks(after, self.head().offset):
            yield from frames

    def close(self) -> None:
        """Close the file; the counterfoil cannot be used any more."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def __repr__(self) -> str:
        return f"Counterfoil({str(self.path)!r})"

    @contextmanager
    def _alone(self) -> Iterator[None]:
        with self._lock:
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _begin(self) -> None:
        """Write the header of a new file, or of one whose very creation was interrupted."""
        head = self._read(0, len(HEADER))
        if head == HEADER:
            return
        if not HEADER.startswith(head):
            raise CounterfoilCorrupt("this file does not begin as a counterfoil", offset=0)
        self._end = Mark(0, b"")
        with medium_errors():
            os.ftruncate(self._descriptor, 0)
        self._write(HEADER)
        self._end = START

    def _catch_up(self) -> None:
        """Take in what other processes appended, and cut a torn tail: whoever tore it no longer holds the lock."""
        size = os.fstat(self._descriptor).st_size
        if size < self._end.offset:
            raise CounterfoilCorrupt("the counterfoil became shorter", offset=size)
        try:
            for _, place in read_blocks(self._read, self._end, size):
                self._end = place
        except BlockInvalid as found:
            if self._restore_block():
                self._catch_up()
            else:
                self._judge(found.offset, size)

    def _judge(self, offset: int, size: int) -> None:
        if holds_block(self._read(offset + 1, size - offset)):
            raise CounterfoilCorrupt("a block is damaged", offset=offset)
        self.torn_bytes += size - offset
        with medium_errors():
            os.ftruncate(self._descriptor, offset)
            os.fdatasync(self._descriptor)

    def _restore_tail(self) -> None:
        """Take back what the second copy holds behind the end: this file was cut, or lost."""
        while self._restore_block():
            pass

    def _restore_block(self) -> bool:
        """Write the next block again as the second copy holds it, and go on behind it; whether it holds one."""
        block = None if self.second is None else self.second.block_after(self._end)
        if block is None:
            return False
        with medium_errors():
            # The descriptor of this object appends, wherever it is told to write.
            file = os.open(self.path, os.O_WRONLY | os.O_CLOEXEC)
            try:
                os.lseek(file, self._end.offset, os.SEEK_SET)
                write_flushed(file, block)
            finally:
                os.close(file)
        self._end = mark_after(self._end, block)
        self.restored_blocks += 1
        return True

    def _copy(self) -> None:
        if self.second is not None:
            self.second.follow(self._read, self._end.offset)

    def _checked_blocks(self, start: Mark, size: int) -> Iterator[tuple[tuple[Frame, ...], Mark]]:
        try:
            yield from read_blocks(self._read, start, size)
        except BlockInvalid as found:
            raise CounterfoilCorrupt("a block is damaged", offset=found.offset) from found

    def _read(self, offset: int, length: int) -> bytes:
        with medium_errors():
            return os.pread(self._descriptor, length, offset)

    def _write(self, data: bytes) -> None:
        """Write and flush; on failure the former length is restored, as far as the medium still obeys."""
        try:
            with medium_errors():
                write_flushed(self._descriptor, data)
        except BaseException:
            with suppress(OSError):
                os.ftruncate(self._descriptor, self._end.offset)
                os.fdatasync(self._descriptor)
            raise
