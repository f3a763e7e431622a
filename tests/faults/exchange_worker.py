"""A process that has a home open and registers claims in it until it is told to stop."""

import multiprocessing
from contextlib import closing
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from sync.home import open_home
from tests.unit.sync.queue.envelopes import entry

_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["pytest", "tests.faults.exchange_worker"])


class Registering:
    """The process; it registers claims from number `first` on, and says of each when it is durable."""

    def __init__(self, home: Path, first: int) -> None:
        self._ours, theirs = _PROCESSES.Pipe()
        self._process = _PROCESSES.Process(target=_work, args=(home, first, theirs))
        self._process.start()
        theirs.close()
        self.said: list[int] = []

    def hear(self, count: int) -> None:
        """Wait for so many more acknowledgements."""
        self.said += [self._ours.recv() for _ in range(count)]

    def stop(self) -> list[int]:
        """End it; every claim that it acknowledged."""
        with closing(self._ours):
            self._ours.send("stop")
            while (number := self._ours.recv()) is not None:
                self.said.append(number)
        self._process.join()
        assert self._process.exitcode == 0
        return self.said


def _work(path: Path, first: int, pipe: Pipe) -> None:
    number = first
    with open_home(path) as home:
        while not pipe.poll():
            home.outbox.enqueue(entry(number))
            pipe.send(number)
            number += 1
    pipe.send(None)
