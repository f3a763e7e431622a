"""An earlier claim, read to be put beside the one that looks like it.

Rules: reading it opens a dossier, and is noted as that.
"""

from terminal.domain.roles import Role
from terminal.vault.acts import Act
from terminal.workflow.access import note, whom_in
from terminal.workflow.correct import dossier_of
from terminal.workflow.desk import Desk
from terminal.workflow.followed import EarlierClaim, EarlierLine
from terminal.workflow.people import require_role


def earlier_claim(desk: Desk, claim_id: str) -> EarlierClaim:
    """What it was; Locked, RoleRefused, ClaimUnknown when its dossier was erased."""
    require_role(desk, Role.RESPONSIBLE, Role.STAFF)
    dossier, row = dossier_of(desk, claim_id), desk.home.outbox.get(claim_id)
    note(desk, Act.DOSSIER_OPENED, claim_id, whom=whom_in(desk, dossier))
    known = desk.vault.dossiers.get(claim_id)
    names = {record.amc: record.name for record in desk.home.insurers.all()}
    return EarlierClaim(
        claim_id=claim_id,
        number=known[0] if known else "",
        day=dossier.service_date,
        insurer=names.get(dossier.insurer, dossier.insurer),
        state=row.state,
        lines=tuple(EarlierLine(line.item, line.eye, line.lpp_code, line.price) for line in dossier.lines),
        price=dossier.price,
        amc=dossier.amc,
    )
