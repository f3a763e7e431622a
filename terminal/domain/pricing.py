"""Who pays what, to the cent: the one function that turns checked lines into a quote.

Rules: on every line and in total price = AMO + AMC + reste a charge, and none is negative; rounding happens once, on
the AMO share of a line; what is uncertain or was adjusted is told as a warning, never hidden. The same input gives the
same quote for ever: today is only compared with the service date. Source: SOURCE §6; oracles in
tests/vectors/pricing.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date

from terminal.domain.equipment import Bounded, EquipmentRules, bound
from terminal.domain.guarantee import Cover, cover, cover_warnings
from terminal.domain.lines import Eye, LineInput, PricedLine, Quote, QuoteInput, Rule, Total, Trail, Warning_
from terminal.domain.money import Cents, share, total
from terminal.domain.requirements import check
from terminal.domain.tariff import tariff_of, tariff_warnings

__all__ = [
    "EquipmentRules",
    "Eye",
    "LineInput",
    "PricedLine",
    "Quote",
    "QuoteInput",
    "Rule",
    "Total",
    "Warning_",
    "price_quote",
]

DEFAULT_RULES = EquipmentRules()


def price_quote(quote: QuoteInput, today: date, rules: EquipmentRules = DEFAULT_RULES) -> Quote:
    """The quote in cents, lines in the order given.

    Raises DomainError with the line and the rule: ServiceDateFuture, AmoRateInvalid, EquipmentInvalid, LineInvalid,
    AgeNotCovered, BirthDateInvalid, TariffUnknown, PriceAbovePlv or GridMissing.
    """
    check(quote, today)
    bounded = bound(tuple(_covers(quote)), quote.contract, rules)
    lines = tuple(_priced(cover, quote.amo_rate, bounded) for cover in bounded.covers)
    return Quote(lines, _total(lines), (*_warnings(quote, bounded.covers), *bounded.warnings))


def _covers(quote: QuoteInput) -> Iterator[Cover]:
    for number, line in enumerate(quote.lines, start=1):
        yield cover(number, line, tariff_of(number, line), quote.amo_rate, quote.contract)


def _priced(covered: Cover, rate: int, bounded: Bounded) -> PricedLine:
    line = covered.line
    adjustment = bounded.adjustments.get(covered.number)
    return PricedLine(
        item=line.item,
        eye=line.eye,
        lpp_code=line.lpp.code,
        regroupement=line.lpp.regroupement,
        quantity=line.quantity,
        price=covered.price,
        base=covered.tariff.base,
        amo=covered.amo,
        amc=covered.amc,
        reste_a_charge=covered.open,
        rule=covered.rule,
        trail=Trail(line, covered.tariff, rate, covered.promised, covered.capped, adjustment),
        plv=None if line.plv is None else Cents(line.plv),
        plv_reason=line.plv_reason,
    )


def _total(lines: Sequence[PricedLine]) -> Total:
    return Total(
        price=total([line.price for line in lines]),
        amo=total([line.amo for line in lines]),
        amc=total([line.amc for line in lines]),
        reste_a_charge=total([line.reste_a_charge for line in lines]),
    )


def _warnings(quote: QuoteInput, covers: Iterable[Cover]) -> Iterator[Warning_]:
    """The warnings of the lines in their order, then those of the quote."""
    for covered in covers:
        yield from tariff_warnings(covered.number, covered.line)
        yield from cover_warnings(covered, quote.contract)
    if quote.contract.grid_unused:
        yield Warning_("grid_unused", {"contract": quote.contract.kind})
    yield from _rounding(quote, covers)


def _rounding(quote: QuoteInput, covers: Iterable[Cover]) -> Iterator[Warning_]:
    """At 90 % the law does not say whether the line or the sum is rounded: told when a cent depends on it."""
    by_line = sum(covered.amo for covered in covers)
    by_sum = share(Cents(sum(min(covered.tariff.base, covered.price) for covered in covers)), quote.amo_rate)
    if quote.amo_rate == 90 and by_line != by_sum:
        yield Warning_("rounding_unconfirmed", {"amo": by_line, "amo_of_sum": by_sum})
