"""A thread that waits for the card, so that nobody else has to.

Rules: a blocking call is made by the worker's own thread and awaited for a limited time. A call that is overdue cannot
be interrupted (PC/SC has no way to): the worker is given up, ends by itself when the call returns, and then releases
what it holds. A worker dies with the first error: later calls get that error again and never reach the card.
"""

import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import SimpleQueue
from typing import TypeVar

from hardware.errors import HardwareError

T = TypeVar("T")
DEFAULT_TIMEOUT = 3.0
"""Seconds; ISO/IEC 7816-3's default waiting time is below one."""
GRACE = 0.25
"""Seconds for a worker whose mute card has just been taken out to notice and end."""


class Worker:
    """One thread for one card session. `release` runs last, in that thread, once.

    `timeout` is in seconds and holds for each call.
    """

    def __init__(self, release: Callable[[], None], timeout: float) -> None:
        self._release = release
        self._timeout = timeout
        self._failure: HardwareError | None = None
        self._given_up = False
        self._tasks: SimpleQueue[Callable[[], None] | None] = SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="card-session", daemon=True)
        self._thread.start()

    @property
    def alive(self) -> bool:
        """Whether the thread has not ended yet."""
        return self._thread.is_alive()

    @property
    def failed(self) -> bool:
        """Whether a call has raised an error of the tree."""
        return self._failure is not None

    def refuse_if_stuck(self) -> None:
        """Raise the overdue call's error again while that call has still not returned."""
        if self._given_up:
            self._thread.join(GRACE)
        if self._given_up and self.alive:
            self._refuse_if_failed()

    def run(self, call: Callable[[], T], overdue: type[HardwareError]) -> T:
        """What `call` returns or raises; `overdue` when it takes longer than the timeout."""
        self._refuse_if_failed()
        try:
            return self._await(self._submit(call), overdue)
        except HardwareError as error:
            self._failure = error
            raise

    def finish(self) -> None:
        """Let the thread release and end; waits at most the timeout."""
        self._tasks.put(None)
        self._thread.join(0 if self._given_up else self._timeout)

    def _refuse_if_failed(self) -> None:
        if self._failure:
            raise type(self._failure)(str(self._failure), **self._failure.facts)

    def _submit(self, call: Callable[[], T]) -> Future[T]:
        future: Future[T] = Future()

        def task() -> None:
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)

        self._tasks.put(task)
        return future

    def _await(self, future: Future[T], overdue: type[HardwareError]) -> T:
        try:
            return future.result(self._timeout)
        except TimeoutError:
            if future.done():
                raise
        self._given_up = True
        self._tasks.put(None)
        raise overdue(f"no answer within {self._timeout:g} s", timeout_ms=round(1000 * self._timeout))

    def _serve(self) -> None:
        while (task := self._tasks.get()) is not None:
            task()
        self._release()


class Roster:
    """The workers of one source, so that a reader whose card still owes an answer is not asked again."""

    def __init__(self, timeout: float) -> None:
        self._timeout = timeout
        self._workers: list[tuple[str, Worker]] = []

    def worker(self, reader: str, release: Callable[[], None]) -> Worker:
        """A new worker for this reader; the error of an earlier one while that one is stuck."""
        for name, worker in self._workers:
            if name == reader:
                worker.refuse_if_stuck()
        hired = Worker(release, self._timeout)
        self._workers = [(name, worker) for name, worker in self._workers if worker.alive] + [(reader, hired)]
        return hired
