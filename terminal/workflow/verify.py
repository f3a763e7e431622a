"""Checking all that a home promises, offline: file, chain, counterfoil, journal, receipts, refusals, logs, witnesses.

Rules: nothing is repaired here and nothing is believed: every signature is verified again from the stored bytes, with
a key that speaks for the insurer, or did when it was received.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sync.crypto.signing import VerifyingKey
from sync.errors import SyncError
from sync.queue import Row
from sync.receipts import verify_receipt, verify_refusal
from sync.trust import known_keys
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
    return (*checks, _receipts(desk), _refusals(desk), *_log_checks(desk))


def _receipts(desk: Desk) -> Check:
    rows = [row for row in desk.home.outbox.rows() if row.receipt]
    return _check_of("receipts", {row.claim_id: _verifies(desk, row) for row in rows})


def _refusals(desk: Desk) -> Check:
    """The refusals that rejected a claim, each over the package that was refused."""
    kept = desk.home.outbox.refusals()
    return _check_of("refusals", {claim_id: _is_refused(desk, claim_id, jws) for claim_id, jws in kept.items()})


def _check_of(name: str, verdicts: Mapping[str, bool]) -> Check:
    false = [claim_id for claim_id, holds in verdicts.items() if not holds]
    return Check(name, ok=not false, detail=", ".join(false) or str(len(verdicts)))


def _log_checks(desk: Desk) -> tuple[Check, Check, Check]:
    """The proofs that insurers' logs hold the claims, and the logs' pasts as this shop saw them.

    Claims that another copy of this terminal sent are named: they have a receipt, and no proof can come here.
    """
    found = desk.home.logs.check(desk.home.outbox.get, desk.now())
    wrong = [*found.false, *found.late]
    proofs = Check("log_proofs", ok=not wrong, detail=", ".join(wrong) or f"{found.proved} (+ {len(found.waiting)})")
    elsewhere = Check("log_elsewhere", ok=True, detail=", ".join(found.elsewhere) or "0")
    logs = Check("logs", ok=not found.troubles, detail=", ".join(found.troubles) or str(len(found.heads)))
    return proofs, elsewhere, logs


def receipts_that_verify(desk: Desk) -> int:
    """How many stored receipts verify now, from their bytes."""
    return sum(_verifies(desk, row) for row in desk.home.outbox.rows() if row.receipt)


def _verifies(desk: Desk, row: Row) -> bool:
    try:
        verify_receipt(row, row.receipt or "", _keys(desk, row), desk.home.signer.kid)
    except SyncError:
        return False
    return True


def _is_refused(desk: Desk, claim_id: str, refusal: str) -> bool:
    try:
        row = desk.home.outbox.get(claim_id)
        verify_refusal(row, refusal, _keys(desk, row), desk.home.signer.kid)
    except SyncError:
        return False
    return True


def _keys(desk: Desk, row: Row) -> tuple[VerifyingKey, ...]:
    return known_keys(desk.home.insurers.get(row.insurer))
