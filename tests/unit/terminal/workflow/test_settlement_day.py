"""The day of a settlement, at the hours when it is already another one in France."""

from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from terminal.workflow.settlement import settlement_day

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        (datetime(2026, 11, 22, 23, 30, tzinfo=UTC), date(2026, 11, 22)),
        (datetime(2026, 11, 23, 0, 30, tzinfo=PARIS), date(2026, 11, 22)),
        (datetime(2026, 7, 1, 1, 59, tzinfo=PARIS), date(2026, 6, 30)),
        (datetime(2026, 7, 1, 2, 0, tzinfo=PARIS), date(2026, 7, 1)),
    ],
)
def test_a_receipt_of_the_last_hour_counts_to_the_insurers_day(moment: datetime, day: date) -> None:
    """A claim that is acknowledged then and has no word yet is named in that day's file, not passed over."""
    assert settlement_day(moment) == day
