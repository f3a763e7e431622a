"""Ages in completed years, also for the people whose civil birth date is not a calendar date.

Rules: a birth date is kept as written; where its month or day is not of the calendar (a "lunar" date: register lost or
incomplete, the card says e.g. month 20 or day 00), age is reckoned from the first day it could mean, so that a child's
code is never granted by a missing month. Nothing else is repaired.
"""

import re
from datetime import date

from terminal.domain.errors import BirthDateInvalid
from terminal.domain.identifiers import Nir

OLDEST = 110
"""Years; nobody older is expected at the counter without a whole birth date."""
MONTHS = 12
_FORM = re.compile(r"([0-9]{4})-?([0-9]{2})-?([0-9]{2})", re.ASCII)


def birth_date(text: str) -> date:
    """The day from which to reckon the age of someone born on `text` (YYYY-MM-DD, or YYYYMMDD as on a card).

    Raises BirthDateInvalid when `text` has not this form or its year is 0.
    """
    match = _FORM.fullmatch(text)
    if match is None or match[1] == "0000":
        raise BirthDateInvalid("a birth date is YYYY-MM-DD", reason="form", accepted="YYYY-MM-DD")
    year, month, day = (int(part) for part in match.groups())
    return _earliest(year, month, day)


def _earliest(year: int, month: int, day: int) -> date:
    """The date itself, else the first day of its month, else the first day of its year."""
    for candidate in ((year, month, day), (year, month, 1)):
        try:
            return date(*candidate)
        except ValueError:
            continue
    return date(year, 1, 1)


def birth_month(nir: Nir, today: date) -> tuple[int, int] | None:
    """Year and month of birth in a NIR; None when its month is none of the calendar, or two centuries are possible.

    The NIR has two figures of the year: a century counts when it is not in the future, and the age at most `OLDEST`.
    """
    year, month = int(nir.digits[1:3]), int(nir.digits[3:5])
    if not 1 <= month <= MONTHS:
        return None
    possible = [
        century + year
        for century in (1900, 2000)
        if (century + year, month) <= (today.year, today.month) and today.year - century - year <= OLDEST
    ]
    return (possible[0], month) if len(possible) == 1 else None


def completed_years(born: date, on: date) -> int:
    """Age in completed years on the day `on`; BirthDateInvalid when `born` is later."""
    if born > on:
        raise BirthDateInvalid("born after the act", reason="after_act")
    return on.year - born.year - ((on.month, on.day) < (born.month, born.day))
