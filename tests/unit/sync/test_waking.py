"""The service's sleep: what ends it, and how often it may end."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from sync.store import Store
from sync.waking import LEAST_SECONDS, LONGEST_SECONDS, Waker

KEY = bytes(range(32))
NETWORK = """
import sys, subprocess, threading
from pathlib import Path
from sync.waking import Waker
waker = Waker(Path(sys.argv[1]))
link = ["ip", "link", "add", "shop0", "type", "veth", "peer", "name", "shop1"]
threading.Timer(0.2, lambda: subprocess.run(link, check=True)).start()
print(waker.wait(25), end=" ")
subprocess.run(["ip", "link", "del", "shop0"], check=True)
print(waker.wait(0.5))
"""


@pytest.fixture
def waker(tmp_path: Path) -> Iterator[Waker]:
    """The sleep over an empty home."""
    with Waker(tmp_path) as made:
        yield made


def slept(waker: Waker, seconds: float) -> float:
    """How long it slept that was to sleep so long."""
    start = time.monotonic()
    assert waker.wait(seconds) is False
    return time.monotonic() - start


def later(act: Callable[[], object]) -> threading.Timer:
    """`act` happens while somebody sleeps."""
    timer = threading.Timer(0.1, act)
    timer.start()
    return timer


def test_a_commit_of_another_ends_the_sleep(waker: Waker, tmp_path: Path) -> None:
    """A write into the store, by a connection that knows nothing of the sleeper, wakes it long before its time."""
    store = Store.open(tmp_path / "store.db", KEY)
    slept(waker, 0)

    def commit() -> None:
        with store.write() as connection:
            connection.exec_driver_sql("CREATE TABLE something (one)")

    timer = later(commit)
    assert slept(waker, 25) < 20
    timer.join()
    store.close()


def test_a_commit_between_two_sleeps_is_not_missed(waker: Waker, tmp_path: Path) -> None:
    """What was written while nobody slept ends the next sleep."""
    slept(waker, 0)
    (tmp_path / "store.db-wal").write_bytes(b"a commit")
    assert slept(waker, 25) < 20


def test_other_files_of_the_home_wake_nobody(waker: Waker, tmp_path: Path) -> None:
    """The status file, which the sleeper writes itself, does not end its sleep."""
    timer = later(lambda: (tmp_path / "sync.status").write_bytes(b"{}"))
    assert slept(waker, 0.5) >= 0.5
    timer.join()


def test_commits_without_end_are_looked_at_once_in_a_while(waker: Waker, tmp_path: Path) -> None:
    """Between two looks there is a second, however often the store is written to."""
    slept(waker, 0)
    (tmp_path / "store.db-wal").write_bytes(b"one")
    assert slept(waker, 25) >= LEAST_SECONDS * 0.9


@pytest.mark.parametrize("how", ["poke", "signal"])
def test_a_poke_and_a_signal_end_the_sleep(waker: Waker, how: str) -> None:
    """A thread that pokes, and a signal with a handler, are heard at once."""
    former = signal.signal(signal.SIGUSR1, lambda _number, _frame: None)
    timer = later(waker.poke if how == "poke" else lambda: os.kill(os.getpid(), signal.SIGUSR1))
    assert slept(waker, 25) < 20
    timer.join()
    signal.signal(signal.SIGUSR1, former)


def test_without_inotify_it_sleeps_a_second_at_most(tmp_path: Path) -> None:
    """Where the folder cannot be watched the service looks as often as it always did; else every half minute."""
    with Waker(tmp_path / "nowhere") as blind, Waker(tmp_path) as seeing:
        assert (blind.longest, seeing.longest) == (LEAST_SECONDS, LONGEST_SECONDS)
        assert slept(blind, 25) < 20


@pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"),
    reason="a network of its own takes root, unshare and ip",
)
def test_a_network_that_comes_ends_the_sleep_and_one_that_goes_does_not(tmp_path: Path) -> None:
    """In a network namespace: a new link is told of at once, its end is no news."""
    program = ["unshare", "-n", sys.executable, "-c", NETWORK, str(tmp_path)]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=60)
    assert done.stdout.split() == ["True", "False"]
