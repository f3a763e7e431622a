"""How French figures, days and ages are written, and what happens to a sentence without its facts."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.i18n import TextMissing, age_text, date_text, error_text, moment_text, money_text, text, time_text

NBSP = "\u00a0"


@pytest.mark.parametrize(
    ("cents", "shown"),
    [(0, "0,00 €"), (5, "0,05 €"), (123450, "1 234,50 €"), (-990, "-9,90 €"), (123456789, "1 234 567,89 €")],
)
def test_money_is_written_as_in_france(cents: int, shown: str) -> None:
    """A comma, groups of three, no-break spaces."""
    assert money_text(cents) == shown.replace(" ", NBSP)


@given(st.integers(min_value=-(10**12), max_value=10**12))
def test_money_text_loses_no_cent(cents: int) -> None:
    """Reading the digits back gives the amount."""
    digits = money_text(cents).replace(NBSP, "").replace("€", "").replace(",", "")
    assert int(digits) == cents


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (-5, "0 s"),
        (20, "20 s"),
        (59.9, "59 s"),
        (60, "1 min"),
        (3599, "59 min"),
        (3600, "1 h"),
        (7800, "2 h 10"),
        (7500, "2 h 05"),
        (86399, "23 h 59"),
        (3 * 86400, "3 j"),
    ],
)
def test_age_in_its_largest_units(seconds: float, shown: str) -> None:
    """Seconds, minutes, hours with minutes, days."""
    assert age_text(timedelta(seconds=seconds)) == shown.replace(" ", NBSP)


def test_instants_are_told_in_french_time() -> None:
    """Winter is UTC+1, summer UTC+2."""
    assert time_text(datetime(2026, 1, 5, 13, 31, tzinfo=UTC)) == "14:31"
    assert time_text(datetime(2026, 7, 5, 13, 31, 9, tzinfo=UTC), seconds=True) == "15:31:09"


def test_an_instant_of_another_day_is_told_by_its_day() -> None:
    """Midnight is that of France."""
    now = datetime(2026, 11, 21, 22, 30, tzinfo=UTC)
    assert moment_text(datetime(2026, 11, 20, 23, 30, tzinfo=UTC), now) == "00:30"
    assert moment_text(datetime(2026, 11, 20, 22, 30, tzinfo=UTC), now) == "20/11"


def test_a_day_is_written_day_first() -> None:
    """JJ/MM/AAAA."""
    assert date_text(date(2026, 11, 2)) == "02/11/2026"


def test_a_missing_sentence_is_a_defect() -> None:
    """An unknown key raises, for a screen must not show a key."""
    with pytest.raises(TextMissing):
        text("no.such.key")


def test_sentences_format_their_facts() -> None:
    """A sentence asks for money and for days; ISO text counts as a day."""
    what, _ = error_text("price_above_plv", {"price": 4000, "plv": 3250})
    assert what == f"Le prix 40,00{NBSP}€ dépasse le prix limite 32,50{NBSP}€."
    assert "12/11/2026" in error_text("prescription_expired", {"until": "2026-11-12"})[0]


def test_an_error_without_its_facts_is_still_told() -> None:
    """What is missing or not of its form shows as it is; nothing raises."""
    assert error_text("prescription_expired", {"until": "soon"})[0].endswith("soon.")
    assert "?" in error_text("price_above_plv")[0]


def test_an_unknown_code_is_named() -> None:
    """A code without a sentence gives the general pair, with the code."""
    what, todo = error_text("code_of_tomorrow")
    assert "code_of_tomorrow" in what
    assert todo
