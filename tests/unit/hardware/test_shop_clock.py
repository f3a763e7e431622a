"""The clock tells the system's time, the shop's date, and whether to believe them."""

from datetime import UTC, date, datetime, timedelta, timezone
from pathlib import Path
from zoneinfo import TZPATH, ZoneInfo, reset_tzpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import SystemClock, TimezoneMissing

FLOOR = datetime(2026, 10, 1, tzinfo=UTC)


@given(st.timedeltas(timedelta(days=-20_000), timedelta(days=20_000)))
def test_a_time_before_the_floor_is_not_trusted(away: timedelta) -> None:
    """The time is given as it is; it is trusted from the floor on."""
    clock = SystemClock(FLOOR, lambda: FLOOR + away)
    assert clock.now() == FLOOR + away
    assert clock.trusted is (away >= timedelta(0))


def test_the_time_is_in_utc() -> None:
    """Whatever zone the reading has, the answer is aware and in UTC."""
    clock = SystemClock(FLOOR, lambda: datetime(2026, 11, 21, 1, tzinfo=timezone(timedelta(hours=2))))
    assert (clock.now().hour, clock.now().tzinfo) == (23, UTC)


@pytest.mark.parametrize(
    ("instant", "expected"),
    [
        (datetime(2026, 7, 13, 21, 59, tzinfo=UTC), date(2026, 7, 13)),
        (datetime(2026, 7, 13, 22, 0, tzinfo=UTC), date(2026, 7, 14)),
        (datetime(2026, 12, 31, 22, 59, tzinfo=UTC), date(2026, 12, 31)),
        (datetime(2026, 12, 31, 23, 0, tzinfo=UTC), date(2027, 1, 1)),
    ],
)
def test_the_date_is_the_shops(instant: datetime, expected: date) -> None:
    """Midnight is midnight in France, in summer and in winter."""
    assert SystemClock(FLOOR, lambda: instant).today() == expected


def test_the_system_is_asked_by_default() -> None:
    """Without another reading the machine's clock is told."""
    before = datetime.now(UTC)
    clock = SystemClock(before)
    assert clock.trusted
    assert before <= clock.now() <= datetime.now(UTC)


def test_a_floor_without_a_zone_is_a_programming_error() -> None:
    """A naive floor could be any instant."""
    with pytest.raises(ValueError, match="aware"):
        SystemClock(datetime(2026, 10, 1))  # noqa: DTZ001 (the point of the test)


def test_a_system_without_time_zones_is_said(tmp_path: Path) -> None:
    """Without the tables the date at the shop is unknown: an error of the environment, at once."""
    before = TZPATH
    reset_tzpath([str(tmp_path)])
    ZoneInfo.clear_cache()
    try:
        with pytest.raises(TimezoneMissing):
            SystemClock(FLOOR)
    finally:
        reset_tzpath(before)
