"""Reference data that nobody has to fetch: the service asks the repository when it starts, then every day.

Rules: only where a person put a root in place and named a source; in a thread of its own, so that no claim waits for
it; what came is an offer until a person puts it in force. A try that fails changes nothing, is told as a code, and is
made again after about an hour; jitter keeps terminals that were switched on together from asking together for ever. A
root or a source that changes is asked at once. Dates are judged by what is surely past where the clock is doubted.
"""

import random
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Final, Self

from sync.clock import Clock, surely_past
from sync.errors import SyncError
from sync.eventlog import event, fault
from sync.reference import FolderSource, Reference, Source

DAY_SECONDS: Final = 86_400.0
AGAIN_SECONDS: Final = 3600.0
LOOK_SECONDS: Final = 60.0
"""How soon a root or a source that was put in place is noticed."""
_END_SECONDS: Final = 5.0

Address = Callable[[str, Callable[[], bool]], Source | None]
"""The repository at an address, which asks whether to go on; None for what is no address, but a folder."""


class DataKeeper:
    """Keeps the reference data of a home fresh. `elapsed` counts seconds whatever the clock says."""

    def __init__(
        self,
        reference: Reference,
        clock: Clock,
        address: Address,
        rng: random.Random,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._reference = reference
        self._clock = clock
        self._address = address
        self._rng = rng
        self._elapsed = elapsed
        self._next = elapsed()
        self._asked: tuple[bytes, str] | None = None
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="data-keeper", daemon=True)
        self.checked_at: datetime | None = None
        """When a repository last confirmed the set, None where there is none or nothing was looked at yet."""
        self.error: str | None = None
        """Why the last try took nothing, a code; None after one that was right, and where nothing is configured."""

    def start(self) -> Self:
        """Ask from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Ask no more; a file that is coming is left, and its thread is not waited for long."""
        self._stop.set()
        self._thread.join(_END_SECONDS)

    def look(self) -> bool:
        """Ask if it is time; whether a repository was asked and its set is good."""
        configured = self._configured()
        if configured is None:
            self._asked, self.error, self.checked_at = None, None, None
            return False
        if configured == self._asked and self._elapsed() < self._next:
            return False
        self._asked = configured
        good = self._ask(configured[1])
        self._next = self._elapsed() + (DAY_SECONDS if good else AGAIN_SECONDS) * self._rng.uniform(0.75, 1.25)
        return good

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self.look()
            except Exception as error:  # whatever a repository brings about, the service goes on
                self.error = "unexpected"
                self._next = self._elapsed() + AGAIN_SECONDS
                fault(self.error, error)
            self._stop.wait(LOOK_SECONDS)

    def _configured(self) -> tuple[bytes, str] | None:
        """Root and source, where a person put both in place."""
        named = self._reference.source()
        return (self._reference.root(), named) if named and self._reference.has_root else None

    def _ask(self, named: str) -> bool:
        from sync.reference.updating import update  # noqa: PLC0415  # a terminal that takes none loads no python-tuf

        try:
            source = self._address(named, lambda: not self._stop.is_set()) or FolderSource(Path(named))
            good = update(self._reference, source, surely_past(self._clock) or self._clock.now())
        except SyncError as error:
            if error.code != self.error:
                event("data_failed", error=error.code)
            self.error, self.checked_at = error.code, self._last_checked()
            return False
        if good.checked_at == good.taken_at or self.error is not None:
            event("data_taken", **good.versions)
        self.error, self.checked_at = None, good.checked_at
        return True

    def _last_checked(self) -> datetime | None:
        try:
            good = self._reference.current()
        except SyncError:
            return None
        return good.checked_at if good else None
