"""Deciding claims, answering preauthorisations and cancellations, telling what was paid.

Rules: a decision is about a claim that this insurer holds and can open, and says something of each of its lines; never
more is agreed than was asked for. A claim is decided once: what may follow is that it is paid, or cancelled because the
shop asked for it. A correction is not accepted while the claim it replaces stands, or that would be paid twice. All the
decisions of one call are one transaction: one that is wrong, and nothing was decided. Each becomes an event for the
terminal that sent the claim.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Annotated, Any, Final, Literal

import msgspec
from sqlalchemy import Connection, Row, insert, select, update

from sync.contract.envelope import decode, encode
from sync.contract.message import ClaimId, ClaimMessage
from sync.contract.outcomes import (
    MAX_PAID,
    Agreement,
    LineOutcome,
    Outcome,
    PaidClaim,
    Payment,
    PecNumber,
    Reasons,
    check_outcome,
    verdict_of,
)
from sync.crypto.sealing import OpeningKey
from sync.errors import ClaimUnknown, ContractError, InsurerFolderMissing, SyncError
from sync.receiver.announcing import announce, said_of, sender_of
from sync.receiver.db import Ledger, decisions
from sync.receiver.folder import IntakeMaterial
from sync.receiver.opener import Opened, open_claims

VALID_DAYS: Final = 60
"""How long an agreement is good for when nobody says otherwise."""
_STANDS: Final = ("accepted", "partial", "paid")


class DecisionInvalid(SyncError):
    """This cannot be decided of this claim: `reason` says why."""

    code = "decision_invalid"


class Decision(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What an operator decides about one claim.

    `accept`: all that was asked for. `refuse`: nothing, with `reasons`. `lines`: these amounts. `cancel` and `keep` are
    answers to a cancellation, named by its own id: the claim it is about is cancelled, or its decision stands.
    `pec` and `valid_until` are of an agreement, and are made up when they are left out.
    """

    claim_id: ClaimId
    decision: Literal["accept", "refuse", "lines", "cancel", "keep"]
    lines: tuple[LineOutcome, ...] = ()
    reasons: Reasons = ()
    pec: PecNumber | None = None
    valid_until: date | None = None


class Transfer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One transfer: claims with an amount each, or without one for what is agreed and not yet paid."""

    reference: str
    paid_on: date
    claims: Annotated[tuple[ClaimId, ...], msgspec.Meta(min_length=1)]
    amounts: Mapping[ClaimId, int] = {}


@dataclass(frozen=True)
class Standing:
    """What became of a claim here: accepted, partial, refused, cancelled or paid; cents agreed and paid."""

    claim_id: str
    state: str
    agreed: int
    paid: int
    decided_on: str
    agreement: str | None


@dataclass(frozen=True)
class Desk:
    """Database, the intake's keys, the key that opens claims (where it is here), the day, how ids are made (UUIDv7)."""

    ledger: Ledger
    material: IntakeMaterial
    opening: OpeningKey | None
    today: date
    new_id: Callable[[], str]


def decide(desk: Desk, wanted: Sequence[Decision]) -> list[Outcome]:
    """Decide all or nothing. ClaimUnknown; DecisionInvalid; ContractError: the parts of one disagree."""
    opened = _opened(desk, [one.claim_id for one in wanted])
    return desk.ledger.write(lambda connection: [_decide(desk, connection, one, opened) for one in wanted])


def pay(desk: Desk, transfer: Transfer) -> list[Payment]:
    """Tell each terminal what was paid of its claims: one notice a terminal, more where one would be too long.

    ClaimUnknown; DecisionInvalid: the claim was not accepted, or is paid already, or is an agreement.
    """
    return desk.ledger.write(lambda connection: _pay(desk, connection, transfer))


def standings(ledger: Ledger) -> list[Standing]:
    """What became of every claim that was decided."""
    columns = [decisions.c[name] for name in Standing.__dataclass_fields__]
    with ledger.reading() as connection:
        return [Standing(*row) for row in connection.execute(select(*columns).order_by(decisions.c.claim_id))]


def outcomes(ledger: Ledger) -> list[Outcome]:
    """Every outcome as it was said, in the order of each terminal's events."""
    with ledger.reading() as connection:
        return [outcome for _, outcome in said_of(connection, Outcome)]


