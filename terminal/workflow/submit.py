"""Registering a claim: price, minimise, sign, seal, then one durable act.

Rules: nothing is durable before everything has been checked; once `register` returns, the claim survives a power cut;
the corrected claim is a new one with a new id, and the first is voided in the same durable act, so that a crash
leaves one of them, never both and never neither. A claim that the insurer had already rejected or refused is replaced
by a correction that names it. What asks for an agreement is no delivery; what has one is held to it. The catalogue is
the one in force on the day of delivery; it and the profile that priced a claim are kept before the claim is. The kind
of prescriber and the ground of a renewal decide here and go no further.
"""

import os
from functools import partial
from typing import Final

from msgspec.structs import replace

from sync.contract.envelope import digest
from sync.crypto.claims import seal_claim
from sync.errors import ClaimNotCorrectable
from sync.insurers import InsurerRecord
from sync.queue import Entry, Row, replace_sent, together
from sync.queue.acts import Beside
from sync.trust import profile_jws_on
from terminal.domain.agreement import under_agreement
from terminal.domain.claim import ClaimState
from terminal.domain.errors import DomainError
from terminal.domain.pricing import PricedLine, QuoteInput, price_quote
from terminal.vault.acts import Act
from terminal.vault.dossiers import AgreementKept, Dossier, DossierLine
from terminal.vault.outcomes import Heard
from terminal.vault.sent_fields import SentFields
from terminal.workflow.access import deed, noting, whom_in
from terminal.workflow.conditions import Conditions, Sold, judge_conditions
from terminal.workflow.desk import Desk
from terminal.workflow.duplicates import Deliveries
from terminal.workflow.ids import claim_id as new_claim_id
from terminal.workflow.lines import line_inputs
from terminal.workflow.minimise import BirthDateMissing, Minimised, Purpose, Recipient, Sender, minimise
from terminal.workflow.offer import class_a_offer
from terminal.workflow.profiles import KeptProfiles
from terminal.workflow.recipients import contract_of, profile_of, recipient_of, sealing_key_of
from terminal.workflow.track import link_of
from terminal.workflow.types import ClaimKind, Delivered, Draft, DraftLine, DuplicateReason, QuoteAnswer, Submitted

CORRECTED_BY_ANOTHER: Final = (ClaimState.REJECTED, ClaimState.REFUSED)
"""A claim that left is sent again, as a correction, only after it was really turned down."""
AGREED: Final = (ClaimState.ACCEPTED, ClaimState.PARTIAL)


class OfflineCeilingExceeded(DomainError):
    """The insurer's profile does not let this amount be promised while the line is down."""

    code = "offline_ceiling_exceeded"


def quote_draft(desk: Desk, draft: Draft, replaces: str | None = None) -> QuoteAnswer:
    """All there is to say of `draft`, which may correct the claim `replaces`.

    Raises DomainError when a code, a price, a date, a prescription, a renewal or a contract does not hold.
    """
    return _answer(desk, desk.home.insurers.get(draft.insurer), draft, replaces)


def register(
    desk: Desk, draft: Draft, replaces: str | None = None, despite: DuplicateReason | None = None
) -> Submitted:
    """Make the claim of `draft` durable; in the same act `replaces` is voided, or superseded where it had left.

    `despite`: why it is claimed though it looks like an earlier one; the journal keeps that. The errors of
    `quote_draft`; ClaimNotCorrectable; OfflineCeilingExceeded.
    """
    record = desk.home.insurers.get(draft.insurer)
    answer = _answer(desk, record, draft, replaces)
    recipient = recipient_of(record, desk.vault.seed, desk.today())
    if not (draft.asks_agreement or draft.agreement):
        _check_ceiling(desk, recipient, answer)
    now = desk.now()
    sender = Sender(desk.config.shop_am_id, desk.today())
    purpose = _purpose(desk, draft, replaces, new_claim_id(now, os.urandom(10)))
    minimised = minimise(purpose, sender, draft, answer, recipient)
    sealed = seal_claim(minimised.message, desk.home.signer, sealing_key_of(record))
    KeptProfiles(desk.home.path).keep(profile_jws_on(record, desk.today()))
    dossier = _placed(_dossier(desk, draft, answer, minimised, digest(sealed.signed)), draft, purpose)
    entry = Entry(
        minimised.message.claim_id, draft.insurer, sealed.envelope, created_at=now, not_before=desk.leaves_at(now)
    )
    kept = together(*_kept_beside(desk, entry.claim_id, draft, dossier, minimised))
    if despite is not None and answer.earlier:
        meant = deed(desk, Act.DUPLICATE_MEANT, entry.claim_id, whom=whom_in(desk, dossier), outcome=despite)
        kept = together(kept, desk.vault.journal.writing(meant))
    number = _make_durable(desk, entry, dossier, kept, replaces)
    return Submitted(entry.claim_id, number, dossier.reste_a_charge, entry.not_before, answer.earlier, dossier.kind)


