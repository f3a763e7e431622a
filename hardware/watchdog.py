"""A thread that waits for the card, so that nobody else has to.

Rules: a blocking call is made by the worker's own thread and awaited for a limited time. A call that is overdue cannot
be interrupted (PC/SC has no way to): the worker is given up, ends by itself when the call returns, and then releases
what it holds. A worker dies with the first error: later calls get that error again and never reach the card. All calls
of a session together have a limit too, so that a card which always answers just in time keeps nobody busy. A whole
session may be one call that runs in the worker's thread: then only its beginning and its end change threads.
"""

import threading
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any, NoReturn, TypeVar

from hardware.errors import CardMute, CardTooSlow, HardwareError

T = TypeVar("T")
DEFAULT_TIMEOUT = 3.0
"""Seconds; ISO/IEC 7816-3's default waiting time is below one."""
DEFAULT_SESSION = 15.0
"""Seconds; the slowest card known (a Vitale 1's pace) sends 12 KiB in this time, a Vitale 2 is read in one second."""
GRACE = 0.25
"""Seconds for a worker whose mute card has just been taken out to notice and end."""


@dataclass(frozen=True)
class Patience:
    """Seconds that may pass: `answer` for each call, `session` for all calls of a worker together."""

    answer: float = DEFAULT_TIMEOUT
    session: float = DEFAULT_SESSION


class Worker:
    """One thread for one session, called `name`. `release` runs last, in that thread, once."""

    def __init__(self, release: Callable[[], None], patience: Patience, name: str = "card-session") -> None:
        self._release = release
        self._patience = patience
        self._overdue: type[HardwareError] = CardTooSlow
        self._since = monotonic()
        self._deadline = self._since + patience.session
        self._failure: HardwareError | None = None
        self._given_up = False
        self._tasks: SimpleQueue[Callable[[], Any] | None] = SimpleQueue()
        self._outcomes: SimpleQueue[Callable[[], Any]] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name=name, daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread has not ended yet."""
        return self._thread.is_alive()

    def refuse_if_stuck(self) -> None:
        """Raise the overdue call's error again while that call has still not returned."""
        if self._given_up:
            self._thread.join(GRACE)
        if self._given_up and self.alive:
            self._refuse_if_failed()

    def run(self, call: Callable[[], T], overdue: type[HardwareError]) -> T:
        """What `call` returns or raises; `overdue` when it takes too long, CardTooSlow when the session does."""
        self._refuse_if_failed()
        try:
            return self._await(call, overdue)
        except HardwareError as error:
            self._failure = error
            raise

    def finish(self) -> None:
        """Let the thread release and end; waits at most the time of one answer."""
        self._tasks.put(None)
        self._thread.join(0 if self._given_up else self._patience.answer)

    def _refuse_if_failed(self) -> None:
        if self._failure:
            raise type(self._failure)(str(self._failure), **self._failure.facts)

    def beat(self, overdue: type[HardwareError]) -> None:
        """Say from the worker's own thread that a new answer is awaited, and what it is when it comes too late.

        Raises the session's error once the session was given up, so that nothing more is asked in its name.
        """
        self._refuse_if_failed()
        self._overdue, self._since = overdue, monotonic()

    def _await(self, call: Callable[[], T], overdue: type[HardwareError]) -> T:
        self._overdue, self._since = overdue, monotonic()
        if self._left() > 0:
            self._tasks.put(call)
        while (left := self._left()) > 0:
            try:
                outcome = self._outcomes.get(timeout=left)
            except Empty:
                continue
            value: T = outcome()
            return value
        self._failure = self._late()
        self._given_up = True
        self._tasks.put(None)
        raise self._failure

    def _left(self) -> float:
        """Seconds until the answer that is awaited, or the session, is overdue."""
        return min(self._since + self._patience.answer, self._deadline) - monotonic()

    def _late(self) -> HardwareError:
        session = monotonic() >= self._deadline
        seconds = self._patience.session if session else self._patience.answer
        error = CardTooSlow if session else self._overdue
        return error(f"not done within {seconds:g} s", timeout_ms=round(1000 * seconds))

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            self._outcomes.put(_outcome(task))
        self._release()


def _outcome(call: Callable[[], T]) -> Callable[[], T]:
    """Make a call; what comes back gives its value, or raises its error, in whichever thread asks."""
    try:
        value = call()
    except BaseException as error:
        return partial(_raise, error)
    return lambda: value


def _raise(error: BaseException) -> NoReturn:
    raise error


class InnerConnection:
    """A session's connection for use in its worker's own thread, where no command has to change threads.

    `exchange` and `confirm` are the session's own calls; each answer is watched as if it were asked from outside.
    """

    def __init__(
        self, worker: Worker, atr: bytes, exchange: Callable[[bytes], bytes], confirm: Callable[[], object]
    ) -> None:
        self.atr = atr
        self._worker = worker
        self._exchange = exchange
        self._confirm = confirm

    def transmit(self, apdu: bytes) -> bytes:
        """See CardConnection."""
        self._worker.beat(CardMute)
        return self._exchange(apdu)

    def confirm(self) -> None:
        """See CardConnection."""
        self._worker.beat(CardMute)
        self._confirm()

    def close(self) -> None:
        """The session is closed by whoever opened it."""


class Roster:
    """The workers of one source, so that a reader whose card still owes an answer is not asked again.

    Any thread may ask; the name stands for a reader, or for the service itself. The threads are called `threads`.
    """

    def __init__(self, patience: Patience, threads: str = "card-session") -> None:
        self._patience = patience
        self._threads = threads
        self._workers: list[tuple[str, Worker]] = []
        self._changing = threading.Lock()

    def worker(self, reader: str, release: Callable[[], None]) -> Worker:
        """A new worker for this reader; the error of an earlier one while that one is stuck."""
        for name, worker in self._workers:
            if name == reader:
                worker.refuse_if_stuck()
        with self._changing:
            hired = Worker(release, self._patience, self._threads)
            self._workers = [(name, worker) for name, worker in self._workers if worker.alive] + [(reader, hired)]
        return hired
