"""The parts of a trial of updates that need no machine: U-Boot's file, what a cut leaves of a card."""

from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from image.builder import layout
from tests.image.machine.card_file import written
from tests.image.machine.emulated import Parts
from tests.image.machine.loader import ENVIRONMENT_BYTES, changed
from tests.image.machine.snapshots import Snapshots, share
from tests.image.update.cuts import Counters

BROUGHT = b"0123bootdelay=-2\0BOOT_ORDER=A B\0BOOT_A_LEFT=3\0BOOT_B_LEFT=0\0\0".ljust(ENVIRONMENT_BYTES, b"\0")


@given(st.permutations(["A", "B"]), st.integers(0, 3), st.integers(0, 3))
def test_counters_are_written_as_they_are_read_back(order: list[str], left_a: int, left_b: int) -> None:
    """The checksum holds, and the rest of the file is kept."""
    told = {"BOOT_ORDER": " ".join(order), "BOOT_A_LEFT": str(left_a), "BOOT_B_LEFT": str(left_b)}
    file = changed(BROUGHT, told)
    assert Counters.read(file) == Counters(tuple(order), left_a, left_b)
    assert (len(file), b"bootdelay=-2\0" in file) == (ENVIRONMENT_BYTES, True)


def test_a_cut_card_is_what_the_card_was_at_that_moment(tmp_path: Path) -> None:
    """Bytes that were written, also zeros over something; what came later is not there."""
    disk = tmp_path / "disk.img"
    disk.write_bytes(bytes(16 << 20) + b"a" * (1 << 20))
    snapshots = Snapshots(Parts(tmp_path, tmp_path, disk))
    snapshots.begin()
    then = bytes(5000) + b"new" + bytes((17 << 20) - 5003)
    disk.write_bytes(then)
    assert snapshots.take(0) > 0
    disk.write_bytes(b"later".ljust(17 << 20, b"z"))
    snapshots.restore(0)
    assert snapshots.cut.read_bytes() == then
    snapshots.forget()
    assert [file.name for file in tmp_path.iterdir()] == ["disk.img"]


def test_holes_of_a_card_are_not_read(tmp_path: Path) -> None:
    """Each piece comes with its place."""
    disk = tmp_path / "disk.img"
    with disk.open("wb") as file:
        file.truncate(64 << 20)
        file.seek(40 << 20)
        file.write(b"x" * 4096)
    with disk.open("rb") as file:
        pieces = list(written(file.fileno(), 64 << 20))
    assert [(at, piece.strip(b"\0")) for at, piece in pieces] == [(40 << 20, b"x" * 4096)]


def test_how_much_of_a_part_is_on_the_card_is_said(tmp_path: Path) -> None:
    """By pieces of 1 MiB, at the partition's place."""
    disk, wanted = tmp_path / "disk.img", tmp_path / "slot"
    wanted.write_bytes(b"a" * (1 << 20) + b"b" * (1 << 20))
    with disk.open("wb") as file:
        file.seek(layout.named("slot-b").offset)
        file.write(b"a" * (1 << 20) + b"c" * (1 << 20))
    assert share(disk, "slot-b", wanted) == 0.5
