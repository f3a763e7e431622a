"""The class A equipment beside a class B one: priced when its tariffs are known, named when they are not.

Rules: by default each class B frame and lens is answered by its class A twin at its PLV; the shop may write the
equipment itself, with typed ceilings where the catalogue knows none. Supplements and contact lenses stay out. An offer
with an unknown price has no total: it says which lines to import or to type.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from terminal.domain.age import completed_years
from terminal.domain.errors import OfferInvalid
from terminal.domain.lpp import LppItem
from terminal.domain.offer import GLASSES, Twin, class_a_twins, offer_owed
from terminal.domain.pricing import Eye, LineInput, Quote, QuoteInput, price_quote

if TYPE_CHECKING:
    from terminal.catalogue import Catalogue


@dataclass(frozen=True, slots=True)
class OfferLine:
    """One line of the offer for line `line` (from 1) of the quote. `item` None: no twin; `price` None: not known."""

    line: int
    eye: Eye | None
    item: LppItem | None
    price: int | None


@dataclass(frozen=True, slots=True)
class ClassAOffer:
    """The offer; `quote` is None while a twin or a price is missing."""

    lines: tuple[OfferLine, ...]
    quote: Quote | None


def class_a_offer(
    asked: QuoteInput, catalogue: "Catalogue", today: date, written: Sequence[LineInput] | None = None
) -> ClassAOffer | None:
    """The class A equipment that this quote must also contain; None when all of it is class A already.

    `catalogue` is the one in force on the service date. Raises OfferInvalid for a written equipment that is none.
    """
    if not offer_owed(line.lpp for line in asked.lines):
        return None
    if written is not None:
        return _written(asked, written, today)
    age = completed_years(asked.birth_date, asked.service_date)
    twins = class_a_twins([(line.eye, line.lpp) for line in asked.lines], catalogue.generics(), age)
    lines = tuple(_offered(twin, asked.lines[twin.line - 1]) for twin in twins)
    if any(line.price is None for line in lines):
        return ClassAOffer(lines, None)
    inputs = [_input(line, asked.lines[line.line - 1]) for line in lines]
    return ClassAOffer(lines, price_quote(replace(asked, lines=tuple(inputs)), today))


def _offered(twin: Twin, sold: LineInput) -> OfferLine:
    """A line that is class A already keeps its price, another takes the ceiling of its twin."""
    if twin.item is not None and twin.item is twin.sold:
        return OfferLine(twin.line, twin.eye, twin.item, sold.price)
    plv = twin.item.plv if twin.item is not None else None
    return OfferLine(twin.line, twin.eye, twin.item, None if plv is None else plv * sold.quantity)


def _input(line: OfferLine, sold: LineInput) -> LineInput:
    assert line.item is not None
    assert line.price is not None
    if line.item is sold.lpp:
        return sold
    return LineInput(line.item.item, line.eye, line.item, line.price, sold.quantity)


def _written(asked: QuoteInput, written: Sequence[LineInput], today: date) -> ClassAOffer:
    for number, line in enumerate(written, start=1):
        if line.lpp.item not in GLASSES or line.lpp.item_class != "A":
            raise OfferInvalid("not a class A frame or lens", line=number, lpp_code=str(line.lpp.code), reason="class")
    if _counted(written) != _counted(asked.lines):
        raise OfferInvalid("not the same equipment", line=0, reason="equipment", accepted=str(_counted(asked.lines)))
    quote = price_quote(replace(asked, lines=tuple(written)), today)
    lines = (OfferLine(number, line.eye, line.lpp, line.price) for number, line in enumerate(written, start=1))
    return ClassAOffer(tuple(lines), quote)


def _counted(lines: Sequence[LineInput]) -> dict[str, int]:
    return {item: sum(line.quantity for line in lines if line.item == item) for item in GLASSES}


def offer_to_json(offer: ClassAOffer) -> dict[str, Any]:
    """The offer: each line with code, label and price (null: not known), and the totals when all prices are known."""
    total = offer.quote.total if offer.quote else None
    return {
        "lines": [_line_to_json(line) for line in offer.lines],
        "total": None
        if total is None
        else {"price": total.price, "amo": total.amo, "amc": total.amc, "reste_a_charge": total.reste_a_charge},
    }


def _line_to_json(line: OfferLine) -> dict[str, Any]:
    item = line.item
    return {
        "line": line.line,
        "eye": line.eye,
        "item": item.item if item else None,
        "lpp_code": str(item.code) if item else None,
        "regroupement": item.regroupement if item else None,
        "label": item.label if item else None,
        "price": line.price,
    }
