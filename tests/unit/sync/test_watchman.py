"""The watchdog is fed after a look at the service, and only then."""

import io
import json
import logging
import threading
from collections.abc import Iterator

import pytest

from sync.errors import StoreCorrupt
from sync.eventlog import start_log
from sync.supervisor import Supervisor
from sync.watchman import STUCK_SECONDS, Pulse, Watchman


class Manager(Supervisor):
    """Counts how often it was fed."""

    def __init__(self) -> None:
        super().__init__({})
        self.fed = 0

    def alive(self) -> bool:
        """One more."""
        self.fed += 1
        return True


class Loop:
    """A loop whose time is told by hand, and a store that may fail."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.broken = False
        self.pulse = Pulse(lambda: self.seconds)
        self.manager = Manager()
        self.watchman = Watchman(self.manager, self.pulse, self.read)

    def read(self) -> None:
        """The store's answer."""
        if self.broken:
            raise StoreCorrupt("damaged")

    def looked(self) -> tuple[int, str | None]:
        """How often the manager was fed so far, and what the look found."""
        self.watchman.look()
        return self.manager.fed, self.watchman.trouble


@pytest.fixture
def loop() -> Loop:
    """A loop that just beat."""
    return Loop()


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    """The events of this test."""
    stream = io.StringIO()
    start_log(stream)
    yield stream
    logging.basicConfig(force=True)


def test_a_well_service_is_fed(loop: Loop) -> None:
    """The loop beat within its time and the store answers: each look feeds."""
    loop.seconds = STUCK_SECONDS
    assert [loop.looked(), loop.looked()] == [(1, None), (2, None)]


def test_a_stuck_loop_starves_and_recovers(loop: Loop, log: io.StringIO) -> None:
    """A pass that does not come to its next request is not fed, logged once, and fed again when it goes on."""
    loop.seconds = STUCK_SECONDS + 1
    assert [loop.looked(), loop.looked()] == [(0, "stuck"), (0, "stuck")]
    loop.pulse.beat()
    assert loop.looked() == (1, None)
    (line,) = [json.loads(text) for text in log.getvalue().splitlines()]
    assert (line["event"], line["reason"]) == ("watchdog_withheld", "stuck")


def test_an_unreadable_store_starves(loop: Loop) -> None:
    """A store that does not answer a read is a service that is not well."""
    loop.broken = True
    assert loop.looked() == (0, "store_corrupt")


def test_the_thread_looks_until_it_is_stopped(loop: Loop) -> None:
    """Started, it feeds by itself; stopped, no more."""
    loop.manager.watchdog_seconds = 0.01
    loop.watchman.start()
    while loop.manager.fed < 3:
        loop.pulse.beat()
    loop.watchman.stop()
    fed = loop.manager.fed
    assert fed >= 3
    assert not any(thread.name == "watchman" and thread.is_alive() for thread in threading.enumerate())
