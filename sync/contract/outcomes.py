"""What comes back of a claim: what the insurer decided, and what it paid.

Rules: an outcome is about one claim of the terminal it is sealed to, whole: each line with the AMC amount that is
agreed and the reasons where that is less than was asked for. A reason is a code of `REASONS`; an insurer may use
another of the same form, which a terminal shows as it is, for a claim must never wait because a word is new. An
agreement given beforehand has a number and a last day. A cancellation is answered with `cancelled`, or with the
decision that stands. A payment names claims and amounts, never a person. Both travel as events do
(`sync.contract.events`): sealed to the shop key, so whoever carries them learns neither claim nor verdict.
"""

import datetime
from collections.abc import Mapping, Sequence
from typing import Annotated, Final, Literal

import msgspec

from sync.contract.envelope import StrictRecord
from sync.contract.message import Cents, ClaimId, InsurerId
from sync.errors import ContractError

OUTCOME_TYP: Final = "comptoir-outcome+jws"
PAYMENT_TYP: Final = "comptoir-payment+jws"
MAX_PAID: Final = 40
"""Claims of one payment notice at most, so that it fits the largest bucket; a transfer may have several notices."""

Verdict = Literal["accepted", "partial", "refused", "cancelled"]
Reason = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{1,39}$(?!\n)")]
Reasons = Annotated[tuple[Reason, ...], msgspec.Meta(max_length=4)]
PecNumber = Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{1,30}$(?!\n)")]
Concern = Literal["claim", "line", "cancellation"]

REASONS: Final[Mapping[str, Concern]] = {
    "rights_closed": "claim",
    "member_unknown": "claim",
    "beneficiary_unknown": "claim",
    "other_insurer": "claim",
    "duplicate": "claim",
    "too_late": "claim",
    "convention_ended": "claim",
    "pec_missing": "claim",
    "pec_unknown": "claim",
    "pec_expired": "claim",
    "renewal_too_early": "claim",
    "document_missing": "claim",
    "code_not_covered": "line",
    "code_inconsistent": "line",
    "ceiling_reached": "line",
    "price_too_high": "line",
    "amo_inconsistent": "line",
    "pec_exceeded": "line",
    "quantity_exceeded": "line",
    "already_paid": "cancellation",
    "other": "claim",
}
"""The reasons of version 1, by what they are about."""


class LineOutcome(StrictRecord, frozen=True, kw_only=True):
    """What is agreed for one line: its place in the claim from 0, the AMC amount, why it is not all that was asked."""

    line: Annotated[int, msgspec.Meta(ge=0, le=19)]
    amc: Cents
    reasons: Reasons = ()


class Agreement(StrictRecord, frozen=True, kw_only=True):
    """A preauthorisation that was given: its number, the day it was given, the last day it is good for."""

    number: PecNumber
    date: datetime.date
    valid_until: datetime.date


class Outcome(StrictRecord, frozen=True, kw_only=True):
    """One decision about one claim; `lines` are empty only for `cancelled`, `agreement` is for preauthorisations."""

    schema: Literal["comptoir/outcome/v1"]
    outcome_id: ClaimId
    insurer: InsurerId
    claim_id: ClaimId
    decided_on: datetime.date
    verdict: Verdict
    lines: Annotated[tuple[LineOutcome, ...], msgspec.Meta(max_length=20)] = ()
    reasons: Reasons = ()
    agreement: Agreement | None = None


class PaidClaim(StrictRecord, frozen=True, kw_only=True):
    """What was paid for one claim."""

    claim_id: ClaimId
    amount: Cents


class Payment(StrictRecord, frozen=True, kw_only=True):
    """A transfer to the shop, or a part of one: its reference as the bank shows it, its day, and the claims in it."""

    schema: Literal["comptoir/payment/v1"]
    payment_id: ClaimId
    insurer: InsurerId
    reference: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z/-]{1,35}$(?!\n)")]
    paid_on: datetime.date
    claims: Annotated[tuple[PaidClaim, ...], msgspec.Meta(min_length=1, max_length=MAX_PAID)]


def verdict_of(asked: Sequence[int], agreed: Sequence[int]) -> Verdict:
    """The verdict that follows from the AMC amounts asked for and agreed, line by line; one that asks 0 is accepted."""
    if tuple(asked) == tuple(agreed):
        return "accepted"
    return "partial" if any(agreed) else "refused"


def check_outcome(outcome: Outcome) -> Outcome:
    """`outcome` itself; ContractError unless its parts agree with its verdict."""
    numbers = [line.line for line in outcome.lines]
    total = sum(line.amc for line in outcome.lines)
    reasoned = bool(outcome.reasons) or any(line.reasons for line in outcome.lines)
    if numbers != list(range(len(numbers))):
        raise ContractError("the lines of an outcome are all lines of the claim, in order", field="lines")
    if outcome.verdict == "cancelled":
        fits = not (outcome.lines or outcome.agreement)
    elif outcome.verdict == "refused":
        fits = bool(outcome.lines) and not total and reasoned and outcome.agreement is None
    else:
        fits = bool(outcome.lines) and (outcome.verdict == "accepted" or (total > 0 and reasoned))
    if not fits or (outcome.agreement and outcome.agreement.valid_until < outcome.agreement.date):
        raise ContractError("verdict, lines, reasons and agreement disagree", field="verdict")
    return outcome


def check_payment(payment: Payment) -> Payment:
    """`payment` itself; ContractError when a claim is in it twice."""
    if len({paid.claim_id for paid in payment.claims}) != len(payment.claims):
        raise ContractError("a claim is paid once in a notice", field="claims")
    return payment
