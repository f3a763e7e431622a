"""What waits, since when, and why.

Rules: "online" is said of a verified receipt, never of a link that is merely up; what needs a person comes first;
amounts are those of the AMC part and are known only while somebody is logged in.
"""

import shutil

from sync.queue import RECOVERED, Row, Summary
from terminal.domain.claim import ClaimState
from terminal.vault.dossiers import Dossier
from terminal.vault.requests import DocumentRequests
from terminal.workflow.access import note_listed
from terminal.workflow.backup import is_backup_due
from terminal.workflow.desk import Desk
from terminal.workflow.reference import data_age
from terminal.workflow.types import DayTotals, Link, Status, WorkItem

NEEDS_A_PERSON = (ClaimState.REJECTED, ClaimState.REFUSED, ClaimState.BLOCKED)
WAITING = (ClaimState.QUEUED, ClaimState.SENDING)
GONE = (ClaimState.SUPERSEDED, ClaimState.CANCELLED)


def link_of(desk: Desk, summary: Summary | None = None) -> Link:
    """Offline when a waiting claim failed on the line; online when the last word was a receipt; else unknown."""
    summary = summary or desk.home.outbox.summary()
    if summary.line_failed:
        return "offline"
    return "online" if summary.last_receipt_at else "unknown"


def status_of(desk: Desk) -> Status:
    """The two status lines."""
    summary = desk.home.outbox.summary()
    usage = shutil.disk_usage(desk.home.path)
    return Status(
        waiting=summary.waiting,
        waiting_cents=_waiting_cents(desk),
        oldest=summary.oldest,
        rejected=summary.rejected,
        last_receipt_at=summary.last_receipt_at,
        link=link_of(desk, summary),
        clock_trusted=desk.clock.trusted,
        disk_free_percent=usage.free * 100 // usage.total,
        device_secret=desk.home.device_secret_name,
        device_secret_weak=desk.home.device_secret_weak,
        stopped=next((one.reason for one in desk.home.outbox.chains.reconciling()), None),
        backup_late=is_backup_due(desk),
        reserve_spent=desk.home.store.reserve.spent,
        damaged=desk.health is not None and bool(desk.health.failed),
        data=data_age(desk),
    )


def _waiting_cents(desk: Desk) -> int | None:
    if desk.vault.user is None or not desk.vault.user.role.sees_dossiers:
        return None
    ids = desk.home.outbox.ids(WAITING)
    return sum(dossier.amc for _, dossier in desk.vault.dossiers.many(ids).values())


def worklist_of(desk: Desk, limit: int) -> tuple[WorkItem, ...]:
    """The claims that need a person, then the newest others; voided ones and answers are left out."""
    outbox = desk.home.outbox
    first = outbox.rows(states=NEEDS_A_PERSON, limit=limit, newest_first=True)
    others = tuple(state for state in ClaimState if state not in NEEDS_A_PERSON + GONE)
    rows = first + outbox.rows(states=others, limit=limit - len(first), newest_first=True)
    answers = DocumentRequests(desk.home.store).answer_ids()
    rows = [row for row in rows if row.claim_id not in answers]
    dossiers = desk.vault.dossiers.many(row.claim_id for row in rows)
    note_listed(desk, dossiers)
    names = {record.amc: record.name for record in desk.home.insurers.all()}
    return tuple(_item(desk, row, dossiers.get(row.claim_id), names.get(row.insurer, row.insurer)) for row in rows)


def _item(desk: Desk, row: Row, known: tuple[str, Dossier] | None, insurer: str) -> WorkItem:
    number, dossier = known if known else ("", None)
    return WorkItem(
        claim_id=row.claim_id,
        number=number or row.claim_id[-12:],
        name=f"{dossier.surname} {dossier.given_name}" if dossier else "",
        insurer=insurer,
        amount=dossier.amc if dossier else 0,
        state=row.state,
        reason=row.reason or row.last_error,
        created_at=row.created_at,
        not_before=row.not_before,
        correctable=is_correctable(desk, row),
        held=is_held(row),
    )


def is_correctable(desk: Desk, row: Row) -> bool:
    """A claim may change while it has not left; the grace period is the time it is kept back for that."""
    return row.state == ClaimState.QUEUED and row.seq is None and desk.now() < row.not_before


def is_held(row: Row) -> bool:
    """A recovered claim never left, and waits until a person queues it or voids it."""
    return row.state == ClaimState.BLOCKED and row.reason == RECOVERED and row.seq is None


def totals_of(desk: Desk) -> DayTotals:
    """Counts and cents of the claims registered since midnight in France."""
    start = desk.midnight()
    answers = DocumentRequests(desk.home.store).answer_ids()
    since = desk.home.outbox.rows_since(start)
    rows = [row for row in since if row.state not in GONE and row.claim_id not in answers]
    dossiers = desk.vault.dossiers.many(row.claim_id for row in rows)
    cents = {row.claim_id: dossiers[row.claim_id][1].amc if row.claim_id in dossiers else 0 for row in rows}

    def figure(states: tuple[ClaimState, ...] | None) -> tuple[int, int]:
        chosen = [row.claim_id for row in rows if states is None or row.state in states]
        return len(chosen), sum(cents[claim_id] for claim_id in chosen)

    sent = tuple(state for state in ClaimState if state not in WAITING + NEEDS_A_PERSON + GONE + (ClaimState.DRAFT,))
    return DayTotals(*figure(None), *figure(sent), *figure(WAITING), *figure(NEEDS_A_PERSON))