def _purpose(desk: Desk, draft: Draft, replaces: str | None, claim_id: str) -> Purpose:
    """What the message is for. A correction of what the insurer never got is a claim; of another one, it names it."""
    if draft.asks_agreement:
        return Purpose(claim_id, "preauthorisation")
    gone = replaces is not None and desk.home.outbox.get(replaces).dispatch is not None
    known = desk.vault.dossiers.get(replaces) if replaces else None
    names = replaces if gone else known[1].supersedes if known else None
    if known is not None and known[1].kind == "preauthorisation":
        names = None
    return Purpose(claim_id, "correction", names) if names else Purpose(claim_id)


def _kept_beside(desk: Desk, claim_id: str, draft: Draft, dossier: Dossier, minimised: Minimised) -> list[Beside]:
    """The delivery, unless an agreement is only asked for; what was sent; the agreement that the claim is under."""
    kept = [SentFields(desk.home.store).writing(claim_id, minimised.message)]
    if not draft.asks_agreement:
        sold = sold_in(draft.lines)
        kept.append(deliveries_of(desk).writing(claim_id, draft.person, dossier.service_date, sold))
    if draft.agreement is not None and draft.agreement.request:
        kept.append(Heard(desk.home.store).linking(claim_id, "delivery", draft.agreement.request))
    return kept


def deliveries_of(desk: Desk) -> Deliveries:
    """What this shop delivered, by pseudonym; Locked when nobody is logged in."""
    return Deliveries(desk.home.store, desk.vault.seed)


def sold_in(lines: tuple[DraftLine, ...]) -> list[Sold]:
    """What is delivered, as far as conditions and duplicates go."""
    return [Sold(line.item, line.eye) for line in lines]


def _answer(desk: Desk, record: InsurerRecord, draft: Draft, replaces: str | None) -> QuoteAnswer:
    today, birth_date = desk.today(), draft.person.birth_date
    contract = contract_of(profile_of(record, today), draft.contract_id)
    if birth_date is None:
        raise BirthDateMissing(rank=draft.person.rank)
    day = draft.service_date or today
    in_force = desk.tariffs.on(day)
    asked = QuoteInput(day, birth_date, draft.amo_rate, contract, line_inputs(draft.lines, in_force))
    quote = price_quote(asked, today, desk.rules)
    return QuoteAnswer(
        quote=under_agreement(quote, draft.agreement, day) if draft.agreement else quote,
        renewal=judge_conditions(_conditions(draft), day, birth_date, sold_in(draft.lines)),
        offer=class_a_offer(asked, in_force, today),
        catalogue=in_force,
        earlier=_earlier(desk, draft, replaces),
        agreement=draft.agreement,
    )


def _conditions(draft: Draft) -> Conditions:
    return Conditions(
        draft.prescription_date, draft.prescriber, draft.last_glasses, draft.ground, draft.last_contact_lenses
    )


def _earlier(desk: Desk, draft: Draft, replaces: str | None) -> tuple[Delivered, ...]:
    """What this shop delivered to the person, but for the claim that is being corrected; locked, nothing is known."""
    if desk.vault.user is None or draft.asks_agreement:
        return ()
    day = draft.service_date or desk.today()
    found = deliveries_of(desk).earlier(draft.person, day, sold_in(draft.lines))
    others = [one for one in found if one.claim_id != replaces]
    known = desk.vault.dossiers.many(one.claim_id for one in others)
    return tuple(
        Delivered(one.day, known[one.claim_id][0] if one.claim_id in known else "", one.claim_id) for one in others
    )


