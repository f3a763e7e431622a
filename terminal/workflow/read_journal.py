"""Reading the access journal.

Rules: only the responsible person reads it, and reading is an entry too; a person appears as a pseudonym, so that the
journal can be shown without showing anybody; who looked at the data of one person is asked by a claim of theirs.
"""

from terminal.domain.roles import Role
from terminal.vault.acts import Act
from terminal.vault.journal import Entry
from terminal.workflow.access import attempt, note
from terminal.workflow.desk import Desk
from terminal.workflow.people import require_role


def read_journal(desk: Desk, limit: int, claim_id: str | None = None) -> tuple[Entry, ...]:
    """The newest entries, newest last; of the person of a claim only, if asked. Locked, RoleRefused, ClaimUnknown."""
    with attempt(desk, Act.JOURNAL_READ, claim_id or ""):
        require_role(desk, Role.RESPONSIBLE)
        if claim_id is not None:
            desk.home.outbox.get(claim_id)
    note(desk, Act.JOURNAL_READ, claim_id or "")
    journal = desk.vault.journal
    if claim_id is None:
        return journal.entries(limit=limit)
    whom = journal.whom_of(claim_id)
    return journal.entries(whom=whom, limit=limit) if whom else ()
