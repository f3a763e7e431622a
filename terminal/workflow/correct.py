"""Correcting and cancelling.

Rules: a claim that has not been dispatched changes here alone while its grace period runs; each void is signed and
written to the counterfoil. A recovered claim, which nobody was ever told of, waits for a person who queues it or voids
it. After it left, a claim is corrected only when it was really turned down, and cancelled by asking the insurer
(`follow_up`). What was not kept (the kind of prescriber, the ground of a renewal, a correction) is asked again.
"""

from sync.errors import ClaimNotCorrectable, ClaimNotHeld, ClaimUnknown
from sync.queue import together
from terminal.domain.identifiers import Nir
from terminal.domain.roles import Role
from terminal.vault.acts import Act
from terminal.vault.dossiers import Dossier
from terminal.vault.outcomes import Heard
from terminal.workflow.access import attempt, note, noting, whom, whom_in
from terminal.workflow.agreements import agreement_kept
from terminal.workflow.desk import Desk
from terminal.workflow.lines import draft_lines
from terminal.workflow.models import shown_for
from terminal.workflow.people import require_role
from terminal.workflow.submit import deliveries_of, require_turned_down
from terminal.workflow.track import is_correctable, is_held
from terminal.workflow.types import Draft, Person


def reopen_draft(desk: Desk, claim_id: str) -> Draft:
    """The draft of a claim that may still change, or that was turned down; ClaimNotCorrectable otherwise."""
    row = desk.home.outbox.get(claim_id)
    if row.dispatch is not None:
        require_turned_down(desk, row)
    elif not is_correctable(desk, row):
        raise ClaimNotCorrectable(state=row.state)
    return draft_of(desk, claim_id)


def draft_of(desk: Desk, claim_id: str) -> Draft:
    """The draft kept in a dossier; ClaimUnknown when it was erased or never known here."""
    return draft_in(desk, dossier_of(desk, claim_id))


def dossier_of(desk: Desk, claim_id: str) -> Dossier:
    """The dossier of a claim; ClaimUnknown when it was erased or never known here."""
    known = desk.vault.dossiers.get(claim_id)
    if known is None:
        raise ClaimUnknown(claim_id=claim_id)
    note(desk, Act.DOSSIER_OPENED, claim_id, whom=whom_in(desk, known[1]))
    return known[1]


def reveal_nir(desk: Desk, claim_id: str, person: Person) -> str:
    """The whole NIR of a dossier's person, 15 digits, once it is noted who saw it."""
    note(desk, Act.NIR_REVEALED, claim_id, whom=whom(desk, person))
    return person.nir.digits + person.nir.key


def cancel_claim(desk: Desk, claim_id: str) -> None:
    """Void a claim that has not left; its delivery goes in the same act."""
    row = desk.home.outbox.get(claim_id)
    with attempt(desk, Act.CLAIM_CANCELLED, claim_id, whom=desk.vault.journal.whom_of(claim_id)):
        if not (is_correctable(desk, row) or is_held(row)):
            raise ClaimNotCorrectable(state=row.state)
        unlinked = Heard(desk.home.store).unlinking(claim_id)
        noted = noting(desk, Act.CLAIM_CANCELLED, claim_id)
        beside = together(deliveries_of(desk).voiding(claim_id), unlinked, noted)
        desk.home.outbox.void(claim_id, "cancelled", desk.home.signer, desk.now(), beside)


def release_claim(desk: Desk, claim_id: str) -> None:
    """Queue a recovered claim with the bytes it was sealed with: it leaves after a grace period, as a new one does.

    Nobody was told that it is registered, so a person asks the insurer or the customer first. Locked, RoleRefused,
    ClaimUnknown, ClaimNotHeld.
    """
    row = desk.home.outbox.get(claim_id)
    with attempt(desk, Act.CLAIM_RELEASED, claim_id, whom=desk.vault.journal.whom_of(claim_id)):
        require_role(desk, Role.RESPONSIBLE, Role.STAFF)
        if not is_held(row):
            raise ClaimNotHeld("only a recovered claim waits for this", state=row.state)
        desk.home.outbox.release(claim_id, desk.leaves_at(desk.now()), noting(desk, Act.CLAIM_RELEASED, claim_id))


def draft_in(desk: Desk, dossier: Dossier) -> Draft:
    """The draft that a dossier was made of."""
    lines = draft_lines(dossier.lines)
    shown = (dossier.model, dossier.lens_type)
    model, lens_type = shown if dossier.model is not None else shown_for(lines, desk.catalogue)
    return Draft(
        person=_person(dossier),
        prescription_date=dossier.prescription_date,
        amo_rate=dossier.amo_rate,
        lines=lines,
        insurer=dossier.insurer,
        contract_id=dossier.contract_id,
        member=dossier.member,
        service_date=dossier.service_date,
        last_glasses=dossier.last_glasses,
        last_contact_lenses=dossier.last_contact_lenses,
        model=model,
        lens_type=lens_type,
        asks_agreement=dossier.kind == "preauthorisation",
        agreement=agreement_kept(desk, dossier),
    )


def _person(dossier: Dossier) -> Person:
    return Person(
        surname=dossier.surname,
        given_name=dossier.given_name,
        birth_date=dossier.birth_date,
        birth_date_raw=dossier.birth_date_raw,
        nir=Nir.parse(dossier.nir),
        rank=dossier.rank,
        source=dossier.source,
    )
