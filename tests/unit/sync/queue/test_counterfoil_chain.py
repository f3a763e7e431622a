"""The counterfoil: what is appended stays, a torn tail is cut, damage is named."""

import fcntl
import hashlib
import os
import stat
import struct
import threading
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.durable import write_flushed
from sync.errors import CounterfoilCorrupt, MediumFailed
from sync.queue.blocks import HEADER, START, Frame, encode_block
from sync.queue.counterfoil import Counterfoil

KINDS = st.sampled_from(["envelope", "dispatch", "void"])
FRAMES = st.builds(
    Frame,
    kind=KINDS,
    claim_id=st.text("0123456789abcdef-", max_size=40),
    insurer=st.text("0123456789", max_size=10),
    at=st.integers(-(2**62), 2**62),
    body=st.binary(max_size=300),
)
BATCHES = st.lists(st.lists(FRAMES, min_size=1, max_size=4), max_size=5)


def frame(number: int, size: int = 40) -> Frame:
    """A frame of its own for each number."""
    return Frame("envelope", f"claim-{number}", "12345678", number, hashlib.shake_128(bytes([number])).digest(size))


def written(path: Path, blocks: int = 4) -> list[int]:
    """Make a counterfoil of some blocks of two frames; where each block ends."""
    counterfoil = Counterfoil.open(path)
    ends = [counterfoil.append([frame(2 * number), frame(2 * number + 1)]).offset for number in range(blocks)]
    counterfoil.close()
    return ends


def reread(path: Path) -> list[Frame]:
    """What a fresh reader finds."""
    counterfoil = Counterfoil.open(path)
    found = list(counterfoil.frames())
    counterfoil.close()
    return found


@given(batches=BATCHES)
@settings(max_examples=40)
def test_what_was_appended_is_read_in_order(
    tmp_path_factory: pytest.TempPathFactory, batches: list[list[Frame]]
) -> None:
    """The same reader and the next one find all frames, in the order of appending."""
    path = tmp_path_factory.mktemp("counterfoil") / "c.log"
    counterfoil = Counterfoil.open(path)
    for batch in batches:
        counterfoil.append(batch)
    expected = [one for batch in batches for one in batch]
    assert list(counterfoil.frames()) == expected
    counterfoil.close()
    assert reread(path) == expected


def test_reading_can_begin_at_a_mark(tmp_path: Path) -> None:
    """A mark taken earlier gives what came after it, and the chain knows its own marks only."""
    counterfoil = Counterfoil.open(tmp_path / "c.log")
    first = counterfoil.append([frame(1)])
    second = counterfoil.append([frame(2)])
    assert list(counterfoil.frames(first)) == [frame(2)]
    assert list(counterfoil.frames(second)) == []
    other = Counterfoil.open(tmp_path / "other.log")
    strange = other.append([frame(3)])
    assert [counterfoil.holds(mark) for mark in (START, first, second, strange)] == [True, True, True, False]
    assert not other.holds(second)
    for opened in (counterfoil, other):
        opened.close()


def test_the_format_is_the_documented_one(tmp_path: Path) -> None:
    """The bytes are those that the module's page describes, built here by hand."""
    path = tmp_path / "c.log"
    counterfoil = Counterfoil.open(path)
    counterfoil.append([Frame("void", "id", "12", 5, b"body")])
    counterfoil.close()
    header = b"\xf5comptoir counterfoil 2\n"
    payload = zlib.compress(struct.pack(">BqBBI", 3, 5, 2, 2, 4) + b"id" + b"12" + b"body", 1, wbits=-15)
    block = b"\xf5blk" + struct.pack(">I", len(payload)) + hashlib.sha256(header).digest() + payload
    assert path.read_bytes() == header + block + hashlib.sha256(block).digest()


@pytest.mark.parametrize(
    "payload",
    [
        b"no stream",
        zlib.compress(b"no frames", wbits=-15),
        zlib.compress(struct.pack(">BqBBI", 9, 5, 0, 0, 0), wbits=-15),
        zlib.compress(struct.pack(">BqBBI", 3, 5, 0, 0, 9) + b"short", wbits=-15),
        zlib.compress(struct.pack(">BqBBI", 3, 5, 0, 0, 0), wbits=-15)[:-1],
        zlib.compress(struct.pack(">BqBBI", 3, 5, 0, 0, 0), wbits=-15) + b"more",
        zlib.compress(bytes(1 << 27), wbits=-15),
    ],
    ids=["noise", "text", "kind", "length", "cut", "followed", "endless"],
)
def test_a_whole_block_that_holds_no_frames_is_damage(tmp_path: Path, payload: bytes) -> None:
    """A right digest over anything but frames is named, whatever was deflated."""
    path = tmp_path / "c.log"
    Counterfoil.open(path).close()
    block = b"\xf5blk" + struct.pack(">I", len(payload)) + START.digest + payload
    path.write_bytes(HEADER + block + hashlib.sha256(block).digest())
    with pytest.raises(CounterfoilCorrupt):
        reread(path)


