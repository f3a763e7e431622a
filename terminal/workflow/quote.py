"""The JSON of `quote` at the edge: strict in, exact out, every amount with its reason.

Rules: amounts are integer cents, dates YYYY-MM-DD (a birth date may be lunar, as cards have them). `price` is that of
the line, all units together; `plv` and `base` are typed for one unit, with `plv_reason`, where the catalogue knows no
tariff. Version and tariffs are those in force on the service date. A quote with class B glasses also has the class A
equipment (CSS L165-9).
"""

from datetime import date

from terminal.catalogue import Catalogue
from terminal.domain.age import birth_date
from terminal.domain.explanation import explain
from terminal.domain.pricing import (
    DEFAULT_RULES,
    EquipmentRules,
    PricedLine,
    Quote,
    QuoteInput,
    price_quote,
)
from terminal.domain.rights import Contract, Grid
from terminal.workflow.conditions import Conditions, Sold, judge_conditions
from terminal.workflow.lens_code import lens_code_from_json
from terminal.workflow.lines import line_inputs
from terminal.workflow.offer import class_a_offer, offer_to_json
from terminal.workflow.shapes import ContractShape, GridShape, QuoteShape, shaped
from terminal.workflow.types import QuoteAnswer

__all__ = [
    "QuoteAnswer",
    "answer_quote",
    "answer_to_json",
    "lens_code_from_json",
    "parse_contract",
    "parse_quote",
    "quote_to_json",
]


def answer_quote(data: object, catalogue: Catalogue, today: date, rules: EquipmentRules = DEFAULT_RULES) -> QuoteAnswer:
    """The answer to the JSON of `quote`.

    Raises what `parse_quote` and `price_quote` raise, what `judge_conditions` raises for the prescription and the
    renewal where they are given, and OfferInvalid.
    """
    shape = shaped(data, QuoteShape)
    in_force = catalogue.in_force(shape.service_date)
    asked = _asked(shape, in_force)
    quote = price_quote(asked, today, rules)
    sold = [Sold(line.item, line.eye) for line in asked.lines]
    renewal = judge_conditions(_conditions(shape), asked.service_date, asked.birth_date, sold)
    written = None if shape.class_a is None else line_inputs(shape.class_a, in_force)
    return QuoteAnswer(quote, class_a_offer(asked, in_force, today, written), renewal, in_force)


def answer_to_json(answer: QuoteAnswer) -> dict[str, object]:
    """The quote's JSON, with `class_a` and `renewal` where there are any, and the catalogue that was applied."""
    json = quote_to_json(answer.quote)
    json["catalogue"] = answer.catalogue.version
    if answer.offer is not None:
        json["class_a"] = offer_to_json(answer.offer)
    if answer.renewal is not None:
        early, due = answer.renewal.early, answer.renewal.due
        json["renewal"] = {"early": early, "last": answer.renewal.last.isoformat(), "due": due.isoformat()}
    return json


def parse_quote(data: object, catalogue: Catalogue) -> QuoteInput:
    """The quote asked for by decoded JSON, its codes looked up in `catalogue` as of the service date.

    Raises InputInvalid for the shape, LppCodeInvalid, LppCodeUnknown or LppCodeClosed with the line, BirthDateInvalid,
    ContractInvalid, and ServiceDateUncovered for a date before the catalogue.
    """
    shape = shaped(data, QuoteShape)
    return _asked(shape, catalogue.in_force(shape.service_date))


def parse_contract(data: object) -> Contract:
    """The `contract` object of the quote's JSON alone. Raises InputInvalid or ContractInvalid."""
    return _contract(shaped(data, ContractShape))


def quote_to_json(quote: Quote) -> dict[str, object]:
    """The priced quote: each line with its shares, the totals, the warnings, and the reason of every amount."""
    total = quote.total
    return {
        "lines": [_line_to_json(line) for line in quote.lines],
        "total": {
            "price": total.price,
            "amo": total.amo,
            "amc": total.amc,
            "reste_a_charge": total.reste_a_charge,
        },
        "warnings": [{"code": warning.code, "facts": dict(warning.facts)} for warning in quote.warnings],
        "explanations": [
            {
                "line": reason.line,
                "amount": reason.amount,
                "cents": reason.cents,
                "rule": reason.rule,
                "facts": dict(reason.facts),
                "source": reason.source,
            }
            for reason in explain(quote)
        ],
    }


def _asked(shape: QuoteShape, in_force: Catalogue) -> QuoteInput:
    return QuoteInput(
        service_date=shape.service_date,
        birth_date=birth_date(shape.birth_date),
        amo_rate=shape.amo_rate,
        contract=_contract(shape.contract),
        lines=line_inputs(shape.lines, in_force),
    )


def _conditions(shape: QuoteShape) -> Conditions:
    prescription, renewal = shape.prescription, shape.renewal
    return Conditions(
        prescribed=prescription.date if prescription else None,
        prescriber=prescription.prescriber if prescription else "physician",
        last_glasses=renewal.last if renewal else None,
        ground=renewal.ground if renewal else None,
        last_contact_lenses=dict(renewal.contact_lenses) if renewal else {},
    )


def _contract(shape: ContractShape) -> Contract:
    return Contract(shape.kind, _grid(shape.grid) if shape.grid else None, shape.real_cost, shape.ani)


def _grid(shape: GridShape) -> Grid:
    lens = shape.lens
    return Grid(shape.frame, {"simple": lens.simple, "complexe": lens.complexe, "tres_complexe": lens.tres_complexe})


def _line_to_json(line: PricedLine) -> dict[str, object]:
    shares: dict[str, object] = {
        "item": line.item,
        "eye": line.eye,
        "lpp_code": str(line.lpp_code),
        "price": line.price,
        "quantity": line.quantity,
        "base": line.base,
        "amo": line.amo,
        "amc": line.amc,
        "reste_a_charge": line.reste_a_charge,
        "regroupement": line.regroupement,
    }
    typed = {"plv": line.plv, "plv_reason": line.plv_reason}
    return shares | {key: value for key, value in typed.items() if value is not None}
