"""How late a claim is that has no receipt: working days in France, counted from the day it was registered.

Rules: pure, dates are arguments. A working day is Monday to Friday and no public holiday of the whole country; the day
of registration does not count, the last day does (civil procedure code, articles 641 and 642). A claim is to be with
its payer within eight working days (social security code, R.161-47), so it is warned of at five and an alarm from the
eighth. The two more holidays of Alsace and Moselle are not counted: there, one is told a day early rather than late. A
claim dated after today was dated by a wrong clock: it is warned of, because nobody knows how old it is.
Easter: Meeus, Astronomical Algorithms, chapter 8, for the Gregorian calendar.
"""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

WARN_AFTER: Final = 5
ALARM_AFTER: Final = 8
_FIXED: Final = ((1, 1), (5, 1), (5, 8), (7, 14), (8, 15), (11, 1), (11, 11), (12, 25))
_EASTER_MONDAY, _ASCENSION, _WHIT_MONDAY = 1, 39, 50
_SATURDAY: Final = 5
_DAY: Final = timedelta(days=1)
_FRANCE: Final = ZoneInfo("Europe/Paris")

Lateness = Literal["warn", "alarm"]


def easter(year: int) -> date:
    """Easter Sunday of a year, Gregorian."""
    golden, (century, in_century) = year % 19, divmod(year, 100)
    leaps, rest = divmod(century, 4)
    moon = (19 * golden + century - leaps - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    week = (32 + 2 * rest + 2 * (in_century // 4) - moon - in_century % 4) % 7
    late = (golden + 11 * moon + 22 * week) // 451
    month, day = divmod(moon + week - 7 * late + 114, 31)
    return date(year, month, day + 1)


@cache
def holidays(year: int) -> frozenset[date]:
    """The eleven public holidays of a year (labour code, L.3133-1)."""
    sunday = easter(year)
    movable = (sunday + timedelta(days=away) for away in (_EASTER_MONDAY, _ASCENSION, _WHIT_MONDAY))
    return frozenset((*(date(year, month, day) for month, day in _FIXED), *movable))


def is_working_day(day: date) -> bool:
    """Whether people work on this day."""
    return day.weekday() < _SATURDAY and day not in holidays(day.year)


def working_days(since: date, until: date) -> int:
    """How many working days came after `since`, `until` included; 0 when it is not later."""
    days = range(1, (until - since).days + 1)
    return sum(is_working_day(since + count * _DAY) for count in days)


def latest_day(today: date, days: int) -> date:
    """The last day of registration that is `days` working days ago, or more."""
    day = today
    while days:
        days -= is_working_day(day)
        day -= _DAY
    return day


def day_in_france(instant: datetime) -> date:
    """The civil day of an aware instant."""
    return instant.astimezone(_FRANCE).date()


def end_of(day: date) -> datetime:
    """The instant at which a civil day is over in France."""
    return datetime.combine(day + _DAY, time.min, _FRANCE).astimezone(UTC)


def lateness(registered: date, today: date) -> Lateness | None:
    """How late a claim without receipt is, registered on a day in France; None while it is in time."""
    if registered > today or registered <= latest_day(today, WARN_AFTER):
        return "alarm" if registered <= latest_day(today, ALARM_AFTER) else "warn"
    return None
