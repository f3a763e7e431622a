"""The CNAM's base, or a table of tariffs, as read from a file and not yet accepted.

Rules: every code has its key, every period its first day, and the periods of a code do not overlap. A period may begin
on the day on which the former ends: the files do not say whether a last day counts, and then the new one counts.
Whatever is wrong refuses the whole file with the number of the record (from 1).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import Final, Literal

from terminal.domain.errors import DomainError, ImportInvalid
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import Confidence
from terminal.domain.money import Cents

Form = Literal["nx", "dbf", "csv"]
OPTICS_TREE: Final = ("2", "2")
"""Title II, chapter 2 of the nomenclature."""


@dataclass(frozen=True, slots=True)
class OfficialTariff:
    """A tariff from `start` to `end` (None: open), in cents a unit; `record` is where it stands in the file.

    `base` None: not set, or on quote; `plv` None: no ceiling; `nature` None: the file does not say.
    """

    start: date
    end: date | None
    nature: str | None
    on_quote: bool
    base: Cents | None
    plv: Cents | None
    quantity_max: int | None
    record: int
    confidence: Confidence = "high"
    source: str = ""


@dataclass(frozen=True, slots=True)
class OfficialCode:
    """A code of the file. `ended`: first day without it; `tree`: its place in the nomenclature, None where unsaid."""

    code: LppCode
    label: str
    ended: date | None
    age_max: int | None
    tree: tuple[str, ...] | None
    tariffs: tuple[OfficialTariff, ...]
    record: int


@dataclass(frozen=True, slots=True)
class Official:
    """All the codes of a file. `whole`: the full base, whose periods replace ours; else they are laid over ours."""

    form: Form
    name: str
    sha256: str
    codes: tuple[OfficialCode, ...]
    whole: bool


def code_at(record: int, text: str) -> LppCode:
    """The LPP code in `text`; ImportInvalid with the record when form or key do not hold."""
    try:
        return LppCode.parse(text)
    except DomainError as error:
        raise invalid(record, f"code_{error.facts['reason']}") from error


def checked(codes: Iterable[OfficialCode]) -> tuple[OfficialCode, ...]:
    """The codes, each there once and with periods that follow one another."""
    seen: set[LppCode] = set()
    found = tuple(codes)
    for code in found:
        if code.code in seen:
            raise invalid(code.record, "code_twice", str(code.code))
        seen.add(code.code)
        _check_periods(code)
    if not found:
        raise invalid(1, "no_code")
    return found


def _check_periods(code: OfficialCode) -> None:
    for tariff in code.tariffs:
        if tariff.end is not None and tariff.end < tariff.start:
            raise invalid(tariff.record, "period_backwards", str(code.code))
    for one, other in pairwise(in_time(code.tariffs)):
        if one.start == other.start or one.end is None or one.end > other.start:
            raise invalid(other.record, "periods_overlap", str(code.code))


def in_time(tariffs: Iterable[OfficialTariff]) -> Sequence[OfficialTariff]:
    """Tariffs from the oldest to the newest."""
    return sorted(tariffs, key=lambda tariff: tariff.start)


def day_at(record: int, text: str) -> date | None:
    """A date written YYYYMMDD, None for blanks or zeros; ImportInvalid with the record otherwise."""
    if not text.strip(" 0"):
        return None
    try:
        return date(int(text[:4]), int(text[4:6]), int(text[6:8]))
    except ValueError as error:
        raise invalid(record, "date") from error


def invalid(record: int, reason: str, lpp_code: str = "", **facts: str | int) -> ImportInvalid:
    """The refusal of the whole file, with the record that is wrong."""
    named = {"lpp_code": lpp_code} if lpp_code else {}
    return ImportInvalid("the file is refused", record=record, reason=reason, **named, **facts)
