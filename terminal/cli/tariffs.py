"""`lpp`, `quote`, `nir`: questions that need no card, no network, and no home but for its catalogue."""

import argparse
from collections.abc import Iterator, Mapping
from typing import Any

from terminal.bootstrap import system_clock
from terminal.cli.catalogues import catalogue_of, catalogue_of_today
from terminal.cli.input import read_json
from terminal.cli.output import Answer
from terminal.cli.session import home_of
from terminal.config import FILE_NAME, read_config
from terminal.domain.choice import Clause
from terminal.domain.explanation import explain
from terminal.domain.identifiers import LppCode, Nir
from terminal.domain.lpp import LppItem
from terminal.domain.pricing import DEFAULT_RULES, EquipmentRules, Quote
from terminal.i18n import money_text, text
from terminal.wording import lens_notes, lens_reason, reason_text, shown_facts, source_text
from terminal.workflow.offer import ClassAOffer
from terminal.workflow.quote import answer_quote, answer_to_json, lens_code_from_json


def quote(arguments: argparse.Namespace) -> Answer:
    """Who pays what, from the JSON quote on standard input (design §10), with the reasons when they are asked for."""
    answer = answer_quote(read_json(), catalogue_of(arguments), system_clock().today(), _rules_of(arguments))
    lines = [*quote_lines(answer.quote), *_warning_lines(answer.quote)]
    if arguments.explain:
        lines += explanation_lines(answer.quote)
    return Answer(answer_to_json(answer), [*lines, *_offer_lines(answer.offer)])


def _rules_of(arguments: argparse.Namespace) -> EquipmentRules:
    """What the home's shop decided where the law is silent; the defaults where there is no home."""
    home = home_of(arguments)
    if not (home / FILE_NAME).exists():
        return DEFAULT_RULES
    return EquipmentRules(mixed_ceiling=read_config(home).mixed_ceiling)


def explanation_lines(priced: Quote) -> list[str]:
    """Every amount with its rule and its source, in French."""
    return [
        text("cli.reason_line", line=reason.line, reason=reason_text(reason), source=source_text(reason))
        for reason in explain(priced)
    ]


def _warning_lines(priced: Quote) -> Iterator[str]:
    for warning in priced.warnings:
        yield text(f"cli.warning.{warning.code}", **shown_facts(warning.facts))


def _offer_lines(offer: ClassAOffer | None) -> Iterator[str]:
    """The class A equipment of the quote, one line each, and what is left to pay of it."""
    if offer is None:
        return
    for line in offer.lines:
        price = text("cli.unknown") if line.price is None else money_text(line.price)
        code = str(line.item.code) if line.item else text("cli.unknown")
        yield text("cli.class_a_line", code=code, price=price, label=line.item.label if line.item else "")
    if offer.quote is None:
        yield text("cli.class_a_incomplete")
    else:
        yield text("cli.class_a_total", reste=money_text(offer.quote.total.reste_a_charge))


def quote_lines(priced: Quote) -> list[str]:
    """The quote as a small table in French."""
    rows = [
        text(
            "cli.quote_line",
            code=str(line.lpp_code),
            price=money_text(line.price),
            amo=money_text(line.amo),
            amc=money_text(line.amc),
            reste=money_text(line.reste_a_charge),
        )
        for line in priced.lines
    ]
    total = priced.total
    rows.append(
        text(
            "cli.quote_total",
            price=money_text(total.price),
            amo=money_text(total.amo),
            amc=money_text(total.amc),
            reste=money_text(total.reste_a_charge),
        )
    )
    return rows


def lens_code(arguments: argparse.Namespace) -> Answer:
    """The LPP code of the correction on standard input; the correction goes no further."""
    found = lens_code_from_json(read_json(), catalogue_of_today(arguments))
    eyes = [found] if "lpp_code" in found else list(found.values())
    return Answer(found, [line for eye in eyes for line in _eye_lines(eye)])


def _eye_lines(found: Mapping[str, Any]) -> Iterator[str]:
    yield text("cli.lpp_found", code=found["lpp_code"], label=found["label"])
    if "reason" in found:
        clauses = [Clause(clause["code"], clause["text"]) for clause in found["reason"]]
        yield f"  {lens_reason(clauses)}"
        yield from (f"  {note}" for note in lens_notes(found["notes"]))


def show(arguments: argparse.Namespace) -> Answer:
    """One LPP code, with what is known of its tariff."""
    item = catalogue_of_today(arguments).item(LppCode.parse(arguments.code))
    return Answer(item_to_json(item), [_item_line(item)])


def search(arguments: argparse.Namespace) -> Answer:
    """The LPP codes whose label holds all the words."""
    found = catalogue_of_today(arguments).search(arguments.words)
    return Answer({"items": [item_to_json(item) for item in found]}, [_item_line(item) for item in found])


def item_to_json(item: LppItem) -> dict[str, object]:
    """An LPP item; unknown tariffs are null, never guessed."""
    return {
        "lpp_code": str(item.code),
        "label": item.label,
        "item": item.item,
        "class": item.item_class,
        "type": item.lens_type,
        "level": item.level,
        "regroupement": item.regroupement,
        "age_max": item.age_max,
        "plv": item.plv,
        "base": item.base,
        "confidence": item.confidence,
    }


def _item_line(item: LppItem) -> str:
    plv = money_text(item.plv) if item.plv is not None else text("cli.unknown")
    base = money_text(item.base) if item.base is not None else text("cli.unknown")
    return text("cli.lpp_line", code=str(item.code), label=item.label, plv=plv, base=base)


def check_nir(arguments: argparse.Namespace) -> Answer:
    """Whether a typed NIR holds; it is printed masked."""
    nir = Nir.parse(arguments.nir)
    return Answer({"valid": True, "nir": nir.masked()}, [text("cli.nir_valid", nir=nir.masked())])
