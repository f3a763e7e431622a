"""Until when a prescription may be delivered, and how an age is reckoned."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.domain.age import birth_date, completed_years
from terminal.domain.errors import BirthDateInvalid, PrescriptionExpired, PrescriptionFuture
from terminal.domain.prescription import Device, Prescriber, require_valid, valid_until

ISSUED = date(2024, 3, 10)
BIRTHS = {
    "15": date(2008, 3, 11),
    "16": date(2008, 3, 10),
    "42": date(1981, 3, 11),
    "43": date(1981, 3, 10),
}


@pytest.mark.parametrize(
    ("age", "prescriber", "device", "year"),
    [
        ("15", "physician", "glasses", 2025),
        ("16", "physician", "glasses", 2029),
        ("42", "physician", "glasses", 2029),
        ("43", "physician", "glasses", 2027),
        ("15", "orthoptist", "glasses", 2026),
        ("43", "orthoptist", "glasses", 2026),
        ("15", "physician", "contact_lenses", 2025),
        ("15", "orthoptist", "contact_lenses", 2025),
        ("16", "physician", "contact_lenses", 2027),
        ("43", "physician", "contact_lenses", 2027),
        ("16", "orthoptist", "contact_lenses", 2026),
    ],
)
def test_validity_by_age_prescriber_and_device(age: str, prescriber: Prescriber, device: Device, year: int) -> None:
    """CSP D4362-12 and D4362-11-1 at each age limit, the birthday included."""
    assert valid_until(ISSUED, BIRTHS[age], prescriber=prescriber, device=device) == date(year, 3, 10)


def test_a_leap_day_ends_on_the_28th() -> None:
    """A prescription of 29 February ends on 28 February when its last year is no leap year, on the 29th when it is."""
    assert valid_until(date(2024, 2, 29), date(1990, 1, 1)) == date(2029, 2, 28)
    assert valid_until(date(2024, 2, 29), date(2010, 1, 1)) == date(2025, 2, 28)


def test_a_prescription_from_before_the_birth_is_refused() -> None:
    """One of the two dates is wrong."""
    with pytest.raises(BirthDateInvalid):
        valid_until(ISSUED, date(2024, 3, 11))


def test_the_last_day_is_valid_and_the_next_is_not() -> None:
    """The day itself and the last day are accepted; a day after or before is refused with the date."""
    last = date(2025, 3, 10)
    require_valid(ISSUED, ISSUED, last)
    require_valid(ISSUED, last, last)
    with pytest.raises(PrescriptionExpired) as expired:
        require_valid(ISSUED, date(2025, 3, 11), last)
    assert expired.value.facts == {"until": "2025-03-10"}
    with pytest.raises(PrescriptionFuture) as future:
        require_valid(ISSUED, date(2024, 3, 9), last)
    assert future.value.facts == {"date": "2024-03-10"}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1984-05-17", date(1984, 5, 17)),
        ("19840517", date(1984, 5, 17)),
        ("1950-20-00", date(1950, 1, 1)),
        ("19500000", date(1950, 1, 1)),
        ("1950-06-00", date(1950, 6, 1)),
        ("1950-02-31", date(1950, 2, 1)),
        ("2023-02-29", date(2023, 2, 1)),
    ],
)
def test_a_lunar_date_is_reckoned_from_its_first_day(text: str, expected: date) -> None:
    """A date without its month or day counts from the first day that it could mean."""
    assert birth_date(text) == expected


@pytest.mark.parametrize(
    "text", ["", "1984-5-17", "17/05/1984", "0000-01-01", "1984-05-17T00:00", "١٩٨٤-05-17", "840517"]
)
def test_what_is_no_birth_date_is_refused_without_repeating_it(text: str) -> None:
    """Another form is refused, and the error does not hold it."""
    with pytest.raises(BirthDateInvalid) as raised:
        birth_date(text)
    assert text == "" or text not in str(raised.value) + repr(raised.value.facts)


@given(st.dates(date(1900, 1, 1), date(2024, 1, 1)), st.integers(0, 120))
def test_an_age_grows_on_the_birthday(born: date, years: int) -> None:
    """The day before a birthday counts one year less (29 February aside, whose birthday is not every year)."""
    if (born.month, born.day) == (2, 29):
        born = born.replace(day=28)
    birthday = born.replace(year=born.year + years)
    assert completed_years(born, birthday) == years
    if years:
        assert completed_years(born, date.fromordinal(birthday.toordinal() - 1)) == years - 1


def test_born_on_a_leap_day() -> None:
    """Someone born on 29 February is a year older on 1 March of a common year, on the day itself in a leap year."""
    born = date(2008, 2, 29)
    assert completed_years(born, date(2023, 2, 28)) == 14
    assert completed_years(born, date(2023, 3, 1)) == 15
    assert completed_years(born, date(2024, 2, 29)) == 16
