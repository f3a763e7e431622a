"""The time, and whether to believe it.

Rules: a terminal without a battery clock may wake up in the past. The clock never invents a time: it gives the
system's and says that it is not trusted when that lies before `floor`, an instant known to be past. Nothing in the
program is ordered by the clock.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Final, Protocol
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from hardware.errors import TimezoneMissing

SHOP_ZONE = "Europe/Paris"
RELEASE: Final = datetime(2026, 11, 21, tzinfo=UTC)
"""The date of this release: no true clock can be earlier."""


class Clock(Protocol):
    """What the rest of the program knows of time."""

    @property
    def trusted(self) -> bool:
        """Whether the time is plausible."""

    def now(self) -> datetime:
        """This instant, aware, in UTC."""

    def today(self) -> date:
        """The civil date at the shop."""


class SystemClock:
    """The machine's clock. `floor` is aware: the latest of build date, last signed peer time, highest time seen."""

    def __init__(self, floor: datetime, read: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        if floor.tzinfo is None:
            raise ValueError("the floor must be an aware datetime")
        self._floor = floor
        self._read = read
        try:
            self._zone = ZoneInfo(SHOP_ZONE)
        except ZoneInfoNotFoundError as error:
            raise TimezoneMissing("no time zone tables on this system", zone=SHOP_ZONE) from error

    @property
    def trusted(self) -> bool:
        """False while the system's time lies before the floor."""
        return self._read() >= self._floor

    def now(self) -> datetime:
        """This instant by the system's clock, trusted or not, in UTC."""
        return self._read().astimezone(UTC)

    def today(self) -> date:
        """The civil date in France."""
        return self._read().astimezone(self._zone).date()