def _opened(desk: Desk, ids: Sequence[str]) -> dict[str, Opened]:
    if desk.opening is None:
        raise InsurerFolderMissing("deciding needs the key that opens claims")
    judged = open_claims(desk.ledger, desk.opening, only=set(ids))
    return {one.claim_id: one for one in judged if isinstance(one, Opened)}


def _decide(desk: Desk, connection: Connection, wanted: Decision, opened: Mapping[str, Opened]) -> Outcome:
    claim = opened.get(wanted.claim_id)
    if claim is None:
        raise ClaimUnknown("no claim with this id was opened here", claim_id=wanted.claim_id)
    if (claim.message.kind == "cancellation") != (wanted.decision in ("cancel", "keep")):
        raise _invalid(wanted.claim_id, "kind")
    if claim.message.kind == "cancellation":
        return _answer_cancellation(desk, connection, wanted, claim)
    known = _standing(connection, wanted.claim_id)
    if known is not None:
        raise _invalid(wanted.claim_id, "decided", state=known.state)
    outcome = _outcome(desk, wanted, claim.message)
    if outcome.verdict != "refused":
        _require_replaced(connection, claim)
    row = {"paid": 0, **_row(outcome)}
    connection.execute(insert(decisions).values(row))
    announce(connection, desk.material, claim.device, outcome)
    return outcome


def _outcome(desk: Desk, wanted: Decision, message: ClaimMessage) -> Outcome:
    asked = [line.amc for line in message.lines]
    if wanted.decision == "lines":
        lines = wanted.lines
    else:
        agreed = asked if wanted.decision == "accept" else [0] * len(asked)
        lines = tuple(LineOutcome(line=number, amc=amc) for number, amc in enumerate(agreed))
    if len(lines) != len(asked):
        raise _invalid(wanted.claim_id, "lines", lines=len(asked))
    if any(line.amc > amc for line, amc in zip(lines, asked, strict=True)):
        raise _invalid(wanted.claim_id, "more_than_asked")
    verdict = "refused" if wanted.decision == "refuse" else verdict_of(asked, [line.amc for line in lines])
    return _checked(
        {
            "schema": "comptoir/outcome/v1",
            "outcome_id": desk.new_id(),
            "insurer": desk.material.settings.amc,
            "claim_id": wanted.claim_id,
            "decided_on": desk.today,
            "verdict": verdict,
            "lines": lines,
            "reasons": wanted.reasons,
            "agreement": _agreement(desk, wanted, message, verdict),
        }
    )


def _agreement(desk: Desk, wanted: Decision, message: ClaimMessage, verdict: str) -> Agreement | None:
    """Number and validity, for a preauthorisation that is not refused; nothing else has them."""
    if message.kind != "preauthorisation" or verdict == "refused":
        if wanted.pec or wanted.valid_until:
            raise _invalid(wanted.claim_id, "no_agreement")
        return None
    number = wanted.pec or "PEC-" + desk.new_id().replace("-", "")[-12:].upper()
    until = wanted.valid_until or desk.today + timedelta(days=VALID_DAYS)
    return Agreement(number=number, date=desk.today, valid_until=until)


def _require_replaced(connection: Connection, claim: Opened) -> None:
    """A correction is paid instead of the claim it replaces, never beside it."""
    replaced = claim.message.supersedes
    known = _standing(connection, replaced) if replaced else None
    if known is not None and known.state in _STANDS:
        raise _invalid(claim.claim_id, "replaced_stands", state=known.state)


def _answer_cancellation(desk: Desk, connection: Connection, wanted: Decision, asked: Opened) -> Outcome:
    """The answer names the claim that was to be cancelled, and goes to the terminal that sent both."""
    about = asked.message.supersedes or ""
    if sender_of(connection, about) != asked.device:
        raise _invalid(wanted.claim_id, "other_terminal")
    known = _standing(connection, about)
    if known is not None and known.state == "cancelled":
        raise _invalid(wanted.claim_id, "decided", state=known.state)
    outcome = _kept(desk, wanted, known) if wanted.decision == "keep" else _cancelled(desk, wanted, about, known)
    if known is None:
        connection.execute(insert(decisions).values({"paid": 0, **_row(outcome)}))
    elif outcome.verdict == "cancelled":
        connection.execute(update(decisions).where(decisions.c.claim_id == about).values(_row(outcome)))
    announce(connection, desk.material, asked.device, outcome)
    return outcome


