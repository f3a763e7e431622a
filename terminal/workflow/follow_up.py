"""What became of a claim, and what a person can do about it now.

Rules: what can be done follows from the state and the kind alone (`acts_of`), so that a key which would do nothing is
not offered. After it left, a claim is not taken back here: the insurer is asked, and it stays as it is until the
insurer's signed answer. Giving up changes nothing at the insurer: a refusal is put aside, a claim that was rejected at
the door ends, an agreement that is not needed ends.
"""

import os
from dataclasses import replace

from sync.contract.outcomes import Outcome, Payment
from sync.crypto.claims import seal_claim
from sync.errors import ClaimNotCorrectable
from sync.queue import Entry, Row, abandon, ask_cancellation, replace_sent, together
from terminal.catalogue import Shelf
from terminal.domain.claim import ClaimState
from terminal.domain.roles import Role
from terminal.vault.acts import Act
from terminal.vault.dossiers import Dossier
from terminal.vault.outcomes import Heard, HeardRow
from terminal.vault.sent_fields import SentFields
from terminal.workflow.access import attempt, note, noting, whom_in
from terminal.workflow.agreements import Said, agreement_of, last_outcome, said_of
from terminal.workflow.correct import dossier_of, draft_in, reopen_draft
from terminal.workflow.desk import Desk
from terminal.workflow.followed import ClaimKind, FollowAct, FollowLine, FollowUp, PaidPart
from terminal.workflow.hear import take_in
from terminal.workflow.ids import claim_id as new_claim_id
from terminal.workflow.minimise import Purpose, Sender, minimise
from terminal.workflow.people import require_role
from terminal.workflow.recipients import recipient_of, sealing_key_of
from terminal.workflow.reprice import requote
from terminal.workflow.track import item_of
from terminal.workflow.types import Draft, QuoteAnswer

_DOWN = (ClaimState.REJECTED, ClaimState.REFUSED)
_AGREED = (ClaimState.ACCEPTED, ClaimState.PARTIAL)
_AT_INSURER = (ClaimState.ACKNOWLEDGED, *_AGREED)


def acts_of(state: str, kind: ClaimKind, *, expired: bool = False, used: bool = False) -> tuple[FollowAct, ...]:
    """What can be done about a claim that left; `expired` and `used` are of an agreement."""
    if used:
        return ()
    if kind == "preauthorisation":
        if state in _AGREED and not expired:
            return "deliver", "abandon"
        if state in (*_DOWN, *_AGREED):
            return "ask_again", "without_agreement", "abandon"
    elif state in _DOWN:
        return "correct", "change_insurer", "abandon"
    return ("request_cancellation",) if state in _AT_INSURER else ()


def follow_up(desk: Desk, claim_id: str) -> FollowUp:
    """All that is known of a claim. Locked, RoleRefused, ClaimUnknown."""
    take_in(desk)
    row = desk.home.outbox.get(claim_id)
    number_and = desk.vault.dossiers.get(claim_id)
    dossier = dossier_of(desk, claim_id)
    said = said_of(desk, claim_id)
    outcome = last_outcome(said)
    item = item_of(desk, row, number_and)
    expired = item.until is not None and item.until < desk.today()
    used = Heard(desk.home.store).is_delivered(claim_id)
    acts = () if item.handled else acts_of(row.state, dossier.kind, expired=expired, used=used)
    return FollowUp(
        item=item,
        decided_on=outcome.decided_on if outcome else None,
        reasons=outcome.reasons if outcome else (),
        lines=_lines(dossier, outcome),
        number=outcome.agreement.number if outcome and outcome.agreement else None,
        expired=expired,
        paid=_paid(said, claim_id),
        received_at=row.receipt_at,
        acts=acts,
        odd=tuple(heard.finding for heard, _ in said if heard.finding not in ("applied", "repeated", "waiting")),
    )


def _lines(dossier: Dossier, outcome: Outcome | None) -> tuple[FollowLine, ...]:
    words = outcome.lines if outcome else ()
    agreed: list[int | None] = [word.amc for word in words] or [None] * len(dossier.lines)
    reasons: list[tuple[str, ...]] = [word.reasons for word in words] or [()] * len(dossier.lines)
    return tuple(
        FollowLine(line.item, line.eye, line.lpp_code, line.amc, amount, why)
        for line, amount, why in zip(dossier.lines, agreed, reasons, strict=True)
    )


