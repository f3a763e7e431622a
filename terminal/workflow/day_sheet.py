"""A day's sheet as screens and papers show it.

Rules: plain frozen values; amounts are cents and unknown where a dossier was erased; no person unless asked for.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from terminal.domain.claim import NEEDS_A_PERSON, WAITING


@dataclass(frozen=True, slots=True)
class DayLine:
    """One claim; amounts in cents, None where its dossier was erased or was never here. `name` only where asked for."""

    number: str
    claim_id: str
    insurer: str
    insurer_name: str
    state: str
    price: int | None
    amo: int | None
    amc: int | None
    reste_a_charge: int | None
    name: str = field(default="", repr=False)
    reason: str | None = None
    """Why the claim is where it is, as a code."""

    @property
    def open(self) -> bool:
        """Whether it has not left, or needs a person."""
        return self.state in WAITING + NEEDS_A_PERSON


@dataclass(frozen=True, slots=True)
class DaySheet:
    """The sheet of a civil day in France, as things stood at `made_at`; `total` is of the lines with amounts."""

    day: date
    shop: str
    shop_name: str
    made_at: datetime
    with_names: bool
    lines: tuple[DayLine, ...]

    def total(self, amount: str) -> int:
        """The sum of one of the amounts, in cents."""
        return sum(getattr(line, amount) or 0 for line in self.lines)

    def by_insurer(self) -> "tuple[InsurerDay, ...]":
        """The AMC parts by insurer, in order of name."""
        names = sorted({line.insurer_name for line in self.lines})
        return tuple(_insurer_day(name, [line for line in self.lines if line.insurer_name == name]) for name in names)


@dataclass(frozen=True, slots=True)
class InsurerDay:
    """One insurer's part of a sheet: claims, and cents of what the insurer has, of what waits, of what was refused."""

    name: str
    claims: int
    sent: int
    waiting: int
    rejected: int


def _insurer_day(name: str, lines: Sequence[DayLine]) -> InsurerDay:
    def cents(states: Iterable[str]) -> int:
        return sum(line.amc or 0 for line in lines if line.state in tuple(states))

    whole, waiting, rejected = sum(line.amc or 0 for line in lines), cents(WAITING), cents(NEEDS_A_PERSON)
    return InsurerDay(name, len(lines), whole - waiting - rejected, waiting, rejected)
