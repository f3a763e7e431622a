"""The watchdog: nobody waits longer than the timeout, and a session dies with its first error."""

import threading
from queue import SimpleQueue

import pytest

from hardware.errors import CardMute, CardRemoved, CardTooSlow, ReaderBusy
from hardware.watchdog import Patience, Roster, Worker

LONG = 20.0
PATIENT = Patience(LONG, LONG)
IMPATIENT = Patience(0.1, LONG)


def test_a_call_returns_what_it_returns() -> None:
    """A call that ends in time gives its value, made in the worker's own thread."""
    worker = Worker(lambda: None, PATIENT)
    assert worker.run(threading.current_thread, CardMute) is not threading.current_thread()
    worker.finish()
    assert not worker.alive


def test_an_overdue_call_is_given_up_and_cleans_up_when_it_ends() -> None:
    """The caller gets its error; the thread stays until the call returns, then releases once and ends."""
    answered, released = threading.Event(), threading.Semaphore(0)
    worker = Worker(released.release, IMPATIENT)
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
    worker = Worker(lambda: None, PATIENT)

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
    worker = Worker(lambda: None, PATIENT)

    def fail() -> None:
        raise TimeoutError("inside")

    with pytest.raises(TimeoutError, match="inside"):
        worker.run(fail, CardMute)
    worker.finish()


def test_a_stuck_reader_is_refused_and_others_are_not() -> None:
    """The roster refuses the reader whose call is pending, with its error, until that call has returned."""
    answered, released = threading.Event(), threading.Event()
    roster = Roster(IMPATIENT)
    first = roster.worker("A", released.set)
    with pytest.raises(ReaderBusy):
        first.run(answered.wait, ReaderBusy)
    with pytest.raises(ReaderBusy):
        roster.worker("A", lambda: None)
    roster.worker("B", lambda: None).finish()
    answered.set()
    assert released.wait(LONG)
    roster.worker("A", lambda: None).finish()


def test_answers_just_in_time_do_not_make_an_endless_session() -> None:
    """Each call in time and all of them too long: CardTooSlow, then nothing is called, and the thread ends."""
    released, pause, calls = threading.Semaphore(0), threading.Event(), SimpleQueue[bool]()
    worker = Worker(released.release, Patience(answer=LONG, session=0.2))

    def ask_on() -> None:
        while True:
            calls.put(worker.run(lambda: pause.wait(0.02), CardMute))

    with pytest.raises(CardTooSlow) as caught:
        ask_on()
    assert caught.value.facts == {"timeout_ms": 200}
    assert not calls.empty()
    with pytest.raises(CardTooSlow):
        worker.run(pause.set, CardMute)
    worker.finish()
    assert released.acquire(timeout=LONG)
    assert not pause.is_set()
