"""When an equipment may be paid for again: ages, periods from date to date, grounds, contact lenses."""

from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.domain.calendar import months_after, years_after
from terminal.domain.errors import BirthDateInvalid, LastEquipmentFuture, RenewalGroundUnfit, RenewalTooEarly
from terminal.domain.renewal import Ground, Renewal, judge_contact_lenses, judge_renewal

DELIVERY = date(2026, 5, 14)
BORN = {"5": date(2020, 5, 15), "6": date(2020, 5, 14), "15": date(2010, 5, 15), "16": date(2010, 5, 14)}
DAY = timedelta(days=1)


def before(months: int) -> date:
    """The day so many months before the delivery."""
    return months_after(DELIVERY, -months)


@pytest.mark.parametrize(
    ("age", "ground", "months"),
    [
        ("16", None, 24),
        ("16", "sight_changed", 12),
        ("16", "medical_situation", 0),
        ("15", None, 12),
        ("15", "sight_changed", 0),
        ("15", "medical_situation", 0),
        ("6", None, 12),
        ("6", "sight_changed", 0),
        ("5", None, 12),
        ("5", "frame_outgrown", 6),
        ("5", "sight_changed", 0),
        ("5", "medical_situation", 0),
    ],
)
def test_the_period_by_age_and_ground(age: str, ground: Ground | None, months: int) -> None:
    """Allowed on the day the period ends, refused the day before with that day."""
    renewal = judge_renewal(before(months), DELIVERY, BORN[age], ground)
    assert renewal.last == before(months)
    assert renewal.early is (ground is not None)
    assert renewal.ground == ground
    if not months:
        return
    with pytest.raises((RenewalTooEarly, RenewalGroundUnfit)) as raised:
        judge_renewal(before(months) + DAY, DELIVERY, BORN[age], ground)
    if ground is not None:
        assert raised.value.facts["allowed_from"] == (DELIVERY + DAY).isoformat()


def test_a_renewal_on_its_day_needs_no_ground_and_uses_none() -> None:
    """From the due day on nothing is early, and a ground that was told is forgotten."""
    renewal = judge_renewal(before(24), DELIVERY, BORN["16"], "medical_situation")
    assert renewal == Renewal(before(24), DELIVERY, early=False, ground=None)


def test_an_early_renewal_says_when_it_would_be_due() -> None:
    """The due day is without ground, whatever the ground allowed."""
    renewal = judge_renewal(before(13), DELIVERY, BORN["16"], "sight_changed")
    assert (renewal.early, renewal.due) == (True, months_after(before(13), 24))


@pytest.mark.parametrize(
    ("age", "ground", "accepted"),
    [
        ("16", None, "sight_changed, medical_situation"),
        ("16", "frame_outgrown", "sight_changed, medical_situation"),
        ("6", "frame_outgrown", "sight_changed, medical_situation"),
        ("5", "lost", "sight_changed, frame_outgrown, medical_situation"),
        ("16", "broken", "sight_changed, medical_situation"),
    ],
)
def test_a_ground_that_is_none_lists_those_that_are(age: str, ground: Any, accepted: str) -> None:
    """Without a ground, with that of another age, with loss or breakage: the grounds of this age are named."""
    last = before(3)
    if ground is None:
        with pytest.raises(RenewalTooEarly) as early:
            judge_renewal(last, DELIVERY, BORN[age], ground)
        assert early.value.facts == {
            "allowed_from": months_after(last, 24).isoformat(),
            "accepted": "medical_situation",
        }
        return
    with pytest.raises(RenewalGroundUnfit) as unfit:
        judge_renewal(last, DELIVERY, BORN[age], ground)
    assert unfit.value.facts == {"ground": ground, "accepted": accepted}


def test_too_early_names_the_grounds_that_would_do() -> None:
    """After thirteen months a change of sight would do for an adult, after three months it would not."""
    both = "sight_changed, medical_situation"
    for months, accepted in ((13, both), (12, both), (3, "medical_situation")):
        with pytest.raises(RenewalTooEarly) as raised:
            judge_renewal(before(months), DELIVERY, BORN["16"])
        assert raised.value.facts["accepted"] == accepted


def test_dates_that_contradict_each_other() -> None:
    """A last equipment after the delivery, and a birth after it, are refused."""
    with pytest.raises(LastEquipmentFuture) as raised:
        judge_renewal(DELIVERY + DAY, DELIVERY, BORN["16"])
    assert raised.value.facts == {"last": "2026-05-15", "delivery": "2026-05-14"}
    with pytest.raises(BirthDateInvalid):
        judge_renewal(before(30), DELIVERY, DELIVERY + DAY)


def test_a_second_equipment_on_the_same_day_is_early() -> None:
    """The day of the last one counts from that day."""
    with pytest.raises(RenewalTooEarly):
        judge_renewal(DELIVERY, DELIVERY, BORN["15"])
    assert judge_renewal(DELIVERY, DELIVERY, BORN["15"], "sight_changed").early


def test_a_ground_does_not_show() -> None:
    """A medical ground is health data."""
    assert "medical" not in repr(judge_renewal(before(1), DELIVERY, BORN["16"], "medical_situation"))


def test_contact_lenses_once_a_year_and_eye() -> None:
    """Each eye on its own; on the day itself it is allowed again; an eye without a last one is free."""
    judge_contact_lenses({"right": before(12)}, DELIVERY, ["right", "left"])
    judge_contact_lenses({"left": before(1)}, DELIVERY, ["right"])
    with pytest.raises(RenewalTooEarly) as raised:
        judge_contact_lenses({"right": before(12), "left": before(12) + DAY}, DELIVERY, ["right", "left"])
    assert raised.value.facts == {"eye": "left", "allowed_from": "2026-05-15", "accepted": ""}
    judge_contact_lenses({"left": before(12)}, DELIVERY, ["left"])
    with pytest.raises(RenewalTooEarly):
        judge_contact_lenses({"left": before(1)}, DELIVERY, ["right", "left"])
    with pytest.raises(RenewalTooEarly):
        judge_contact_lenses({"left": DELIVERY}, DELIVERY, ["left"])
    with pytest.raises(LastEquipmentFuture) as future:
        judge_contact_lenses({"left": DELIVERY + DAY}, DELIVERY, ["left"])
    assert future.value.facts == {"last": "2026-05-15", "delivery": "2026-05-14"}


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        ("2026-05-14", 24, "2028-05-14"),
        ("2026-05-14", 0, "2026-05-14"),
        ("2026-08-31", 6, "2027-02-28"),
        ("2027-08-31", 6, "2028-02-29"),
        ("2024-02-29", 12, "2025-02-28"),
        ("2024-02-29", 48, "2028-02-29"),
        ("2026-12-31", 1, "2027-01-31"),
        ("2026-01-31", -2, "2025-11-30"),
        ("2026-01-01", -1, "2025-12-01"),
    ],
)
def test_months_from_date_to_date(day: str, months: int, then: str) -> None:
    """The same number of day, or the last of its month."""
    assert months_after(date.fromisoformat(day), months) == date.fromisoformat(then)


@given(st.dates(date(1900, 1, 1), date(2100, 1, 1)), st.integers(-20, 20))
def test_years_are_twelve_months(day: date, years: int) -> None:
    """A year is twelve months, and only 29 February moves."""
    then = years_after(day, years)
    assert then == months_after(day, 12 * years)
    assert then.year == day.year + years
    assert (then.month, then.day) == (day.month, day.day) or (day.month, day.day, then.day) == (2, 29, 28)