def _paid(said: Said, claim_id: str) -> tuple[PaidPart, ...]:
    payments = [word for row, word in said if isinstance(word, Payment) and row.finding == "applied"]
    return tuple(
        PaidPart(payment.paid_on, payment.reference, paid.amount)
        for payment in payments
        for paid in payment.claims
        if paid.claim_id == claim_id
    )


def begin_act(desk: Desk, claim_id: str, act: FollowAct) -> tuple[Draft, str | None]:
    """The draft that an act begins with, and the claim that it will replace.

    `deliver` replaces nothing: the agreement is used up when the insurer has the claim. ClaimNotCorrectable.
    """
    take_in(desk)
    if act in ("correct", "change_insurer"):
        return reopen_draft(desk, claim_id), claim_id
    dossier, row = dossier_of(desk, claim_id), desk.home.outbox.get(claim_id)
    require_act(desk, row, dossier, act)
    draft = replace(draft_in(desk, dossier), service_date=None, asks_agreement=act == "ask_again")
    if act != "deliver":
        return draft, claim_id
    return replace(draft, agreement=agreement_of(desk, claim_id, dossier)), None


def require_act(desk: Desk, row: Row, dossier: Dossier, act: FollowAct) -> None:
    """ClaimNotCorrectable unless this can be done now; that an agreement has expired is for the quote to say."""
    used = Heard(desk.home.store).is_delivered(row.claim_id)
    may = {one for expired in (False, True) for one in acts_of(row.state, dossier.kind, expired=expired, used=used)}
    if act not in may:
        raise ClaimNotCorrectable("nothing of the kind can be done now", state=row.state)


def request_cancellation(desk: Desk, claim_id: str) -> str:
    """Ask the insurer to cancel a claim that it has; the id of the message. The claim waits for the signed answer.

    Locked, RoleRefused, ClaimUnknown, ClaimNotCorrectable, CatalogueUnknown, ProfileUnknown.
    """
    row = desk.home.outbox.get(claim_id)
    with attempt(desk, Act.CANCELLATION_REQUESTED, claim_id, whom=desk.vault.journal.whom_of(claim_id)):
        require_role(desk, Role.RESPONSIBLE, Role.STAFF)
        dossier = dossier_of(desk, claim_id)
        require_act(desk, row, dossier, "request_cancellation")
        record, now = desk.home.insurers.get(row.insurer), desk.now()
        message_id = new_claim_id(now, os.urandom(10))
        draft = draft_in(desk, dossier)
        catalogue = Shelf(desk.home.path).by_digest(dossier.catalogue)
        answer = QuoteAnswer(requote(dossier, desk.home.path), None, None, catalogue)
        sender = Sender(desk.config.shop_am_id, desk.today())
        recipient = recipient_of(record, desk.vault.seed, desk.today())
        message = minimise(Purpose(message_id, "cancellation", claim_id), sender, draft, answer, recipient).message
        sealed = seal_claim(message, desk.home.signer, sealing_key_of(record))
        entry = Entry(message_id, row.insurer, sealed.envelope, created_at=now, not_before=now)
        beside = together(
            lambda connection: ask_cancellation(connection, claim_id),
            Heard(desk.home.store).linking(message_id, "cancellation", claim_id),
            SentFields(desk.home.store).writing(message_id, message),
            noting(desk, Act.CANCELLATION_REQUESTED, claim_id, whom=whom_in(desk, dossier)),
        )
        desk.home.outbox.enqueue(entry, beside)
    return message_id


def abandon_claim(desk: Desk, claim_id: str) -> None:
    """Give up a claim that was turned down, or an agreement; Locked, RoleRefused, ClaimUnknown, ClaimNotCorrectable."""
    row = desk.home.outbox.get(claim_id)
    with attempt(desk, Act.CLAIM_ABANDONED, claim_id, whom=desk.vault.journal.whom_of(claim_id)):
        require_role(desk, Role.RESPONSIBLE, Role.STAFF)
        require_act(desk, row, dossier_of(desk, claim_id), "abandon")
        with desk.home.store.write() as connection:
            if row.state == ClaimState.REJECTED:
                abandon(connection, claim_id)
            elif row.state == ClaimState.REFUSED:
                Heard(desk.home.store).handle(connection, claim_id)
            else:
                replace_sent(connection, claim_id, "not_needed")
            noting(desk, Act.CLAIM_ABANDONED, claim_id)(connection)


def heard_all(desk: Desk) -> tuple[HeardRow, ...]:
    """Everything that insurers said, with what came of it; Locked, RoleRefused."""
    take_in(desk)
    note(desk, Act.DOSSIER_LISTED)
    return Heard(desk.home.store).all()
