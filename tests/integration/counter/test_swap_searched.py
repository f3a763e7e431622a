"""A machine with swap, memory pushed out of a working counter, and the swap searched for the person it serves.

Rules: the swap is a file that the test adds and takes away (needs root and swapon); the push is the kernel's own
reclaim, asked for each mapping of that one process (process_madvise(2) MADV_PAGEOUT), so that no other process is
harmed. A counter that does not lock its memory shows that the push reaches the swap and that the search would see it.
"""

import ctypes
import mmap
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.integration.counter.test_planted_identity import GIVEN_NAME, NIR, SURNAME, hits
from tests.tui.real_shop import open_shop

MEBIBYTES = 192
FIRST_OF_ALL = "32767"
PAGEOUT, PROCESS_MADVISE = 21, 440
PLANTED = (SURNAME, GIVEN_NAME, NIR[:13])


class Region(ctypes.Structure):
    """struct iovec."""

    _fields_ = (("base", ctypes.c_void_p), ("length", ctypes.c_size_t))


@pytest.fixture
def swap() -> Iterator[Path]:
    """A file that is in use as swap, before all other swap of this machine; a file in memory cannot be."""
    with tempfile.TemporaryDirectory(dir="/var/tmp") as folder:
        yield from _in_use(Path(folder, "swap"))


def _in_use(file: Path) -> Iterator[Path]:
    with file.open("wb") as opened:
        for _ in range(MEBIBYTES):
            opened.write(bytes(1 << 20))
        os.fsync(opened.fileno())
    file.chmod(0o600)
    for command in (("mkswap", str(file)), ("swapon", "--priority", FIRST_OF_ALL, str(file))):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
        except FileNotFoundError:
            pytest.skip(f"{command[0]} is not installed")
        if done.returncode:
            pytest.skip(f"{command[0]} is refused here: {done.stderr.strip()}")
    yield file
    subprocess.run(("swapoff", str(file)), check=True)


@contextmanager
def counter(home: Path, how: str) -> Iterator[tuple[int, str]]:
    """The process with all of it in memory, and whether it says that it is locked."""
    command = [sys.executable, "-m", "tests.integration.counter.counter_in_memory", str(home), how]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        said = process.stdout.readline().split()
        assert said, "the counter did not come up"
        yield process.pid, said[0]
        process.stdin.close()
    assert process.returncode == 0


def push_out(pid: int) -> None:
    """Let the kernel write every private page of this process out that it may."""
    libc, watched = ctypes.CDLL(None, use_errno=True), os.pidfd_open(pid)
    regions = []
    for line in Path(f"/proc/{pid}/maps").read_text("utf-8").splitlines():
        found = re.match(r"([0-9a-f]+)-([0-9a-f]+) rw.p", line)
        if found is not None:
            start, end = (int(part, 16) for part in found.groups())
            regions.append(Region(start, end - start))
    for region in regions:
        libc.syscall(PROCESS_MADVISE, watched, ctypes.byref(region), 1, PAGEOUT, 0)
    os.close(watched)


def in_swap(pid: int) -> int:
    """KiB of this process that are in swap."""
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"^VmSwap:\s*(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1])


def written(swap: Path) -> bytes:
    """What the medium holds of the swap, past the page cache, without the parts that are empty."""
    kept, descriptor = bytearray(), os.open(swap, os.O_RDONLY | os.O_DIRECT)
    try:
        with mmap.mmap(-1, 1 << 20) as aligned:
            for _ in range(MEBIBYTES):
                os.readv(descriptor, [aligned])
                part = aligned[:]
                kept += part if part.strip(b"\0") else b""
    finally:
        os.close(descriptor)
    return bytes(kept)


def test_nothing_of_a_locked_counter_reaches_the_swap(swap: Path, tmp_path: Path) -> None:
    """Pushed out as hard as the kernel can, its person is nowhere in the swap; unlocked, the person is there."""
    with open_shop(tmp_path):
        pass
    with counter(tmp_path / "home", "locked") as (pid, said):
        if said != "locked":
            pytest.skip("this user has a limit of locked memory: there `comptoir doctor` warns of swap")
        push_out(pid)
        assert in_swap(pid) == 0
        assert hits(written(swap), PLANTED) == []
    with counter(tmp_path / "home", "free") as (pid, _):
        push_out(pid)
        assert in_swap(pid) > 1024
        assert hits(written(swap), PLANTED), "the search above would not have seen it either"
