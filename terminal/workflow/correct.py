"""Correcting and cancelling before a claim leaves.

Rules: only a claim that has not been dispatched and whose grace period runs can change; each void is signed and
written to the counterfoil; after that, a change is a message to the insurer and not this module's matter.
"""

from sync.errors import ClaimNotCorrectable, ClaimUnknown
from terminal.domain.identifiers import Nir
from terminal.vault.dossiers import Dossier
from terminal.workflow.desk import Desk
from terminal.workflow.track import is_correctable
from terminal.workflow.types import Draft, DraftLine, Person


def reopen_draft(desk: Desk, claim_id: str) -> Draft:
    """The draft of a claim that may still change; ClaimNotCorrectable otherwise."""
    row = desk.home.outbox.get(claim_id)
    if not is_correctable(desk, row):
        raise ClaimNotCorrectable(state=row.state)
    return draft_of(desk, claim_id)


def draft_of(desk: Desk, claim_id: str) -> Draft:
    """The draft kept in a dossier; ClaimUnknown when it was erased or never known here."""
    known = desk.vault.dossiers.get(claim_id)
    if known is None:
        raise ClaimUnknown(claim_id=claim_id)
    return _draft(known[1])


def cancel_claim(desk: Desk, claim_id: str) -> None:
    """Void a claim that has not left."""
    row = desk.home.outbox.get(claim_id)
    if not is_correctable(desk, row):
        raise ClaimNotCorrectable(state=row.state)
    desk.home.outbox.void(claim_id, "cancelled", desk.home.signer, desk.now())


def _draft(dossier: Dossier) -> Draft:
    person = Person(
        surname=dossier.surname,
        given_name=dossier.given_name,
        birth_date=dossier.birth_date,
        birth_date_raw=dossier.birth_date_raw,
        nir=Nir.parse(dossier.nir),
        rank=dossier.rank,
        source=dossier.source,
    )
    return Draft(
        person=person,
        prescription_date=dossier.prescription_date,
        amo_rate=dossier.amo_rate,
        lines=tuple(
            DraftLine(
                line.item, line.eye, line.lpp_code, line.price, line.quantity, line.plv, line.plv_reason, line.base
            )
            for line in dossier.lines
        ),
        insurer=dossier.insurer,
        contract_id=dossier.contract_id,
        member=dossier.member,
        service_date=dossier.service_date,
    )
