"""Checking all that a home promises, offline: store, counterfoil, chain, access journal, receipts, logs, witnesses.

Rules: nothing is repaired here and nothing is believed: every signature is verified again from the stored bytes, with
the key that was pinned at enrolment.
"""

from dataclasses import dataclass

from sync.errors import SyncError
from sync.queue import Row
from sync.receipts import verify_receipt
from sync.trust import trusted_keys
from terminal.vault.erasure import Erasures
from terminal.vault.journal_check import check_journal
from terminal.workflow.access import sees_dossiers
from terminal.workflow.desk import Desk


@dataclass(frozen=True, slots=True)
class Check:
    """One verdict: a stable name, whether it held, and a count or a code."""

    name: str
    ok: bool
    detail: str

    def to_json(self) -> dict[str, str | bool]:
        """As the command line prints it."""
        return {"name": self.name, "ok": self.ok, "detail": self.detail}


def verify_home(desk: Desk) -> tuple[Check, ...]:
    """Every check, in the order in which one builds on the other: file, chain, counterfoil, journal, receipts, logs.

    While somebody is logged in, the journal's running seal is checked too.
    """
    seed = desk.vault.seed if sees_dossiers(desk) else None
    journal = check_journal(desk.home.store, desk.home.counterfoil, seed)
    erasures = Erasures(desk.home.store).check(desk.home.signer.public)
    checks = tuple(Check(line.name, line.ok, line.detail) for line in (*desk.home.check(), journal, erasures))
    rows = [row for row in desk.home.outbox.rows() if row.receipt]
    false = [row.claim_id for row in rows if not _verifies(desk, row)]
    receipts = Check("receipts", ok=not false, detail=", ".join(false) or str(len(rows)))
    return (*checks, receipts, *_log_checks(desk))


def _log_checks(desk: Desk) -> tuple[Check, Check]:
    """The proofs that insurers' logs hold the claims, and the logs' pasts as this shop saw them."""
    found = desk.home.logs.check(desk.home.outbox.get, desk.now())
    wrong = [*found.false, *found.late]
    proofs = Check("log_proofs", ok=not wrong, detail=", ".join(wrong) or f"{found.proved} (+ {len(found.waiting)})")
    logs = Check("logs", ok=not found.troubles, detail=", ".join(found.troubles) or str(len(found.heads)))
    return proofs, logs


def receipts_that_verify(desk: Desk) -> int:
    """How many stored receipts verify now, from their bytes."""
    return sum(_verifies(desk, row) for row in desk.home.outbox.rows() if row.receipt)


def _verifies(desk: Desk, row: Row) -> bool:
    try:
        verify_receipt(row, row.receipt or "", trusted_keys(desk.home.insurers.get(row.insurer)), desk.home.signer.kid)
    except SyncError:
        return False
    return True
