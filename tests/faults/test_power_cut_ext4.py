"""The power goes while the day's writes are on their way to a real ext4: what was promised is there after its recovery.

Needs root, loop devices, FUSE and qemu-storage-daemon; `make powercut` opens every state and says what is missing.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.faults.power.block_device import NotHere
from tests.faults.power.blocks import (
    CAUGHT,
    CLAIMS,
    FEW_CLAIMS,
    LACKING,
    STATES,
    Logged,
    first_broken_block,
    judge_blocks,
    main,
    record_blocks,
)
from tests.faults.power.run import IN_MEMORY, SEED, Prepared, prepare

STEP = 4

Record = Callable[[str, int], Logged]


@pytest.fixture(scope="module")
def scratch() -> Iterator[Path]:
    """A folder in memory: what the daemon flushes is in the log, it need not reach a disk."""
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        yield Path(folder)


@pytest.fixture(scope="module")
def prepared(scratch: Path) -> Prepared:
    """A terminal before its day."""
    return prepare(scratch / "prepared")


@pytest.fixture(scope="module")
def record(prepared: Prepared, scratch: Path) -> Record:
    """A function that records a day with what is planted (empty: nothing), where the machine can."""

    def recorded(fault: str, claims: int) -> Logged:
        try:
            return record_blocks(prepared, scratch / (fault or "unharmed"), fault, claims)
        except NotHere as lacking:
            pytest.skip(f"no block log here: {'; '.join(lacking.args)}")

    return recorded


@pytest.fixture(scope="module")
def unharmed(record: Record) -> Logged:
    """The log of a day without a fault."""
    return record("", CLAIMS)


def test_no_power_cut_on_ext4_breaks_a_promise(
    unharmed: Logged, prepared: Prepared, capsys: pytest.CaptureFixture[str]
) -> None:
    """At least 300 states of the device, torn and reordered ones included, mounted and opened: P1 to P4 hold."""
    verdict = judge_blocks(unharmed, prepared, STEP)
    with capsys.disabled():
        sys.stdout.write(f"\npower cuts on ext4: {verdict}; seed {SEED}\n")
    assert verdict.examples == []
    assert verdict.states >= STATES


def test_flushes_travel_to_the_log(unharmed: Logged) -> None:
    """Each time before a person is told a number, the device itself was asked to flush."""
    flushes, before_each = 0, []
    for entry in unharmed.entries:
        if entry.kind == "flush":
            flushes += 1
        elif entry.kind == "mark" and json.loads(entry.data)["what"] == "said":
            before_each.append(flushes)
            flushes = 0
    assert len(before_each) >= CLAIMS
    assert all(before_each)


@pytest.mark.parametrize("fault", CAUGHT)
def test_each_fault_planted_above_ext4_is_caught(record: Record, prepared: Prepared, fault: str) -> None:
    """The same judge on a day whose flushes are missing, or whose word comes too early, finds a broken promise."""
    verdict = first_broken_block(record(fault, FEW_CLAIMS), prepared)
    assert verdict.broken, f"not found in {verdict.states} states"


def test_the_target_says_what_is_missing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Without the tools `make powercut` ends with 3 and names each with its package."""
    monkeypatch.setenv("PATH", "/nonexistent")
    assert main() == LACKING
    told = capsys.readouterr().err.splitlines()
    assert "  qemu-storage-daemon is not installed (Debian: qemu-system-common)" in told
    assert "  mkfs.ext4 is not installed (Debian: e2fsprogs)" in told