def test_the_file_is_its_owners_alone(tmp_path: Path) -> None:
    """Mode 0600."""
    written(tmp_path / "c.log")
    assert stat.S_IMODE((tmp_path / "c.log").stat().st_mode) == 0o600


def test_a_tail_torn_anywhere_is_cut_and_reported(tmp_path: Path) -> None:
    """At every byte of the last block: the others stay, the rest is counted, and appending goes on."""
    path = tmp_path / "c.log"
    ends = written(path)
    whole = path.read_bytes()
    for length in range(ends[-2], ends[-1]):
        path.write_bytes(whole[:length])
        counterfoil = Counterfoil.open(path)
        assert counterfoil.torn_bytes == length - ends[-2]
        assert path.stat().st_size == ends[-2]
        counterfoil.append([frame(9)])
        assert list(counterfoil.frames()) == [frame(number) for number in (0, 1, 2, 3, 4, 5, 9)]
        counterfoil.close()
    assert Counterfoil.open(path).torn_bytes == 0


@pytest.mark.parametrize("zeroed", [slice(0, 512), slice(512, 1024), slice(700, None), slice(None)])
def test_sectors_of_the_last_append_that_never_arrived_are_a_torn_tail(tmp_path: Path, zeroed: slice) -> None:
    """The length is right and some of the content is not: still only the last append is lost, all of it."""
    path = tmp_path / "c.log"
    ends = written(path)
    counterfoil = Counterfoil.open(path)
    counterfoil.append([frame(number, 300) for number in range(10, 15)])
    counterfoil.close()
    content = bytearray(path.read_bytes())
    tail = content[ends[-1] :]
    tail[zeroed] = bytes(len(tail[zeroed]))
    path.write_bytes(bytes(content[: ends[-1]] + tail))
    assert reread(path) == [frame(number) for number in range(8)]


def test_every_flipped_byte_before_the_last_block_is_damage(tmp_path: Path) -> None:
    """Header, length, chain, frames, digest: each is noticed, named with its place, and nothing is cut."""
    path = tmp_path / "c.log"
    ends = written(path)
    whole = path.read_bytes()
    for place in range(ends[-2]):
        changed = bytearray(whole)
        changed[place] ^= 0xFF
        path.write_bytes(changed)
        with pytest.raises(CounterfoilCorrupt) as caught:
            Counterfoil.open(path)
        assert int(caught.value.facts["offset"]) <= place
        assert path.read_bytes() == changed


@given(place=st.integers(0, 10**6), bit=st.integers(0, 7))
def test_a_single_flipped_bit_is_never_a_silent_change(
    tmp_path_factory: pytest.TempPathFactory, place: int, bit: int
) -> None:
    """Anywhere in the file: either damage is named, or a last block is missing and reported; never other frames."""
    path = tmp_path_factory.mktemp("counterfoil") / "c.log"
    ends = written(path)
    changed = bytearray(path.read_bytes())
    changed[place % len(changed)] ^= 1 << bit
    path.write_bytes(changed)
    try:
        counterfoil = Counterfoil.open(path)
    except CounterfoilCorrupt:
        assert place % len(changed) < ends[-2]
    else:
        assert counterfoil.torn_bytes == ends[-1] - ends[-2]
        assert list(counterfoil.frames()) == [frame(number) for number in range(6)]
        counterfoil.close()


def test_removed_and_exchanged_blocks_are_damage(tmp_path: Path) -> None:
    """Whole blocks that were taken out or moved break the chain."""
    path = tmp_path / "c.log"
    ends = written(path)
    whole = path.read_bytes()
    blocks = [whole[start:end] for start, end in zip([len(HEADER), *ends], ends, strict=False)]
    for order in ([0, 2, 3], [1, 0, 2, 3], [1, 2, 3], [0, 0, 1]):
        path.write_bytes(HEADER + b"".join(blocks[index] for index in order))
        with pytest.raises(CounterfoilCorrupt):
            Counterfoil.open(path)


