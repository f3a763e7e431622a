"""Why each amount of a line is what it is: which rule, which figures, which row of the catalogue, which text of law.

Rules: the explanation is made from what the pricing kept (`Trail`), never computed again; the amounts it names are
those of the line. `rule` is a stable code, the screen turns it and its facts into a sentence. `source` names the row
of the catalogue (version, file, row), the article, `shop` (typed there) or `contract` (its guarantees); it is empty for
a mere difference. A free text typed by the shop is not repeated.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

from terminal.domain.lines import Adjustment, PricedLine, Quote, Rule, Trail
from terminal.domain.lpp import LppItem
from terminal.domain.money import Cents
from terminal.domain.rights import FRAME_CAP
from terminal.domain.tariff import BASE_PERCENT_OF_PLV, base_is_derived

Amount = Literal["plv", "base", "amo", "amc", "reste_a_charge"]

TYPED_BY_SHOP: Final = "shop"
GUARANTEES: Final = "contract"
_AMO_LAW: Final = {60: "CSS R160-5", 90: "CSS L325-1, D325-6", 100: "CSS L160-14"}
_AMC_LAW: Final[Mapping[Rule, str]] = {
    "none": "",
    "ticket_moderateur": "CSS L871-1",
    "class_a": "CSS R871-2 3, L861-3",
    "grid": GUARANTEES,
    "real_cost": GUARANTEES,
}
_BOUND_LAW: Final = {"ceiling": "CSS R871-2 3", "floor": "CSS R871-2 3", "ani_floor": "CSS D911-1"}


@dataclass(frozen=True, slots=True)
class Reason:
    """Why one amount of line `line` (from 1) is `cents`. An AMC share may have several reasons, in order."""

    line: int
    amount: Amount
    cents: Cents
    rule: str
    source: str
    facts: Mapping[str, str | int] = field(default_factory=dict)


def explain(quote: Quote) -> tuple[Reason, ...]:
    """Every amount of the quote with its reasons, line by line: ceiling, base, AMO, AMC, reste a charge."""
    return tuple(reason for number, line in enumerate(quote.lines, start=1) for reason in explain_line(number, line))


def explain_line(number: int, line: PricedLine) -> Iterator[Reason]:
    """The reasons of line `number` of a quote."""
    trail = line.trail
    yield _plv(number, trail)
    yield _base(number, trail)
    yield _amo(number, line)
    yield from _amc(number, line)
    facts = {"price": line.price, "amo": line.amo, "amc": line.amc}
    yield Reason(number, "reste_a_charge", line.reste_a_charge, "reste_difference", "", facts)


def _plv(number: int, trail: Trail) -> Reason:
    plv = trail.tariff.plv
    if plv is None:
        return Reason(number, "plv", Cents(0), "price_free", row_of(trail.line.lpp))
    if trail.line.plv is not None:
        return Reason(number, "plv", plv, "plv_typed", TYPED_BY_SHOP)
    return Reason(number, "plv", plv, "plv_row", row_of(trail.line.lpp), _confidence(trail.line.lpp))


def _base(number: int, trail: Trail) -> Reason:
    base, plv = trail.tariff.base, trail.tariff.plv
    if trail.line.base is not None:
        return Reason(number, "base", base, "base_typed", TYPED_BY_SHOP)
    if plv is not None and base_is_derived(trail.line):
        facts = {"percent": BASE_PERCENT_OF_PLV, "plv": plv}
        return Reason(number, "base", base, "base_of_plv", "SOURCE §5", facts)
    return Reason(number, "base", base, "base_row", row_of(trail.line.lpp), _confidence(trail.line.lpp))


def _amo(number: int, line: PricedLine) -> Reason:
    trail = line.trail
    rule = "amo_of_base" if trail.tariff.base <= line.price else "amo_of_price"
    facts = {"rate": trail.rate, "of": min(trail.tariff.base, line.price)}
    return Reason(number, "amo", line.amo, rule, _AMO_LAW[trail.rate], facts)


def _amc(number: int, line: PricedLine) -> Iterator[Reason]:
    """What the contract promises, then what a cap or a bound of the law made of it."""
    trail = line.trail
    facts = {"promised": trail.promised, "amo": line.amo}
    yield Reason(number, "amc", line.amc, f"amc_{line.rule}", _AMC_LAW[line.rule], facts)
    if trail.capped:
        yield Reason(number, "amc", line.amc, "amc_frame_cap", _BOUND_LAW["ceiling"], {"cap": FRAME_CAP})
    if trail.adjustment is not None:
        yield _bounded(number, line, trail.adjustment)


def _bounded(number: int, line: PricedLine, adjustment: Adjustment) -> Reason:
    facts: dict[str, str | int] = {
        "case": adjustment.case,
        "limit": adjustment.limit,
        "cents": abs(adjustment.cents),
    }
    return Reason(number, "amc", line.amc, f"amc_{adjustment.kind}", _BOUND_LAW[adjustment.kind], facts)


def row_of(item: LppItem) -> str:
    """The row of the catalogue from which an item's tariff was read, and what that row names as its source."""
    row = item.tariff_row
    if row is None:
        return ""
    since = f" ({row.since.isoformat()})" if row.since else ""
    return f"{row.version} {row.file}:{row.row}{since} {row.source}".strip()


def _confidence(item: LppItem) -> dict[str, str | int]:
    return {"confidence": item.confidence, "lpp_code": str(item.generic or item.code)}
