"""A process that registers claims until it is killed, and says of each when it was told that it is registered."""

import multiprocessing
from collections.abc import Iterable
from contextlib import closing, suppress
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

from sqlalchemy import Connection

from sync.queue import Counterfoil, Outbox
from sync.store import Store
from tests.unit.sync.queue.envelopes import entry

KEY = bytes(range(32))

# Started from a clean server process that has imported everything: a kill costs milliseconds, not half a second.
_PROCESSES = multiprocessing.get_context("forkserver")
_PROCESSES.set_forkserver_preload(["pytest", "tests.faults.enqueue_worker"])


def open_queue(folder: Path) -> tuple[Store, Counterfoil, Outbox]:
    """The queue in `folder`, with store and counterfoil in agreement."""
    store = Store.open(folder / "store.db", KEY)
    counterfoil = Counterfoil.open(folder / "counterfoil.log")
    outbox = Outbox(store, counterfoil)
    outbox.reconcile()
    return store, counterfoil, outbox


class Worker:
    """A process that registers `count` claims from number `first` on; `early` makes it the mutant that speaks first."""

    def __init__(self, folder: Path, first: int, count: int, *, early: bool = False) -> None:
        self._said, saying = _PROCESSES.Pipe(duplex=False)
        self._process = _PROCESSES.Process(target=_work, args=(folder, first, count, early, saying))
        self._process.start()
        saying.close()

    def kill_after(self, acknowledgements: int) -> list[int]:
        """Kill it (SIGKILL) at its n-th acknowledgement; all that it acknowledged before it died."""
        said = [self._said.recv() for _ in range(acknowledgements)]
        self._process.kill()
        return said + self.finish()

    def finish(self) -> list[int]:
        """Wait for its end; the acknowledgements not heard yet."""
        with closing(self._said):
            said = list(self._rest())
        self._process.join()
        return said

    @property
    def exit_code(self) -> int | None:
        """How it ended."""
        return self._process.exitcode

    def _rest(self) -> Iterable[int]:
        with suppress(EOFError):
            while True:
                yield self._said.recv()


def _work(folder: Path, first: int, count: int, early: bool, saying: Pipe) -> None:
    _, _, outbox = open_queue(folder)
    for number in range(first, first + count):
        _register(outbox, number, early, saying)


def _register(outbox: Outbox, number: int, early: bool, saying: Pipe) -> None:
    """Register one claim and acknowledge it, in this order, unless this is the mutant."""

    def beside(connection: Connection) -> None:
        if early:
            saying.send(number)

    outbox.enqueue(entry(number), beside)
    if not early:
        saying.send(number)
