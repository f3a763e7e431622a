"""Requests of documents: shown with ground and deadline, decided by the responsible person, answered sealed.

Rules: nothing is ever pulled: a request waits until a person of the shop decides. It is about a claim that this shop
sent to that very insurer, or it is set aside. Whoever sees dossiers sees requests; only the responsible person
answers. The answer is sealed to the insurer and travels as a claim does; answer, decision and journal entry are one
act. Individual codes are told by opening the commitments that went with the claim, which the insurer can check.
"""

import os
from datetime import date
from typing import Final, Literal

from sync.contract.events import DocumentAnswer, DocumentRequest, Opening, RefusalReason
from sync.crypto.claims import seal_answer
from sync.crypto.events import open_event, read_event
from sync.crypto.sealing import OpeningKey
from sync.errors import ContractError, SyncError
from sync.insurers import InsurerRecord
from sync.queue import Entry, together
from sync.trust import known_keys
from terminal.domain.errors import InputInvalid
from terminal.domain.roles import Role
from terminal.vault.acts import Act
from terminal.vault.requests import OPEN, UNREADABLE, DocumentRequests, RequestRow
from terminal.vault.sent_fields import SentFields
from terminal.workflow.access import attempt, note, noting, whom_in
from terminal.workflow.desk import Desk
from terminal.workflow.hear import take_in
from terminal.workflow.ids import claim_id as new_id
from terminal.workflow.people import require_role
from terminal.workflow.recipients import sealing_key_of
from terminal.workflow.types import AskedDocument, Leaving, Provided

_FROM_DOSSIER: Final = ("lpp_code", "last_equipment_date")


class RequestUnknown(SyncError):
    """No insurer asked for this."""

    code = "request_unknown"


class RequestDecided(SyncError):
    """This request was answered already, or cannot be."""

    code = "request_decided"


def document_requests(desk: Desk) -> tuple[AskedDocument, ...]:
    """Every request, oldest first, new ones taken in; Locked, RoleRefused."""
    take_in(desk)
    return tuple(_shown(desk, row) for row in DocumentRequests(desk.home.store).all())


def waiting_requests(desk: Desk) -> tuple[AskedDocument, ...]:
    """Those that wait for a decision, the nearest deadline first, new ones taken in; Locked, RoleRefused."""
    take_in(desk)
    waiting = (row for row in DocumentRequests(desk.home.store).all() if row.state == OPEN)
    return tuple(sorted((_shown(desk, row) for row in waiting), key=lambda one: one.deadline or date.max))


def leaving(desk: Desk, request_id: str) -> Leaving:
    """What the answer to a request would say, but for what is typed. Where the dossier is read, that is noted.

    Locked, RoleRefused, RequestUnknown, RequestDecided.
    """
    require_role(desk, Role.RESPONSIBLE, Role.STAFF)
    row = _undecided(DocumentRequests(desk.home.store).get(request_id), request_id)
    answer = _answer(desk, row, "provided", Provided(), None)
    known = desk.vault.dossiers.get(row.claim_id) if answer.document in _FROM_DOSSIER else None
    if known is None:
        return Leaving(answer)
    note(desk, Act.DOSSIER_OPENED, row.claim_id, whom=whom_in(desk, known[1]))
    return Leaving(answer, known[1].last_glasses if answer.document == "last_equipment_date" else None)


def provide(desk: Desk, request_id: str, given: Provided) -> str:
    """Answer a request; the id of the answer. RoleRefused, RequestUnknown, RequestDecided, InputInvalid."""
    return _decide(desk, request_id, "provided", given, None)


def refuse(desk: Desk, request_id: str, reason: RefusalReason) -> str:
    """Refuse a request, with a reason; the id of the answer. RoleRefused, RequestUnknown, RequestDecided."""
    return _decide(desk, request_id, "refused", Provided(), reason)


