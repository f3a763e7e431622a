"""The thread that feeds the service manager's watchdog, and only while the service is really well.

Rules: it looks before it feeds: the loop went on within `STUCK_SECONDS` (a pass beats at every request, and a request
is bounded), and the store answers a read. What is wrong is logged once and shown, and the watchdog goes hungry: then
the manager ends the service and starts it again, which loses nothing. A look that hangs feeds nothing either. Where
no manager waits, it looks all the same, for the status file.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, Self

from sync.errors import SyncError
from sync.eventlog import event
from sync.supervisor import Supervisor

STUCK_SECONDS: Final = 300.0
"""Longer than any one request of a pass may take."""
_LOOK_SECONDS: Final = 30.0
STUCK: Final = "stuck"


class Pulse:
    """The loop's sign of life: `beat` is called by the loop, `age` is read by the watchman."""

    def __init__(self, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._last = elapsed()

    def beat(self) -> None:
        """The loop goes on."""
        self._last = self._elapsed()

    @property
    def age(self) -> float:
        """Seconds since the last beat."""
        return self._elapsed() - self._last


class Watchman:
    """Looks twice in each time that the manager grants. `read` reads the store, or raises SyncError."""

    def __init__(self, supervisor: Supervisor, pulse: Pulse, read: Callable[[], object]) -> None:
        self._supervisor = supervisor
        self._pulse = pulse
        self._read = read
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watchman", daemon=True)
        self.trouble: str | None = None
        """What the last look found: a code, or None."""

    def start(self) -> Self:
        """Look from now on."""
        self._thread.start()
        return self

    def stop(self) -> None:
        """Look no more."""
        self._stop.set()
        self._thread.join()

    def look(self) -> None:
        """One look; feeds the watchdog when all is well."""
        found = self._trouble()
        if found is not None and found != self.trouble:
            event("watchdog_withheld", reason=found, silent_seconds=int(self._pulse.age))
        self.trouble = found
        if found is None:
            self._supervisor.alive()

    def _run(self) -> None:
        granted = self._supervisor.watchdog_seconds
        while not self._stop.is_set():
            self.look()
            self._stop.wait(_LOOK_SECONDS if granted is None else granted / 2)

    def _trouble(self) -> str | None:
        if self._pulse.age > STUCK_SECONDS:
            return STUCK
        try:
            self._read()
        except SyncError as error:
            return error.code
        return None
