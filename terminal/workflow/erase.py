"""Erasing dossiers: by rule, when the counter starts and whenever somebody logs in; by hand, when two people agree.

Rules: a dossier in an open state is never erased, whoever asks; nothing is erased by a clock that is not trusted, for a
clock in the future would erase all; marks of deliveries older than two years go with the rule, those of the claim go
with its dossier when two people erase it.
"""

from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sync.errors import StoreError, SyncError
from terminal.domain.calendar import years_after
from terminal.vault.acts import Act
from terminal.vault.erasure import SETTLED, Erasures, Order
from terminal.workflow import duplicates, four_eyes
from terminal.workflow.access import attempt, deed
from terminal.workflow.desk import Desk


class DossierOpen(SyncError):
    """Something is still expected of this claim: its dossier stays."""

    code = "dossier_open"


class DossierGone(SyncError):
    """This claim has no dossier, or it was erased already."""

    code = "dossier_gone"


@dataclass(frozen=True, slots=True)
class Erased:
    """How many dossiers and marks were erased, by which certificate; `skipped` says why nothing was looked at."""

    dossiers: int = 0
    deliveries: int = 0
    certificates: tuple[int, ...] = ()
    skipped: str | None = None


def erase_due(desk: Desk) -> Erased:
    """Erase what the rule says, and certify it. Needs nobody to be logged in: nothing is read."""
    if not desk.clock.trusted:
        return Erased(skipped="clock_untrusted")
    erasures = Erasures(desk.home.store)
    desk.home.store.migrate(duplicates.ROOM, duplicates.SCHEMA)
    total = Erased()
    while (done := _erase_some(desk, erasures)) is not None:
        certificates = total.certificates + done.certificates
        total = Erased(total.dossiers + done.dossiers, total.deliveries + done.deliveries, certificates)
    erasures.compact()
    return total


def erase_dossier(desk: Desk, claim_id: str, approval: four_eyes.Approval) -> int:
    """Erase one dossier at the word of two people; the number of the certificate.

    ApprovalInvalid, ClaimUnknown, DossierOpen, DossierGone.
    """
    erasures = Erasures(desk.home.store)
    desk.home.store.migrate(duplicates.ROOM, duplicates.SCHEMA)
    with attempt(desk, Act.DOSSIER_ERASED, claim_id, whom=desk.vault.journal.whom_of(claim_id)):
        desk.home.outbox.get(claim_id)
        approval.use(desk, four_eyes.Act.ERASE, claim_id)
        by = approval.first, approval.second
        with desk.home.store.write() as connection:
            dossier = erasures.one(connection, claim_id)
            if dossier is None:
                raise DossierGone(claim_id=claim_id)
            if dossier.state not in SETTLED:
                raise DossierOpen(claim_id=claim_id, state=dossier.state)
            marks = connection.exec_driver_sql("DELETE FROM delivery WHERE claim_id = ?", (claim_id,)).rowcount
            order = Order("two_people", desk.config.retention_days, (dossier,), marks, by)
            number = _erase(desk, erasures, connection, order)
    desk.vault.dossiers.forget(claim_id)
    erasures.compact()
    return number


def _erase_some(desk: Desk, erasures: Erasures) -> Erased | None:
    now = desk.now()
    before = now - timedelta(days=desk.config.retention_days)
    oldest = years_after(desk.today(), -duplicates.LOOK_BACK_YEARS).isoformat()
    with desk.home.store.write() as connection:
        erasures.see_settled(connection, now)
        dossiers = erasures.due(connection, before)
        marks = connection.exec_driver_sql("DELETE FROM delivery WHERE day < ?", (oldest,)).rowcount
        if not dossiers and not marks:
            return None
        order = Order("retention", desk.config.retention_days, dossiers, marks)
        number = _erase(desk, erasures, connection, order)
    if desk.vault.user is not None and desk.vault.user.role.sees_dossiers:
        desk.vault.dossiers.forget(*(dossier.claim_id for dossier in dossiers))
    return Erased(len(dossiers), marks, (number,))


def _erase(desk: Desk, erasures: Erasures, connection: Any, order: Order) -> int:
    """Content, journal and certificate, inside one transaction; the certificate's number."""
    erasures.erase(connection, order.dossiers)
    whom_of = desk.vault.journal.whom_in
    ids = [dossier.claim_id for dossier in order.dossiers]
    deeds = [deed(desk, Act.DOSSIER_ERASED, claim_id, whom=whom_of(connection, claim_id)) for claim_id in ids]
    desk.vault.journal.writing(*(deeds or [deed(desk, Act.DOSSIER_ERASED, "delivery")]))(connection)
    return erasures.certify(connection, order, desk.now(), desk.home.signer)


def erase_in_passing(desk: Desk) -> None:
    """The same at the start of the counter and at a log-in: a medium that refuses keeps nobody from working."""
    with suppress(StoreError):
        erase_due(desk)
