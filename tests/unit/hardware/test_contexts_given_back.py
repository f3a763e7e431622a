"""Cards and contexts are given back by one thread at a time: the library walks a list that it does not guard."""

import threading
import time

import pytest
from smartcard import scard

from hardware.pcsc import calls

PATIENCE = 20.0


class Library:
    """Counts the threads that are in its unguarded calls."""

    def __init__(self) -> None:
        self.inside = self.most = self.made = 0

    def call(self, *_: object) -> int:
        """A call that takes long enough for another thread to come in."""
        self.inside += 1
        self.most = max(self.most, self.inside)
        self.made += 1
        time.sleep(0.002)
        self.inside -= 1
        return 0


@pytest.fixture
def library(monkeypatch: pytest.MonkeyPatch) -> Library:
    """In place of the two calls."""
    made = Library()
    for name in ("SCardDisconnect", "SCardReleaseContext"):
        monkeypatch.setattr(scard, name, made.call)
    return made


def test_no_two_threads_give_back_at_once(library: Library) -> None:
    """Twelve threads with a card and a context each: every call is made, and never two at a time."""
    threads = [threading.Thread(target=calls.release, args=(number, number + 1)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE)
    assert (library.made, library.most) == (24, 1)


def test_what_is_not_there_is_not_given_back(library: Library) -> None:
    """A session that never had a context asks the library nothing; one without a card releases its context only."""
    calls.release(None)
    calls.release(7)
    assert library.made == 1
