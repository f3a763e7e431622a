"""Working days of France, and how late a claim is by them."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.deadlines import (
    ALARM_AFTER,
    WARN_AFTER,
    easter,
    holidays,
    is_working_day,
    lateness,
    latest_day,
    working_days,
)

DAYS = st.dates(date(1990, 1, 1), date(2090, 12, 31))
EASTERS = [
    *("1818-03-22", "1943-04-25", "2000-04-23", "2008-03-23", "2019-04-21", "2024-03-31", "2025-04-20"),
    *("2026-04-05", "2027-03-28", "2038-04-25", "2049-04-18", "2076-04-19", "2285-03-22"),
]


@pytest.mark.parametrize("day", EASTERS)
def test_easter_is_where_the_tables_have_it(day: str) -> None:
    """The earliest and the latest days that it can have are among them, and the years of the exceptions."""
    assert easter(int(day[:4])).isoformat() == day


def test_the_holidays_of_a_year_are_those_of_the_calendar() -> None:
    """2026, as the government's calendar has it."""
    told = ["01-01", "04-06", "05-01", "05-08", "05-14", "05-25", "07-14", "08-15", "11-01", "11-11", "12-25"]
    assert sorted(holidays(2026)) == [date.fromisoformat(f"2026-{day}") for day in told]
    assert len(holidays(2008)) == 10, "Ascension fell on 1 May"


@pytest.mark.parametrize(
    ("since", "until", "count"),
    [
        ("2026-11-20", "2026-11-20", 0),
        ("2026-11-20", "2026-11-22", 0),  # Friday to Sunday
        ("2026-11-20", "2026-11-23", 1),
        ("2026-11-21", "2026-11-27", 5),  # from a Saturday
        ("2026-04-03", "2026-04-07", 1),  # Easter Monday between
        ("2026-05-07", "2026-05-15", 4),  # 8 May and Ascension between
        ("2026-12-24", "2027-01-04", 5),  # Christmas and New Year, both on a Friday
        ("2026-11-23", "2026-11-20", 0),
    ],
)
def test_days_are_counted_as_a_shop_counts_them(since: str, until: str, count: int) -> None:
    """Week-ends and holidays do not count, the day of registration neither."""
    assert working_days(date.fromisoformat(since), date.fromisoformat(until)) == count


@pytest.mark.parametrize(
    ("registered", "today", "told"),
    [
        ("2026-11-12", "2026-11-18", None),
        ("2026-11-12", "2026-11-19", "warn"),
        ("2026-11-12", "2026-11-23", "warn"),
        ("2026-11-12", "2026-11-24", "alarm"),
        ("2026-05-06", "2026-05-14", None),  # 8 May, a week-end and Ascension between: four days
        ("2026-05-06", "2026-05-15", "warn"),
        ("1970-01-01", "2026-11-22", "alarm"),
        ("2026-11-23", "2026-11-22", "warn"),
    ],
)
def test_a_claim_is_late_by_working_days(registered: str, today: str, told: str | None) -> None:
    """In time for four days, warned of from the fifth, an alarm from the eighth; one from the future is warned of."""
    assert lateness(date.fromisoformat(registered), date.fromisoformat(today)) == told


@given(DAYS, st.integers(0, 60))
def test_lateness_agrees_with_the_count(today: date, ago: int) -> None:
    """Counting forward day by day says the same as the border that a query uses."""
    registered = today - timedelta(days=ago)
    days = working_days(registered, today)
    expected = "alarm" if days >= ALARM_AFTER else "warn" if days >= WARN_AFTER else None
    assert lateness(registered, today) == expected


@given(DAYS, st.integers(1, 20))
def test_the_border_is_the_last_day_of_its_kind(today: date, days: int) -> None:
    """So many working days lie after it, and one day later it is one less or as many as before."""
    border = latest_day(today, days)
    assert working_days(border, today) == days
    assert working_days(border + timedelta(days=1), today) < days
    assert not is_working_day(date(today.year, 5, 1))
