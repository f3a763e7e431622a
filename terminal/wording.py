"""What quotes and tickets say, in French: why an amount is what it is, what is uncertain, why a lens has its code.

Rules: screens and command line say it in the same words; a code of the domain and its facts become one sentence each;
facts that are amounts are shown as money.
"""

from collections.abc import Iterable, Iterator, Mapping

from terminal.domain.choice import MINUS, Clause
from terminal.domain.claim import ClaimState
from terminal.domain.explanation import GUARANTEES, TYPED_BY_SHOP, Reason
from terminal.domain.ticket import CustomerTicket
from terminal.i18n import date_text, money_text, text

_MONEY_FACTS = (
    "plv", "of", "promised", "amo", "amc", "price", "cap", "limit", "cents", "floor", "ceiling", "cut", "raised",
    "amo_of_sum",
)  # fmt: skip


def reason_text(reason: Reason) -> str:
    """Why an amount is what it is: the rule with its figures."""
    return text(f"cli.explain.{reason.rule}", cents=money_text(reason.cents), **shown_facts(reason.facts))


def source_text(reason: Reason) -> str:
    """Where the rule or the figure comes from, in brackets; nothing for a mere difference."""
    named = {TYPED_BY_SHOP: "cli.source_shop", GUARANTEES: "cli.source_contract"}.get(reason.source)
    source = text(named) if named else reason.source
    return f" [{source}]" if source else ""


def shown_facts(facts: Mapping[str, str | int]) -> dict[str, object]:
    """Facts as a sentence shows them: amounts as money (`cents` as `moved`), confidence in words."""
    shown: dict[str, object] = {}
    for name, value in facts.items():
        if name in _MONEY_FACTS and isinstance(value, int):
            shown["moved" if name == "cents" else name] = money_text(value)
        else:
            shown[name] = text(f"cli.confidence.{value}") if name == "confidence" else value
    return shown


def lens_reason(clauses: Iterable[Clause]) -> str:
    """Why a lens has its code: the transposition, the band, the cylinder."""
    return ", ".join(text(f"cli.lens_reason.{clause.code}", value=clause.text) for clause in clauses)


def lens_notes(notes: Iterable[str]) -> Iterator[str]:
    """What was read of a correction and chose nothing."""
    return (text(f"cli.lens_note.{note}") for note in notes)


def console(sentence: str) -> str:
    """A sentence with the signs that a Linux console has: its font lacks the true minus and the bands' ≤ and ≥."""
    return sentence.replace(MINUS, "-").replace("≤", "<=").replace("≥", ">=")


def ticket_lines(ticket: CustomerTicket) -> tuple[str, ...]:
    """What a customer takes along, line by line; the first is the title."""
    return (
        ticket.shop,
        text("ticket.number", number=ticket.number),
        text("ticket.day", day=date_text(ticket.day), insurer=ticket.insurer),
        text("ticket.price", amount=money_text(ticket.price)),
        text("ticket.amo", amount=money_text(ticket.amo)),
        text("ticket.amc", amount=money_text(ticket.amc)),
        text("ticket.to_pay", amount=money_text(ticket.reste_a_charge)),
        text("ticket.proof"),
    )


def state_words() -> dict[str, str]:
    """The word for each state of a claim."""
    return {state: text(f"state.{state}") for state in ClaimState}


def act_text(act: str, kind: str) -> str:
    """What a person can do about a claim of this kind, by the code of the act."""
    if act == "abandon" and kind == "preauthorisation":
        return text("follow.act_abandon_agreement")
    return text(f"follow.act_{act}")
