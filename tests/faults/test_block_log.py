"""The log of a block device, read back: what it means, what it may leave of a write, and what it refuses to guess."""

import random
import struct
from pathlib import Path

import pytest

from tests.faults.power.block_device import FILE_SYSTEM
from tests.faults.power.block_log import SECTOR, BlockMedium, entries, lay
from tests.faults.power.recording import Operation

OLD, NEW = b"o" * 4 * SECTOR, b"n" * 4 * SECTOR


def log_file(path: Path, *written: tuple[int, int, bytes]) -> Path:
    """A log of entries (sector, flags, data), as the daemon writes it."""
    blocks = [struct.pack("<QQQI", 0x6A736677736872, 1, len(written), SECTOR)]
    for sector, flags, data in written:
        blocks += [struct.pack("<QQQQ", sector, len(data) // SECTOR, flags, 0), data]
    path.write_bytes(b"".join(block.ljust(-(-len(block) // SECTOR) * SECTOR, b"\0") for block in (*blocks, b"\0")))
    return path


def contents(medium: BlockMedium, last: Operation) -> dict[str, list[bytes]]:
    """By kind of state, the first four sectors after `last`."""
    found: dict[str, list[bytes]] = {}
    for cut in medium.cuts(last, random.Random(1), 50):
        image = bytearray(medium.flushed)
        lay(image, cut.written)
        found.setdefault(cut.kind, []).append(bytes(image[: len(OLD)]))
    return found


def test_a_log_is_read_in_its_order(tmp_path: Path) -> None:
    """Writes, flushes and what was said behind the file system come as they were made."""
    said = b"{}".ljust(SECTOR, b"\0")
    log = log_file(tmp_path / "log", (8, 0, OLD), (0, 1, b""), (FILE_SYSTEM // SECTOR, 0, said))
    written = Operation("bytes", offset=8 * SECTOR, data=OLD)
    assert list(entries(log)) == [written, Operation("flush"), Operation("mark", data=b"{}")]


@pytest.mark.parametrize("flags", [2, 4, 8])
def test_an_unknown_entry_is_an_error(tmp_path: Path, flags: int) -> None:
    """A discard, a write that flushes only itself and a text are not in the model, and are not passed over."""
    with pytest.raises(ValueError, match="not known to the model"):
        list(entries(log_file(tmp_path / "log", (8, flags, OLD))))


def test_only_what_was_not_flushed_may_be_lost() -> None:
    """After a write over flushed bytes each sector is the old or the new one; a torn write is there from its start."""
    medium = BlockMedium(bytes(FILE_SYSTEM))
    last = Operation("bytes", data=NEW)
    for entry in (Operation("bytes", data=OLD), Operation("flush"), last):
        medium.apply(entry)
    found = contents(medium, last)
    assert found["killed"] == [NEW]
    assert found["dropped"] == [OLD]
    torn = found["torn"][0]
    assert torn == (b"n" * torn.count(b"n")).ljust(len(OLD), b"o")
    assert torn != NEW
    sectors = {image[place : place + SECTOR] for image in found["shuffled"] for place in range(0, len(OLD), SECTOR)}
    assert sectors == {b"o" * SECTOR, b"n" * SECTOR}
    assert len(set(found["shuffled"])) > 5


def test_after_a_flush_there_is_one_state() -> None:
    """Nothing waits, so nothing can be lost."""
    medium = BlockMedium(bytes(FILE_SYSTEM))
    medium.apply(Operation("bytes", data=NEW))
    medium.apply(Operation("flush"))
    assert contents(medium, Operation("flush")) == {"killed": [NEW]}
