"""Registering a claim: price, minimise, sign, seal, then one durable act.

Rules: nothing is durable before everything has been checked; once `register` returns, the claim survives a power cut;
the corrected claim is a new one with a new id, and the first is voided in the same durable act, so that a crash
leaves one of them, never both and never neither.
"""

import os

from sync.contract.envelope import digest
from sync.crypto.claims import seal_claim
from sync.queue import Entry
from terminal.domain.errors import DomainError
from terminal.domain.identifiers import LppCode
from terminal.domain.prescription import require_valid, valid_until
from terminal.domain.pricing import LineInput, Quote, QuoteInput, price_quote
from terminal.vault.dossiers import Dossier, DossierLine
from terminal.workflow.desk import Desk
from terminal.workflow.ids import claim_id as new_claim_id
from terminal.workflow.minimise import BirthDateMissing, Minimised, Recipient, Sender, minimise
from terminal.workflow.recipients import contract_of, profile_of, recipient_of, sealing_key_of
from terminal.workflow.track import link_of
from terminal.workflow.types import Draft, DraftLine, Submitted


class OfflineCeilingExceeded(DomainError):
    """The insurer's profile does not let this amount be promised while the line is down."""

    code = "offline_ceiling_exceeded"


def quote_draft(desk: Desk, draft: Draft) -> Quote:
    """Who pays what for `draft`; DomainError when a code, a price, a date or a contract does not hold."""
    record = desk.home.insurers.get(draft.insurer)
    contract = contract_of(profile_of(record), draft.contract_id)
    if draft.person.birth_date is None:
        raise BirthDateMissing(rank=draft.person.rank)
    lines = tuple(_line(desk, line) for line in draft.lines)
    today = desk.today()
    request = QuoteInput(draft.service_date or today, draft.person.birth_date, draft.amo_rate, contract, lines)
    return price_quote(request, today)


def register(desk: Desk, draft: Draft, replaces: str | None = None) -> Submitted:
    """Make the claim of `draft` durable; in the same act `replaces`, not yet gone, is voided as superseded."""
    _check_prescription(desk, draft)
    quote = quote_draft(desk, draft)
    record = desk.home.insurers.get(draft.insurer)
    recipient = recipient_of(record, desk.vault.seed)
    _check_ceiling(desk, recipient, quote)
    now = desk.now()
    sender = Sender(desk.config.shop_am_id, desk.catalogue.digest, desk.today())
    minimised = minimise(new_claim_id(now, os.urandom(10)), sender, draft, quote, recipient)
    sealed = seal_claim(minimised.message, desk.home.signer, sealing_key_of(record))
    dossier = _dossier(desk, draft, quote, minimised, digest(sealed.signed))
    entry = Entry(
        minimised.message.claim_id, draft.insurer, sealed.envelope, created_at=now, not_before=desk.leaves_at(now)
    )
    return _make_durable(desk, entry, dossier, replaces)


def _make_durable(desk: Desk, entry: Entry, dossier: Dossier, replaces: str | None) -> Submitted:
    writing = desk.vault.dossiers.writing(entry.claim_id, dossier)
    if replaces is None:
        desk.home.outbox.enqueue(entry, writing)
    else:
        desk.home.outbox.replace(replaces, entry, desk.home.signer, writing)
    return Submitted(entry.claim_id, writing.number, dossier.reste_a_charge, entry.not_before)


def _check_prescription(desk: Desk, draft: Draft) -> None:
    if draft.prescription_date is None or draft.person.birth_date is None:
        return
    last_day = valid_until(draft.prescription_date, draft.person.birth_date)
    require_valid(draft.prescription_date, draft.service_date or desk.today(), last_day)


def _check_ceiling(desk: Desk, recipient: Recipient, quote: Quote) -> None:
    ceiling = recipient.profile.offline_ceiling
    if quote.total.amc > ceiling and link_of(desk) == "offline":
        raise OfflineCeilingExceeded(ceiling=ceiling, amc=quote.total.amc)


def _line(desk: Desk, line: DraftLine) -> LineInput:
    item = desk.catalogue.item(LppCode.parse(line.lpp_code))
    return LineInput(line.item, line.eye, item, line.price, line.quantity, line.plv, line.plv_reason, line.base)


def _dossier(desk: Desk, draft: Draft, quote: Quote, minimised: Minimised, signed: str) -> Dossier:
    person, user = draft.person, desk.vault.user
    return Dossier(
        surname=person.surname,
        given_name=person.given_name,
        birth_date=person.birth_date,
        birth_date_raw=person.birth_date_raw,
        nir=person.nir.digits + person.nir.key,
        rank=person.rank,
        source=person.source,
        prescription_date=draft.prescription_date,
        service_date=minimised.message.service_date,
        amo_rate=draft.amo_rate,
        insurer=draft.insurer,
        contract_id=draft.contract_id,
        member=draft.member,
        lines=tuple(_dossier_line(line, minimised.salts.get(index)) for index, line in enumerate(draft.lines)),
        price=quote.total.price,
        amo=quote.total.amo,
        amc=quote.total.amc,
        reste_a_charge=quote.total.reste_a_charge,
        user=user.id if user else "",
        signed_sha256=signed,
    )


def _dossier_line(line: DraftLine, salt: str | None) -> DossierLine:
    return DossierLine(
        item=line.item,
        eye=line.eye,
        lpp_code=line.lpp_code,
        price=line.price,
        quantity=line.quantity,
        plv=line.plv,
        plv_reason=line.plv_reason,
        base=line.base,
        salt=salt,
    )
