"""Several processes behind one listening socket.

Rules: the first process opens no database and serves nobody: it starts workers, waits, and starts another for one that
was lost; a worker lost before it was ready ends them all, so a fault that is there from the start is told. SIGTERM goes
to every worker; what does not stop in time is killed. Workers stop when the first process is gone, whatever ended it.
"""

import os
import selectors
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from sync.errors import SyncError
from sync.eventlog import event, fault
from sync.receiver.errors import WorkerLost
from sync.receiver.server import STOP_SECONDS

Announce = Callable[[], None]
Work = Callable[[Announce], None]

_KILL_AFTER: Final = STOP_SECONDS + 5
_NUMBER: Final = 4
_STOPS: Final = (signal.SIGTERM, signal.SIGINT)


def run_workers(count: int, work: Work, ready: Announce) -> None:
    """Run `work` in `count` processes until SIGTERM; `ready` is called here once each of them called its own.

    WorkerLost when one ended before that.
    """
    _Crew(work, ready).run(count)


class _Crew:
    def __init__(self, work: Work, ready: Announce) -> None:
        self._work = work
        self._ready = ready
        self._lifeline = os.pipe()
        self._said = os.pipe()
        self._woken = socket.socketpair()
        self._alive: set[int] = set()
        self._serving: set[int] = set()
        self._stop_at: float | None = None
        self._lost_early = False

    def run(self, count: int) -> None:
        former = self._watch_signals()
        try:
            for _ in range(count):
                self._start()
            self._follow(count)
        finally:
            self._forget_signals(former)
        event("workers_stopped", count=count)
        if self._lost_early:
            raise WorkerLost("a worker ended before it was ready")

    def _follow(self, count: int) -> None:
        announced = False
        with selectors.DefaultSelector() as selector:
            selector.register(self._woken[0], selectors.EVENT_READ)
            selector.register(self._said[0], selectors.EVENT_READ)
            while self._alive:
                for key, _ in selector.select(self._patience()):
                    self._hear() if key.fileobj == self._said[0] else self._signalled()
                self._reap()
                if not announced and len(self._serving) == count:
                    announced = True
                    self._ready()

    def _patience(self) -> float | None:
        """How long to wait for the workers to end; the others are killed when it is over."""
        if self._stop_at is None:
            return None
        left = self._stop_at + _KILL_AFTER - time.monotonic()
        if left <= 0:
            self._send(signal.SIGKILL)
            return None
        return left

    def _hear(self) -> None:
        self._serving.add(int.from_bytes(os.read(self._said[0], _NUMBER)))

    def _signalled(self) -> None:
        if any(number in _STOPS for number in self._woken[0].recv(64)):
            self._stop()

    def _stop(self) -> None:
        if self._stop_at is None:
            self._stop_at = time.monotonic()
            self._send(signal.SIGTERM)

    def _send(self, number: int) -> None:
        for pid in self._alive:
            os.kill(pid, number)

    def _reap(self) -> None:
        while self._alive:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                return
            self._alive.discard(pid)
            if self._stop_at is None:
                self._replace(pid, os.waitstatus_to_exitcode(status))

    def _replace(self, pid: int, status: int) -> None:
        event("worker_lost", worker=pid, status=status)
        if pid in self._serving:
            self._serving.discard(pid)
            self._start()
        else:
            self._lost_early = True
            self._stop()

    def _start(self) -> None:
        sys.stdout.flush()
        sys.stderr.flush()
        pid = os.fork()
        if pid == 0:
            self._be_worker()
        self._alive.add(pid)

    def _be_worker(self) -> None:
        """Work in this new process, which ends with it."""
        status = 1
        try:
            signal.set_wakeup_fd(-1)
            for number in (*_STOPS, signal.SIGCHLD):
                signal.signal(number, signal.SIG_DFL)
            os.close(self._lifeline[1])
            threading.Thread(target=self._end_with_first, daemon=True).start()
            self._work(lambda: self._say(os.getpid()))
            status = 0
        except SyncError as error:
            event("worker_failed", code=error.code)
        except BaseException as error:  # nothing may return into the first process's code
            fault("worker_failed", error)
        finally:
            os._exit(status)

    def _end_with_first(self) -> None:
        os.read(self._lifeline[0], 1)
        os.kill(os.getpid(), signal.SIGTERM)

    def _say(self, pid: int) -> None:
        os.write(self._said[1], pid.to_bytes(_NUMBER))

    def _watch_signals(self) -> dict[int, object]:
        for end in self._woken:
            end.settimeout(0)
        signal.set_wakeup_fd(self._woken[1].fileno())
        return {number: signal.signal(number, _nothing) for number in (*_STOPS, signal.SIGCHLD)}

    def _forget_signals(self, former: dict[int, object]) -> None:
        signal.set_wakeup_fd(-1)
        for number, handler in former.items():
            signal.signal(number, handler)  # type: ignore[arg-type]  # it is what signal() gave
        for end in (*self._lifeline, *self._said):
            os.close(end)
        for side in self._woken:
            side.close()


def _nothing(_number: int, _frame: object) -> None:
    """The wake-up socket tells; only the default action must not happen."""