def _decide(
    desk: Desk,
    request_id: str,
    verdict: Literal["provided", "refused"],
    given: Provided,
    reason: RefusalReason | None,
) -> str:
    what = Act.REQUEST_ANSWERED if verdict == "provided" else Act.REQUEST_REFUSED
    requests = DocumentRequests(desk.home.store)
    row = requests.get(request_id)
    claim = row.claim_id if row else ""
    with attempt(desk, what, claim, whom=desk.vault.journal.whom_of(claim)):
        require_role(desk, Role.RESPONSIBLE)
        row = _undecided(row, request_id)
        answer = _answer(desk, row, verdict, given, reason)
        record = desk.home.insurers.get(row.insurer)
        try:
            sealed = seal_answer(answer, desk.home.signer, sealing_key_of(record))
        except ContractError as error:
            raise InputInvalid("not what was asked for", key=answer.document, reason="missing") from error
        now = desk.now()
        entry = Entry(answer.answer_id, row.insurer, sealed.envelope, created_at=now, not_before=now)
        still = requests.checking(request_id, lambda found: _undecided(found, request_id))
        decided = requests.deciding(request_id, verdict, answer.answer_id)
        sent = SentFields(desk.home.store).writing(answer.answer_id, answer)
        desk.home.outbox.enqueue(entry, together(still, decided, sent, noting(desk, what, claim)))
    return answer.answer_id


def _undecided(row: RequestRow | None, request_id: str) -> RequestRow:
    if row is None:
        raise RequestUnknown(request=request_id)
    if row.state != OPEN:
        raise RequestDecided(request=request_id, state=row.state)
    return row


def _answer(
    desk: Desk,
    row: RequestRow,
    verdict: Literal["provided", "refused"],
    given: Provided,
    reason: RefusalReason | None,
) -> DocumentAnswer:
    record = desk.home.insurers.get(row.insurer)
    request = _opened(desk, record, row.seq)
    asked_codes = verdict == "provided" and request.document == "lpp_code"
    return DocumentAnswer(
        schema="comptoir/document-answer/v1",
        answer_id=new_id(desk.now(), os.urandom(10)),
        request_id=row.request_id,
        claim_id=row.claim_id,
        insurer=record.amc,
        convention=record.convention,
        csr=record.csr,
        shop=desk.config.shop_am_id,
        document=request.document,
        verdict=verdict,
        reason=reason,
        openings=_openings(desk, row.claim_id) if asked_codes else (),
        last_equipment_date=given.last_equipment_date,
        early_renewal=given.early_renewal,
        invoice_reference=given.invoice_reference,
    )


def _openings(desk: Desk, claim_id: str) -> tuple[Opening, ...]:
    """The codes that were only committed to, with their salts; none when the dossier was erased."""
    known = desk.vault.dossiers.get(claim_id)
    lines = known[1].lines if known else ()
    return tuple(
        Opening(line=index, code=line.lpp_code, salt=line.salt) for index, line in enumerate(lines) if line.salt
    )


def _opened(desk: Desk, record: InsurerRecord, seq: int) -> DocumentRequest:
    kept = desk.home.inbox.one(record.amc, seq)
    if kept is None:
        raise RequestUnknown(insurer=record.amc, seq=seq)
    verifiers = known_keys(record)
    said = open_event(read_event(kept.signed, verifiers), OpeningKey.from_seed(desk.vault.seed), verifiers).said
    if not isinstance(said, DocumentRequest):
        raise RequestUnknown(insurer=record.amc, seq=seq)
    return said


def _shown(desk: Desk, row: RequestRow) -> AskedDocument:
    known = desk.vault.dossiers.get(row.claim_id)
    number = known[0] if known else row.claim_id[-12:]
    if row.state == UNREADABLE:
        return AskedDocument(row.request_id, row.insurer, row.claim_id, number, row.state, None, "", None, late=False)
    record = desk.home.insurers.get(row.insurer)
    asked = _opened(desk, record, row.seq)
    late = row.state == OPEN and asked.deadline < desk.today()
    about = (asked.document, asked.ground, asked.deadline)
    return AskedDocument(row.request_id, row.insurer, row.claim_id, number, row.state, *about, late, record.name)
