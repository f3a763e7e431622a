"""What a person types, turned into values, once.

Rules: pure; money in integer cents; a correction is read as prescriptions write it, and its sign is never guessed; a
comma and a point are the same key; on an AZERTY keyboard the unshifted top row gives digits in every figure; a day
without a year is the latest such day, and no day lies in the future. Every refusal has a code whose sentence says
what to type instead.
"""

import re
from collections.abc import Mapping
from datetime import date
from typing import ClassVar

from terminal.domain.choice import MINUS
from terminal.domain.errors import DomainError
from terminal.domain.notation import WrittenEye, power_text, read_written
from terminal.workflow.types import Eye

AZERTY_DIGITS = str.maketrans("&é\"'(-è_çà", "1234567890")
_AMOUNT = re.compile(r"(\d{1,5})(?:[.,](\d{0,2}))?")
LARGEST_WHOLE_DIOPTRE = 20
"""Above it, signed figures without a comma are hundredths: `-125` is -1,25 and `+75` is +0,75, but `-6` is -6,00."""
EYES_WRITTEN: tuple[Eye, ...] = ("right", "left")
_SHORT = re.compile(r"([+\-−]\s*)(\d{1,4})(?![\d.,])")
_SIGNS = ("+", "-")
_WANTS_FIVE = re.compile(r"(?:[+-]|[.,][27]?)$")


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


class OtherEye(EntryError):
    """A correction that names the other eye."""

    code = "entry_other_eye"


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


def written_entry(typed: str) -> str:
    """A correction as typed, with a comma in each signed figure that lacks it: `-125 -050 90` as `-1,25 -0,50 90`."""
    return _SHORT.sub(lambda match: match[1] + _with_comma(match[2]), typed)


def parse_written(typed: str, eye: Eye) -> Mapping[Eye, WrittenEye]:
    """What a field for `eye` says: that eye, or both when it names both.

    Raises OtherEye, and what `read_written` raises.
    """
    said = read_written(written_entry(typed))
    if "unnamed" in said:
        return {eye: said["unnamed"]}
    if eye not in said:
        raise OtherEye
    return {side: said[side] for side in EYES_WRITTEN if side in said}


def tidy_amount(typed: str) -> str:
    """An amount with both decimals; AmountInvalid when it is none."""
    return amount_entry(parse_amount(typed))


def tidy_written(typed: str) -> str:
    """A correction of one eye as prescriptions write it; EntryError when it cannot be read yet."""
    try:
        said = read_written(written_entry(typed))
    except DomainError as error:
        raise EntryError from error
    return written_text(said["unnamed"]) if "unnamed" in said else typed


def written_text(eye: WrittenEye) -> str:
    """All that was read of an eye, in the signs of a keyboard: `+2,00 (-3,00) 90° add 2,00 prisme 1,00 base nas`."""
    parts = [eye.text()]
    if eye.addition is not None:
        parts.append(f"add {power_text(eye.addition).removeprefix('+')}")
    if eye.prism is not None:
        parts.append(f"prisme {power_text(eye.prism.power).removeprefix('+')} base {eye.prism.base}")
    return " ".join(parts).replace(MINUS, "-")


def azerty_written(character: str, before: str) -> str:
    """The figure of an unshifted AZERTY key where only a figure can stand; otherwise the character itself.

    `(` and `-` are figures only after a sign or within decimals, accented letters only outside a word.
    """
    if character == "(":
        return "5" if _WANTS_FIVE.search(before) else character
    if character == "-":
        return "6" if before[-1:] in _SIGNS else character
    if before[-1:].isalpha() or (character == "à" and before[-1:].isspace()):
        return character
    return azerty_digit(character)


def check_same_nir(first: str, second: str) -> None:
    """NirsDiffer at the first figure where two blind entries differ."""
    for position, (one, other) in enumerate(zip(first.ljust(15), second.ljust(15), strict=True), start=1):
        if one != other:
            raise NirsDiffer(position=position)


def _with_comma(figures: str) -> str:
    """`125` is 1,25 and `75` is 0,75, but `6` and `12` are whole."""
    whole = len(figures) < 3 and int(figures) <= LARGEST_WHOLE_DIOPTRE
    return figures if whole else f"{int(figures) // 100},{int(figures) % 100:02}"


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
