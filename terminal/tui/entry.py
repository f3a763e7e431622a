"""What a person types, turned into values, once.

Rules: pure; money in cents and corrections in hundredths of a dioptre, both integers; a comma and a point are the
same key; on an AZERTY keyboard the unshifted top row gives digits in every figure; a day without a year is the latest
such day, and no day lies in the future. Every refusal has a code whose sentence says what to type instead.
"""

import re
from datetime import date
from typing import ClassVar

AZERTY_DIGITS = str.maketrans("&é\"'(-è_çà", "1234567890")
_AMOUNT = re.compile(r"(\d{1,5})(?:[.,](\d{0,2}))?")
_DIOPTRE = re.compile(r"([+-]?)(\d{0,4})(?:[.,](\d{0,2}))?")
LARGEST_WHOLE_DIOPTRE = 20
"""Above it, figures typed without a comma are hundredths: `125` is 1,25 and `75` is 0,75, but `6` is 6,00."""


class EntryError(Exception):
    """Base of what a field can refuse. `facts` never hold what was typed."""

    code: ClassVar[str] = "entry_invalid"

    def __init__(self, **facts: str | int) -> None:
        super().__init__(self.code)
        self.facts: dict[str, str | int] = facts


class DayInvalid(EntryError):
    """Not a day of the calendar, or not of the forms JJMM, JJMMAA, JJMMAAAA."""

    code = "entry_day_invalid"


class DayInFuture(EntryError):
    """A day after today."""

    code = "entry_day_future"


class BirthDayInvalid(EntryError):
    """Not a day of birth of the form JJMMAAAA, or one after today."""

    code = "entry_birth_day_invalid"


class AmountInvalid(EntryError):
    """Not an amount in euros with at most two decimals."""

    code = "entry_amount_invalid"


class DioptreInvalid(EntryError):
    """Not a correction in steps of a quarter of a dioptre."""

    code = "entry_dioptre_invalid"


class NirsDiffer(EntryError):
    """Two blind entries of a NIR are not the same; `position` is where, from 1."""

    code = "entry_nirs_differ"


def azerty_digit(character: str) -> str:
    """The digit of an unshifted AZERTY top-row key; any other character as it is."""
    return character.translate(AZERTY_DIGITS)


def parse_day(typed: str, today: date) -> date:
    """A day from JJMM (the latest one), JJMMAA (this century) or JJMMAAAA; never after `today`."""
    if len(typed) == 4:
        return _latest(int(typed[2:]), int(typed[:2]), today) if typed.isdigit() else _refuse_day()
    day = _civil(typed, century=2000)
    if day > today:
        raise DayInFuture
    return day


def parse_birth_day(typed: str, today: date) -> date:
    """A day of birth from JJMMAAAA only: two figures of a year do not tell a child from a centenarian."""
    if len(typed) != 8:
        raise BirthDayInvalid
    try:
        day = _civil(typed, century=0)
    except DayInvalid as error:
        raise BirthDayInvalid from error
    if day > today:
        raise BirthDayInvalid
    return day


def parse_amount(typed: str) -> int:
    """Euros with a comma or a point, as cents."""
    match = _AMOUNT.fullmatch(typed)
    if match is None:
        raise AmountInvalid
    return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0"))


def amount_entry(cents: int) -> str:
    """An amount as a field shows it: `32,50`."""
    return f"{cents // 100},{cents % 100:02}"


def parse_dioptre(typed: str) -> int:
    """A sphere or a cylinder in hundredths of a dioptre: `-1,25`, `+2`, or without comma `-125`."""
    match = _DIOPTRE.fullmatch(typed)
    if match is None or not (match[2] or match[3]):
        raise DioptreInvalid
    hundredths = _hundredths(match[2] or "0", match[3])
    if hundredths % 25:
        raise DioptreInvalid
    return -hundredths if match[1] == "-" else hundredths


def tidy_amount(typed: str) -> str:
    """An amount with both decimals; AmountInvalid when it is none."""
    return amount_entry(parse_amount(typed))


def tidy_dioptre(typed: str) -> str:
    """A correction with sign and both decimals; DioptreInvalid when it is none."""
    return dioptre_entry(parse_dioptre(typed))


def dioptre_entry(hundredths: int) -> str:
    """A correction as a field shows it: `-1,25`, `+0,50`."""
    return f"{'-' if hundredths < 0 else '+'}{abs(hundredths) // 100},{abs(hundredths) % 100:02}"


def check_same_nir(first: str, second: str) -> None:
    """NirsDiffer at the first figure where two blind entries differ."""
    for position, (one, other) in enumerate(zip(first.ljust(15), second.ljust(15), strict=True), start=1):
        if one != other:
            raise NirsDiffer(position=position)


def _hundredths(whole: str, decimals: str | None) -> int:
    if decimals is not None:
        return int(whole) * 100 + int(decimals.ljust(2, "0"))
    return int(whole) * 100 if int(whole) <= LARGEST_WHOLE_DIOPTRE and len(whole) < 3 else int(whole)


def _latest(month: int, day: int, today: date) -> date:
    for year in range(today.year, today.year - 9, -1):
        try:
            found = date(year, month, day)
        except ValueError:
            if (month, day) == (2, 29):
                continue
            return _refuse_day()
        if found <= today:
            return found
    return _refuse_day()


def _civil(typed: str, century: int) -> date:
    if len(typed) not in (6, 8) or not typed.isdigit():
        return _refuse_day()
    year = int(typed[4:]) + (century if len(typed) == 6 else 0)
    try:
        return date(year, int(typed[2:4]), int(typed[:2]))
    except ValueError:
        return _refuse_day()


def _refuse_day() -> date:
    raise DayInvalid
