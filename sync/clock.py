"""What `sync` knows of time: a clock that says when it is wrong, from the entry point group `comptoir.clock`.

Rules: waits are counted by the clock as it is, and never longer than a wait can be (`sync.queue.reading`); whether a
certificate is over is judged by `now` only where that is believed, else by what is surely past. An installation
without a provider has the system's clock, unguarded, and the service says so: claims leave all the same.
"""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, Protocol

from sync.plugged import plugged

ENTRY_POINTS: Final = "comptoir.clock"
GUARDED: Final = "guarded"


class Clock(Protocol):
    """The time, and how far to believe it."""

    @property
    def trusted(self) -> bool:
        """Whether the time is plausible."""

    @property
    def certain(self) -> datetime:
        """An instant that is surely past, aware."""

    def now(self) -> datetime:
        """This instant, trusted or not, aware."""

    def learn(self, signed: datetime) -> None:
        """A time that an insurer just signed."""


class Unguarded:
    """The system's clock, believed for want of anything else."""

    trusted = True
    certain = datetime(1970, 1, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """This instant by the system."""
        return datetime.now(UTC)

    def learn(self, signed: datetime) -> None:
        """Nothing to learn with."""


def clock_of(home: Path, signed: datetime | None) -> Clock:
    """The clock of a home; `signed` is the last time that an insurer signed."""
    for entry in plugged(ENTRY_POINTS, GUARDED):
        provider: Callable[[Path, datetime | None], Clock] = entry.load()
        return provider(home, signed)
    return Unguarded()


def surely_past(clock: Clock) -> datetime | None:
    """What dates are judged by while the clock is not believed; None while it is."""
    return None if clock.trusted else clock.certain
