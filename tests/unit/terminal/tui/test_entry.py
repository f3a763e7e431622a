"""What a person types in a field: days, amounts, corrections, a NIR twice."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.tui.entry import (
    AmountInvalid,
    BirthDayInvalid,
    DayInFuture,
    DayInvalid,
    EntryError,
    NirsDiffer,
    OtherEye,
    amount_entry,
    azerty_digit,
    check_same_nir,
    parse_amount,
    parse_birth_day,
    parse_day,
    parse_written,
    tidy_amount,
    tidy_written,
)

TODAY = date(2026, 11, 21)


@pytest.mark.parametrize(
    ("typed", "day"),
    [
        ("1211", date(2026, 11, 12)),
        ("2111", date(2026, 11, 21)),
        ("2211", date(2025, 11, 22)),
        ("3112", date(2025, 12, 31)),
        ("2902", date(2024, 2, 29)),
        ("121125", date(2025, 11, 12)),
        ("12112025", date(2025, 11, 12)),
    ],
)
def test_a_day_without_a_year_is_the_latest_one(typed: str, day: date) -> None:
    """JJMM, JJMMAA and JJMMAAAA."""
    assert parse_day(typed, TODAY) == day


@pytest.mark.parametrize("typed", ["", "12", "12111", "3102", "0000", "1213", "31022025", "2902202", "123456789"])
def test_what_is_no_day_is_refused(typed: str) -> None:
    """Days that do not exist, and other lengths."""
    with pytest.raises(DayInvalid):
        parse_day(typed, TODAY)


@pytest.mark.parametrize("typed", ["221126", "22112026", "01012099"])
def test_a_day_in_the_future_is_refused(typed: str) -> None:
    """Never after today."""
    with pytest.raises(DayInFuture):
        parse_day(typed, TODAY)


@given(st.dates(max_value=TODAY, min_value=date(2000, 1, 1)), st.sampled_from(["%d%m", "%d%m%y", "%d%m%Y"]))
def test_every_past_day_can_be_typed(day: date, form: str) -> None:
    """The day typed comes back, and a day without a year is never in the future nor nine years old."""
    found = parse_day(day.strftime(form), TODAY)
    assert (found.day, found.month) == (day.day, day.month)
    assert TODAY - timedelta(days=9 * 366) < found <= TODAY if form == "%d%m" else found == day


@pytest.mark.parametrize("typed", ["0503", "050384", "31021984", "22112026", "0503198", "00001968"])
def test_a_birth_day_needs_its_four_figure_year(typed: str) -> None:
    """Two figures do not tell a child from a centenarian."""
    with pytest.raises(BirthDayInvalid):
        parse_birth_day(typed, TODAY)


def test_a_centenarian_has_a_birth_day() -> None:
    """1926 is 1926."""
    assert parse_birth_day("05031926", TODAY) == date(1926, 3, 5)


@pytest.mark.parametrize(
    ("typed", "cents"), [("32,50", 3250), ("32.5", 3250), ("120", 12000), ("0", 0), ("7,", 700), ("99999,99", 9999999)]
)
def test_an_amount_has_a_comma_or_a_point(typed: str, cents: int) -> None:
    """Cents, whatever the separator; « 12,5 » is never 125."""
    assert parse_amount(typed) == cents


@pytest.mark.parametrize("typed", ["", ",5", "1,234", "1 2", "-3", "123456", "1,2,3"])
def test_what_is_no_amount_is_refused(typed: str) -> None:
    """Three decimals, a sign, too many figures."""
    with pytest.raises(AmountInvalid):
        parse_amount(typed)


@given(st.integers(min_value=0, max_value=9_999_999))
def test_an_amount_is_read_back(cents: int) -> None:
    """Writing and reading are inverse, and tidying changes nothing more."""
    assert parse_amount(amount_entry(cents)) == cents
    assert tidy_amount(amount_entry(cents)) == amount_entry(cents)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("-125", "-1,25"),
        ("+2", "+2,00"),
        ("-6 -050 90", "-6,00 (-0,50) 90°"),
        ("-75", "-0,75"),
        ("+20", "+20,00"),
        ("+21", None),
        ("-1.25(-.5)", None),
        ("-1.25 (-0.5) 5", "-1,25 (-0,50) 5°"),
        ("plan (+100) 180 add 225", None),
        ("plan (+100) 180 add 2,25", "0,00 (+1,00) 180° add 2,25"),
        ("+2,00 (90° -3,00) prisme 2 base nas", "+2,00 (-3,00) 90° prisme 2,00 base nas"),
        ("1,25", None),
        ("", None),
        ("-1,3", None),
    ],
)
def test_a_correction_is_typed_as_prescriptions_write_it(typed: str, written: str | None) -> None:
    """With commas or in hundredths; what cannot be read stays as it is and is told by what reads it."""
    if written is None:
        with pytest.raises(EntryError):
            tidy_written(typed)
    else:
        assert tidy_written(typed) == written
        assert tidy_written(written) == written


def test_a_field_says_its_own_eye_or_both() -> None:
    """The right field may hold the whole prescription; the other eye's alone is refused."""
    assert set(parse_written("-1", "left")) == {"left"}
    both = parse_written("OD -1,00 OG -2,00", "right")
    assert {eye: said.correction.sphere for eye, said in both.items()} == {"right": -100, "left": -200}
    assert set(parse_written("ODG plan", "right")) == {"right", "left"}
    with pytest.raises(OtherEye):
        parse_written("OG -1,00", "right")


def test_the_top_row_of_an_azerty_keyboard_gives_digits() -> None:
    """Without Shift; other characters stay."""
    assert "".join(map(azerty_digit, "&é\"'(-è_çà")) == "1234567890"
    assert azerty_digit("b") == "b"


def test_two_blind_entries_name_where_they_differ() -> None:
    """From 1; a shorter entry differs at its end."""
    check_same_nir("284057599900123", "284057599900123")
    with pytest.raises(NirsDiffer) as differing:
        check_same_nir("284057599900123", "284057699900123")
    assert differing.value.facts == {"position": 7}
    with pytest.raises(NirsDiffer):
        check_same_nir("284057599900123", "28405759990012")
