"""The watchdog: nobody waits longer than the timeout, and a session dies with its first error."""

import threading

import pytest

from hardware.errors import CardMute, CardRemoved, ReaderBusy
from hardware.watchdog import Roster, Worker

SHORT = 0.1
LONG = 20.0


def test_a_call_returns_what_it_returns() -> None:
    """A call that ends in time gives its value, made in the worker's own thread."""
    worker = Worker(lambda: None, LONG)
    assert worker.run(threading.current_thread, CardMute) is not threading.current_thread()
    worker.finish()
    assert not worker.alive


def test_an_overdue_call_is_given_up_and_cleans_up_when_it_ends() -> None:
    """The caller gets its error; the thread stays until the call returns, then releases once and ends."""
    answered, released = threading.Event(), threading.Semaphore(0)
    worker = Worker(released.release, SHORT)
    with pytest.raises(CardMute) as caught:
        worker.run(answered.wait, CardMute)
    assert caught.value.facts == {"timeout_ms": 100}
    worker.finish()
    assert worker.alive
    assert not released.acquire(blocking=False)
    answered.set()
    assert released.acquire(timeout=LONG)
    assert not released.acquire(blocking=False)


def test_after_an_error_nothing_is_called() -> None:
    """The first error is raised again, with its facts, instead of a second call."""
    worker = Worker(lambda: None, LONG)

    def fail() -> None:
        raise CardRemoved("the card left", result="80100069")

    with pytest.raises(CardRemoved):
        worker.run(fail, CardMute)
    called = threading.Event()
    with pytest.raises(CardRemoved) as caught:
        worker.run(called.set, CardMute)
    assert caught.value.facts == {"result": "80100069"}
    worker.finish()
    assert not called.is_set()


def test_a_timeout_of_the_call_itself_is_the_callers() -> None:
    """A TimeoutError raised inside the call is not mistaken for the watchdog's."""
    worker = Worker(lambda: None, LONG)

    def fail() -> None:
        raise TimeoutError("inside")

    with pytest.raises(TimeoutError, match="inside"):
        worker.run(fail, CardMute)
    worker.finish()


def test_a_stuck_reader_is_refused_and_others_are_not() -> None:
    """The roster refuses the reader whose call is pending, with its error, until that call has returned."""
    answered, released = threading.Event(), threading.Event()
    roster = Roster(SHORT)
    first = roster.worker("A", released.set)
    with pytest.raises(ReaderBusy):
        first.run(answered.wait, ReaderBusy)
    with pytest.raises(ReaderBusy):
        roster.worker("A", lambda: None)
    roster.worker("B", lambda: None).finish()
    answered.set()
    assert released.wait(LONG)
    roster.worker("A", lambda: None).finish()
