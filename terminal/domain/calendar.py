"""Periods of the law, counted from date to date.

Rules: a period of months ends on the day of the same number; where that day does not exist, on the last of its month
(29 February becomes 28, 31 August plus six months 28 or 29 February). Nothing depends on a time of day.
"""

from calendar import monthrange
from datetime import date


def months_after(day: date, months: int) -> date:
    """The day `months` months after `day`, before it where `months` is negative."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, monthrange(year, month + 1)[1]))


def years_after(day: date, years: int) -> date:
    """The day `years` years after `day`, before it where `years` is negative."""
    return months_after(day, 12 * years)