def _make_durable(desk: Desk, entry: Entry, dossier: Dossier, kept: Beside, replaces: str | None) -> str:
    """Queue, dossier, journal and what else is kept of a claim, in one act; the number of the dossier."""
    dossier_row = desk.vault.dossiers.writing(entry.claim_id, dossier)
    whom = whom_in(desk, dossier)
    submitted = noting(desk, Act.CLAIM_SUBMITTED, entry.claim_id, whom=whom)
    if replaces is None:
        desk.home.outbox.enqueue(entry, together(dossier_row, kept, submitted))
        return dossier_row.number
    corrected = noting(desk, Act.CLAIM_CORRECTED, replaces, whom=whom)
    unlinked = Heard(desk.home.store).unlinking(replaces)
    beside = together(unlinked, dossier_row, kept, deliveries_of(desk).voiding(replaces), corrected, submitted)
    row = desk.home.outbox.get(replaces)
    if row.dispatch is None:
        desk.home.outbox.replace(replaces, entry, desk.home.signer, beside)
        return dossier_row.number
    require_turned_down(desk, row)
    replaced = partial(replace_sent, claim_id=replaces, reason="corrected")
    desk.home.outbox.enqueue(entry, together(replaced, beside))
    return dossier_row.number


def require_turned_down(desk: Desk, row: Row) -> None:
    """ClaimNotCorrectable unless another claim may take the place of this one, which has left.

    It was rejected or refused, or it was an agreement that nothing was delivered under.
    """
    known = desk.vault.dossiers.get(row.claim_id)
    asked = known is not None and known[1].kind == "preauthorisation"
    may = (*CORRECTED_BY_ANOTHER, *(AGREED if asked else ()))
    if row.state not in may or Heard(desk.home.store).is_delivered(row.claim_id):
        raise ClaimNotCorrectable("the insurer has this claim and did not refuse it", state=row.state)


def _check_ceiling(desk: Desk, recipient: Recipient, answer: QuoteAnswer) -> None:
    ceiling, amc = recipient.profile.offline_ceiling, answer.quote.total.amc
    if amc > ceiling and link_of(desk) == "offline":
        raise OfflineCeilingExceeded(ceiling=ceiling, amc=amc)


def _dossier(desk: Desk, draft: Draft, answer: QuoteAnswer, minimised: Minimised, signed: str) -> Dossier:
    person, user, quote = draft.person, desk.vault.user, answer.quote
    message = minimised.message
    return Dossier(
        surname=person.surname,
        given_name=person.given_name,
        birth_date=person.birth_date,
        birth_date_raw=person.birth_date_raw,
        nir=person.nir.digits + person.nir.key,
        rank=person.rank,
        source=person.source,
        prescription_date=draft.prescription_date,
        service_date=message.service_date,
        amo_rate=draft.amo_rate,
        insurer=draft.insurer,
        contract_id=draft.contract_id,
        member=draft.member,
        lines=tuple(
            _dossier_line(line, priced, minimised.salts.get(index))
            for index, (line, priced) in enumerate(zip(draft.lines, quote.lines, strict=True))
        ),
        price=quote.total.price,
        amo=quote.total.amo,
        amc=quote.total.amc,
        reste_a_charge=quote.total.reste_a_charge,
        user=user.id if user else "",
        signed_sha256=signed,
        catalogue=message.tables.catalogue,
        profile=message.tables.profile,
        mixed_ceiling=desk.rules.mixed_ceiling,
        last_glasses=draft.last_glasses,
        last_contact_lenses=dict(draft.last_contact_lenses),
        model=draft.model,
        lens_type=draft.lens_type,
    )


def _placed(dossier: Dossier, draft: Draft, purpose: Purpose) -> Dossier:
    """The dossier, with what the claim is for and the agreement it is under."""
    kind: ClaimKind = "preauthorisation" if draft.asks_agreement else "correction" if purpose.supersedes else "claim"
    placed = replace(dossier, kind=kind, supersedes=purpose.supersedes)
    word = draft.agreement
    if word is None:
        return placed
    held = tuple(replace(line, agreed=line.amc) for line in dossier.lines)
    return replace(placed, lines=held, agreement=AgreementKept(word.number, word.given, word.until, word.request))


def _dossier_line(line: DraftLine, priced: PricedLine, salt: str | None) -> DossierLine:
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
        amo=priced.amo,
        amc=priced.amc,
    )
