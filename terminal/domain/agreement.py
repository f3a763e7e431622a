"""An agreement given before delivery (PEC), and what it does to the quote of the day of delivery.

Rules: pure. An agreement is good up to its last day; after it, it is refused with that day. Of each thing agreed, the
insurer pays what was agreed at most: what is above it is the customer's and is told, and a thing that was not agreed is
paid by the customer. The AMO share does not change.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from terminal.domain.errors import DomainError
from terminal.domain.lines import Eye, PricedLine, Quote, Total, Warning_
from terminal.domain.lpp import ItemKind
from terminal.domain.money import Cents, total


class AgreementExpired(DomainError):
    """The day of delivery is after the last day of the agreement: `until`."""

    code = "agreement_expired"


@dataclass(frozen=True, slots=True)
class AgreedLine:
    """What was agreed for one thing: cents that the insurer pays at most."""

    item: ItemKind
    eye: Eye | None
    amc: int


@dataclass(frozen=True, slots=True)
class Agreement:
    """The insurer's word: number, day it was given, last day of delivery, amounts, and the request it answers."""

    number: str
    given: date
    until: date
    lines: tuple[AgreedLine, ...]
    request: str = ""

    def expired(self, day: date) -> bool:
        """Whether delivery on `day` is too late."""
        return day > self.until


def under_agreement(quote: Quote, agreement: Agreement, day: date) -> Quote:
    """`quote` with no more than what was agreed; AgreementExpired."""
    if agreement.expired(day):
        raise AgreementExpired("delivered after the last day", until=agreement.until.isoformat())
    lines = held_to(quote.lines, agreement.lines)
    over = quote.total.amc - sum(line.amc for line in lines)
    warning = (Warning_("agreement_exceeded", {"over": over}),) if over else ()
    return Quote(lines, _total(lines), (*quote.warnings, *warning))


def held_to(lines: Sequence[PricedLine], agreed: Sequence[AgreedLine]) -> tuple[PricedLine, ...]:
    """The lines with each AMC share cut to what was agreed for a thing of the same kind and eye, each used once."""
    left = list(agreed)
    return tuple(_held(line, left) for line in lines)


def _held(line: PricedLine, left: list[AgreedLine]) -> PricedLine:
    match = next((one for one in left if (one.item, one.eye) == (line.item, line.eye)), None)
    if match is not None:
        left.remove(match)
    amc = min(int(line.amc), match.amc if match else 0)
    return replace(line, amc=Cents(amc), reste_a_charge=Cents(line.reste_a_charge + line.amc - amc))


def _total(lines: Sequence[PricedLine]) -> Total:
    return Total(
        price=total([line.price for line in lines]),
        amo=total([line.amo for line in lines]),
        amc=total([line.amc for line in lines]),
        reste_a_charge=total([line.reste_a_charge for line in lines]),
    )