def test_a_whole_block_with_something_else_inside_is_damage(tmp_path: Path) -> None:
    """A digest that is right does not make frames of what is none."""
    path = tmp_path / "c.log"
    for payload in (b"\x09" + bytes(14), b"\x01", b"\x01" + bytes(8) + b"\xff\xff" + bytes(4)):
        head = b"\xf5blk" + struct.pack(">I", len(payload)) + START.digest + payload
        path.write_bytes(HEADER + head + hashlib.sha256(head).digest())
        with pytest.raises(CounterfoilCorrupt):
            Counterfoil.open(path)


@pytest.mark.parametrize("length", range(len(HEADER)))
def test_a_creation_that_was_interrupted_is_finished(tmp_path: Path, length: int) -> None:
    """A file with a part of the header, or none, is a new counterfoil."""
    path = tmp_path / "c.log"
    path.write_bytes(HEADER[:length])
    counterfoil = Counterfoil.open(path)
    counterfoil.append([frame(1)])
    counterfoil.close()
    assert reread(path) == [frame(1)]


def test_another_file_is_not_overwritten(tmp_path: Path) -> None:
    """What does not begin as a counterfoil is damage, and keeps its bytes."""
    path = tmp_path / "c.log"
    path.write_bytes(b"minutes of the meeting")
    with pytest.raises(CounterfoilCorrupt):
        Counterfoil.open(path)
    assert path.read_bytes() == b"minutes of the meeting"


def test_two_openings_of_one_file_continue_one_chain(tmp_path: Path) -> None:
    """Each appends after what the other appended."""
    first, second = (Counterfoil.open(tmp_path / "c.log") for _ in range(2))
    for number in range(6):
        (first, second)[number % 2].append([frame(number)])
    expected = [frame(number) for number in range(6)]
    assert list(first.frames()) == list(second.frames()) == reread(tmp_path / "c.log") == expected
    for opened in (first, second):
        opened.close()


def test_a_tail_torn_by_another_process_is_cut_by_the_next_append(tmp_path: Path) -> None:
    """Whoever died in the middle of an append does not stop the others."""
    path = tmp_path / "c.log"
    counterfoil = Counterfoil.open(path)
    mark = counterfoil.append([frame(1)])
    with path.open("ab") as dying:
        dying.write(encode_block([frame(2)], mark.digest)[:-1])
    counterfoil.append([frame(3)])
    assert list(counterfoil.frames()) == [frame(1), frame(3)]
    assert counterfoil.torn_bytes > 0
    counterfoil.close()


def test_a_counterfoil_that_became_shorter_is_damage(tmp_path: Path) -> None:
    """Cutting the file under an open terminal is noticed at the next act."""
    path = tmp_path / "c.log"
    ends = written(path)
    counterfoil = Counterfoil.open(path)
    os.truncate(path, ends[0])
    with pytest.raises(CounterfoilCorrupt):
        counterfoil.append([frame(9)])
    counterfoil.close()


def test_many_threads_append_one_chain(tmp_path: Path) -> None:
    """Eight threads over two openings: every frame once, and the chain holds."""
    path = tmp_path / "c.log"
    opened = [Counterfoil.open(path) for _ in range(2)]

    def work(name: int) -> None:
        for number in range(5):
            opened[name % 2].append([frame(10 * name + number)])

    threads = [threading.Thread(target=work, args=(name,)) for name in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    found = sorted(one.at for one in reread(path))
    assert found == sorted(10 * name + number for name in range(8) for number in range(5))
    for counterfoil in opened:
        counterfoil.close()


def test_during_an_append_nobody_else_has_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked in the middle of an append, the lock of the file is taken; afterwards it is free."""
    path = tmp_path / "c.log"
    counterfoil = Counterfoil.open(path)
    refused: list[bool] = []

    def try_lock() -> None:
        with path.open("rb") as other:
            try:
                fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                refused.append(True)
            else:
                refused.append(False)

    def observed(descriptor: int, data: bytes) -> None:
        try_lock()
        write_flushed(descriptor, data)

    monkeypatch.setattr("sync.queue.counterfoil.write_flushed", observed)
    counterfoil.append([frame(1)])
    try_lock()
    assert refused == [True, False]
    counterfoil.close()


def test_a_folder_that_is_not_there_has_a_name(tmp_path: Path) -> None:
    """No folder is MediumFailed, not an OSError."""
    with pytest.raises(MediumFailed):
        Counterfoil.open(tmp_path / "absent" / "c.log")


def test_bodies_are_not_shown() -> None:
    """The representation of a frame holds no body."""
    assert "secret" not in repr(Frame("envelope", "id", "12", 0, b"secret"))
