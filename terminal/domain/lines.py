"""What is asked to be priced, and what comes out: plain frozen values.

Rules: every amount of a line is for the line, all its units together, in cents; `plv` and `base` that were typed are
for one unit, as the tariff prints them. Input is not yet checked: `requirements.check` does it before a price is
computed.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Literal

from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import ItemKind, LppItem
from terminal.domain.money import Cents
from terminal.domain.rights import Contract

Eye = Literal["right", "left"]

Rule = Literal["none", "ticket_moderateur", "class_a", "grid", "real_cost"]
"""What the complementary insurer's share of a line follows; floors, ceilings and caps are told as warnings."""

MAX_PRICE = 10_000_000
MAX_QUANTITY = 9
MAX_LINES = 20
MAX_REASON = 120


@dataclass(frozen=True, slots=True)
class LineInput:
    """One thing sold: `price` in cents for all its units. A lens or contact lenses name the eye, or stand for a pair.

    `plv` and `base`, in cents for one unit, are typed from the shop's own tariff where the catalogue's is not known,
    with the reason (`plv_reason`, free text of at most 120 characters, kept with the quote).
    """

    item: ItemKind
    eye: Eye | None
    lpp: LppItem
    price: int
    quantity: int = 1
    plv: int | None = None
    plv_reason: str | None = field(default=None, repr=False)
    base: int | None = None


@dataclass(frozen=True, slots=True)
class QuoteInput:
    """One equipment for one person. `amo_rate` in percent; `birth_date` only serves the age limits of codes."""

    service_date: date
    birth_date: date = field(repr=False)
    amo_rate: int
    contract: Contract
    lines: tuple[LineInput, ...]


@dataclass(frozen=True, slots=True)
class Tariff:
    """Ceiling (None where the price is free) and base of a line, in cents for all its units."""

    plv: Cents | None
    base: Cents


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What a bound on the whole equipment did to one line: `cents` taken from its cover (negative) or added to it."""

    kind: Literal["ceiling", "floor", "ani_floor"]
    case: str
    limit: Cents
    cents: int


@dataclass(frozen=True, slots=True)
class Trail:
    """How the shares of a line came about, for `explanation.explain`. `promised`: the cover before cap and bounds."""

    line: LineInput = field(repr=False)
    tariff: Tariff
    rate: int
    promised: Cents
    capped: bool
    adjustment: Adjustment | None


@dataclass(frozen=True, slots=True)
class PricedLine:
    """Who pays what of a line, in cents: `price` = `amo` + `amc` + `reste_a_charge`, none negative.

    `base` is the base of reimbursement of the line; `rule` is what `amc` follows; `trail` explains every amount.
    """

    item: ItemKind
    eye: Eye | None
    lpp_code: LppCode
    regroupement: str | None
    quantity: int
    price: Cents
    base: Cents
    amo: Cents
    amc: Cents
    reste_a_charge: Cents
    rule: Rule
    trail: Trail = field(repr=False, compare=False)
    plv: Cents | None = None
    plv_reason: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Total:
    """The sums of the lines, in cents."""

    price: Cents
    amo: Cents
    amc: Cents
    reste_a_charge: Cents


@dataclass(frozen=True, slots=True)
class Warning_:  # noqa: N801 - `Warning` is a builtin
    """Something the shop should know of a quote that holds. `facts` as those of an error; `line` counts from 1."""

    code: str
    facts: Mapping[str, str | int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Quote:
    """The priced lines in the order given, their sums, and what is uncertain or was adjusted."""

    lines: tuple[PricedLine, ...]
    total: Total
    warnings: tuple[Warning_, ...]
