"""The log of a block device, and what the device may hold when the power goes after each entry of it.

Rules: the log has the format of dm-log-writes (sectors of 512 bytes, little endian: where, how many, flags, length of
a text that stands for them; then the data). What was written before a flush is there. Of what was written since, any
sector or any block of 4 KiB may be there or not, in any order. An entry of a kind that this model does not know is an
error, not a gap.
"""

import random
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.faults.power.block_device import BLOCK, FILE_SYSTEM
from tests.faults.power.recording import Operation

SECTOR: Final = 512
_MAGIC: Final = 0x6A736677736872
_VERSION: Final = 1
_SUPERBLOCK: Final = struct.Struct("<QQQI")
_ENTRY: Final = struct.Struct("<QQQQ")
_FLUSH: Final = 1
_KEPT: Final = (0.1, 0.5, 0.9)

Written = tuple[int, bytes]


@dataclass(frozen=True)
class Cut:
    """How a state came about, and what is there of the writes since the last flush, in the order in which it lies."""

    kind: str
    written: tuple[Written, ...]


class BlockMedium:
    """The file system's part of the device, as a log goes on."""

    def __init__(self, before: bytes) -> None:
        self.flushed = bytearray(before[:FILE_SYSTEM])
        self._pending: list[Written] = []

    def apply(self, entry: Operation) -> None:
        """One entry was done."""
        if entry.kind == "bytes":
            self._pending.append((entry.offset, entry.data))
        elif entry.kind == "flush":
            lay(self.flushed, self._pending)
            self._pending = []

    def cuts(self, last: Operation, draw: random.Random, shuffles: int) -> Iterator[Cut]:
        """What may be there after `last`, the entry that was applied last."""
        yield Cut("killed", tuple(self._pending))
        if not self._pending:
            return
        yield Cut("dropped", ())
        if last.kind == "bytes":
            yield Cut("torn", (*self._pending[:-1], _torn(self._pending[-1], draw)))
        for _ in range(shuffles):
            yield Cut("shuffled", tuple(self._shuffled(draw)))

    def _shuffled(self, draw: random.Random) -> Iterator[Written]:
        kept, unit = draw.choice(_KEPT), draw.choice((SECTOR, BLOCK))
        for offset, data in self._pending:
            for start in range(0, len(data), unit):
                if draw.random() < kept:
                    yield offset + start, data[start : start + unit]


def entries(log: Path) -> Iterator[Operation]:
    """Writes to the file system, flushes, and marks (what was written behind it), in order."""
    with log.open("rb") as file:
        magic, version, _, sector = _SUPERBLOCK.unpack(file.read(_SUPERBLOCK.size))
        if (magic, version, sector) != (_MAGIC, _VERSION, SECTOR):
            raise ValueError("not a log of block writes")
        place = SECTOR
        while True:
            file.seek(place)
            where, count, flags, length = _ENTRY.unpack(file.read(_ENTRY.size))
            if not (count or flags):
                return
            if flags & ~_FLUSH or length:
                raise ValueError(f"flags {flags}, a text of {length} bytes: not known to the model")
            file.seek(place + SECTOR)
            yield from _meaning(where, flags, file.read(count * SECTOR))
            place += SECTOR + count * SECTOR


def lay(image: bytearray, written: list[Written] | tuple[Written, ...]) -> None:
    """Put these writes into the image."""
    for offset, data in written:
        image[offset : offset + len(data)] = data


def _meaning(where: int, flags: int, data: bytes) -> Iterator[Operation]:
    if flags & _FLUSH:
        yield Operation("flush")
    if not data:
        return
    if where * SECTOR < FILE_SYSTEM:
        yield Operation("bytes", offset=where * SECTOR, data=data)
    else:
        yield Operation("mark", data=data.rstrip(b"\0"))


def _torn(written: Written, draw: random.Random) -> Written:
    """The beginning of one write; nothing of it where it is one sector long."""
    offset, data = written
    return offset, data[: draw.randrange(len(data) // SECTOR) * SECTOR]
