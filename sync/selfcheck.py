"""The checks of a home at its start, beside whatever else is done: nobody waits for them.

Rules: one run of all checks in the order of `OpenHome.check`, in a thread of its own, because ten thousand waiting
claims take seconds; it holds no lock of writers but for an instant. What it found stays until the home is closed. An
error that stops a check is a finding. That a checkpoint found the file busy is none: the other process is the service
or the counter, and the pages were checked all the same.
"""

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Final, Self

from sync.errors import SyncError
from sync.store import CheckLine

if TYPE_CHECKING:
    from sync.home import OpenHome

_HARMLESS: Final = "wal_checkpoint"


class SelfCheck:
    """One run of the checks of an open home, `then` something; `wait` before the home is closed."""

    def __init__(self, home: "OpenHome", then: Callable[[], None] = lambda: None) -> None:
        self._home = home
        self._then = then
        self._lines: tuple[CheckLine, ...] = ()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="self-check", daemon=True)

    def start(self) -> Self:
        """Begin."""
        self._thread.start()
        return self

    def wait(self) -> None:
        """Come back when all checks are done."""
        self._thread.join()

    @property
    def done(self) -> bool:
        """Whether all checks are done."""
        return self._over.is_set()

    @property
    def failed(self) -> tuple[CheckLine, ...]:
        """What was found wrong so far: while the checks run, nothing."""
        return tuple(line for line in self._lines if not line.ok and line.name != _HARMLESS)

    def _run(self) -> None:
        try:
            self._lines = self._home.check()
        except SyncError as error:
            self._lines = (CheckLine(error.code, ok=False, detail=str(error)),)
        self._over.set()
        self._then()