def _cancelled(desk: Desk, wanted: Decision, about: str, known: Row[Any] | None) -> Outcome:
    if known is not None and known.state == "paid":
        raise _invalid(wanted.claim_id, "paid")
    return _checked(
        {
            "schema": "comptoir/outcome/v1",
            "outcome_id": desk.new_id(),
            "insurer": desk.material.settings.amc,
            "claim_id": about,
            "decided_on": desk.today,
            "verdict": "cancelled",
        }
    )


def _kept(desk: Desk, wanted: Decision, known: Row[Any] | None) -> Outcome:
    """The decision that stands, said again with the reason; there has to be one."""
    if known is None:
        raise _invalid(wanted.claim_id, "undecided")
    stands = decode(bytes(known.outcome), Outcome)
    again = {"outcome_id": desk.new_id(), "decided_on": desk.today, "reasons": wanted.reasons or stands.reasons}
    return check_outcome(msgspec.structs.replace(stands, **again))


def _pay(desk: Desk, connection: Connection, transfer: Transfer) -> list[Payment]:
    by_device: dict[str, list[PaidClaim]] = {}
    for claim_id in dict.fromkeys(transfer.claims):
        amount = _payable(connection, claim_id, transfer.amounts.get(claim_id))
        values = {"state": "paid", "paid": amount}
        connection.execute(update(decisions).where(decisions.c.claim_id == claim_id).values(values))
        paid = PaidClaim(claim_id=claim_id, amount=amount)
        by_device.setdefault(sender_of(connection, claim_id), []).append(paid)
    notices = []
    for device, paid_claims in by_device.items():
        for start in range(0, len(paid_claims), MAX_PAID):
            notice = _notice(desk, transfer, paid_claims[start : start + MAX_PAID])
            announce(connection, desk.material, device, notice)
            notices.append(notice)
    return notices


def _payable(connection: Connection, claim_id: str, wanted: int | None) -> int:
    known = _standing(connection, claim_id)
    if known is None:
        sender_of(connection, claim_id)
        raise _invalid(claim_id, "undecided")
    if known.state not in ("accepted", "partial") or known.agreement is not None:
        raise _invalid(claim_id, "not_payable", state=known.state)
    amount = int(known.agreed) if wanted is None else wanted
    if not 0 <= amount <= known.agreed:
        raise _invalid(claim_id, "more_than_agreed")
    return amount


def _notice(desk: Desk, transfer: Transfer, paid: Sequence[PaidClaim]) -> Payment:
    stated = {
        "schema": "comptoir/payment/v1",
        "payment_id": desk.new_id(),
        "insurer": desk.material.settings.amc,
        "reference": transfer.reference,
        "paid_on": transfer.paid_on,
        "claims": [msgspec.to_builtins(one) for one in paid],
    }
    try:
        return msgspec.convert(stated, Payment)
    except msgspec.ValidationError as error:
        raise ContractError("the payment is not of the schema") from error


def _standing(connection: Connection, claim_id: str) -> Row[Any] | None:
    return connection.execute(select(decisions).where(decisions.c.claim_id == claim_id)).first()


def _row(outcome: Outcome) -> dict[str, Any]:
    return {
        "claim_id": outcome.claim_id,
        "state": outcome.verdict,
        "agreed": sum(line.amc for line in outcome.lines),
        "decided_on": outcome.decided_on.isoformat(),
        "outcome": encode(outcome),
        "agreement": outcome.agreement.number if outcome.agreement else None,
    }


def _checked(stated: dict[str, Any]) -> Outcome:
    try:
        return check_outcome(msgspec.convert(stated, Outcome))
    except msgspec.ValidationError as error:
        raise ContractError("the decision is not of the schema") from error


def _invalid(claim_id: str, reason: str, **facts: str | int) -> DecisionInvalid:
    return DecisionInvalid(f"this cannot be decided: {reason}", claim_id=claim_id, reason=reason, **facts)
