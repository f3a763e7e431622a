"""Agreements that insurers gave: read from what was said, or from the dossier of the delivery.

Rules: an agreement is the newest applied word of the insurer about a preauthorisation; the terminal adds nothing to it.
"""

from collections.abc import Collection
from typing import TypeAlias

from sync.contract.outcomes import Outcome, Payment
from terminal.domain.agreement import AgreedLine, Agreement
from terminal.vault.dossiers import Dossier
from terminal.vault.outcomes import Heard, HeardRow, Words
from terminal.workflow.desk import Desk

Said: TypeAlias = list[tuple[HeardRow, Outcome | Payment]]
"""What was said of a claim, in order, each with what came of it."""


def said_of_many(desk: Desk, claim_ids: Collection[str]) -> dict[str, Said]:
    """What insurers said of these claims, as far as it was not erased; Locked, RoleRefused."""
    words, found = Words(desk.vault.seed), dict[str, Said]()
    for row in Heard(desk.home.store).of(claim_ids):
        if (said := words.open(row)) is not None:
            found.setdefault(row.claim_id, []).append((row, said))
    return found


def said_of(desk: Desk, claim_id: str) -> Said:
    """The same of one claim."""
    return said_of_many(desk, (claim_id,)).get(claim_id, [])


def last_outcome(said: Said) -> Outcome | None:
    """The decision that holds."""
    applied = [word for row, word in said if isinstance(word, Outcome) and row.finding in ("applied", "repeated")]
    return applied[-1] if applied else None


def agreement_of(desk: Desk, claim_id: str, dossier: Dossier) -> Agreement | None:
    """What was agreed to a preauthorisation, None when nothing was (yet)."""
    outcome = last_outcome(said_of(desk, claim_id))
    if outcome is None or outcome.agreement is None:
        return None
    lines = tuple(
        AgreedLine(line.item, line.eye, agreed.amc) for line, agreed in zip(dossier.lines, outcome.lines, strict=True)
    )
    word = outcome.agreement
    return Agreement(word.number, word.date, word.valid_until, lines, claim_id)


def agreement_kept(desk: Desk, dossier: Dossier) -> Agreement | None:
    """The agreement that a delivery was claimed under; in full while its request is known here."""
    kept = dossier.agreement
    if kept is None:
        return None
    asked = desk.vault.dossiers.get(kept.request)
    whole = agreement_of(desk, kept.request, asked[1]) if asked else None
    lines = tuple(AgreedLine(line.item, line.eye, line.agreed or 0) for line in dossier.lines)
    return whole or Agreement(kept.number, kept.given, kept.until, lines, kept.request)
