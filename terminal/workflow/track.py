"""What waits, since when, and why.

Rules: "online" is said of a verified receipt, never of a link that is merely up; what needs a person comes first;
amounts are those of the AMC part and are known only while somebody is logged in.
"""

import shutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from sync.contract.outcomes import Outcome, Payment
from sync.queue import RECOVERED, Row, Summary
from terminal.domain.claim import GONE, NEEDS_A_PERSON, WAITING, ClaimState
from terminal.vault.dossiers import Dossier
from terminal.vault.listing import NEWEST, Listing
from terminal.vault.outcomes import Heard
from terminal.workflow.access import note_listed
from terminal.workflow.agreements import Said, last_outcome, said_of, said_of_many
from terminal.workflow.backup import is_backup_due
from terminal.workflow.desk import Desk
from terminal.workflow.late import late_of, late_rows, lateness_of, sender_of
from terminal.workflow.reference import data_age
from terminal.workflow.types import DayTotals, Link, Status, WorkItem


def link_of(desk: Desk, summary: Summary | None = None) -> Link:
    """Offline when a waiting claim failed on the line; online when the last word was a receipt; else unknown."""
    summary = summary or desk.home.outbox.glance()
    if summary.line_failed:
        return "offline"
    return "online" if summary.last_receipt_at else "unknown"


def status_of(desk: Desk) -> Status:
    """The two status lines."""
    summary = desk.home.outbox.glance()
    usage, late = shutil.disk_usage(desk.home.path), late_of(desk)
    return Status(
        waiting=summary.waiting,
        waiting_cents=_waiting_cents(desk),
        oldest=summary.oldest,
        rejected=summary.rejected + Listing(desk.home.store).refusals(),
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
        unproved=len(unproved_of(desk)),
        sender=sender_of(desk),
        warned=late.warned,
        alarmed=late.alarmed,
    )


def unproved_of(desk: Desk) -> dict[str, str]:
    """The claims with a receipt whose log proof is late or cannot come, by id with a code."""
    return desk.home.logs.unproved(desk.now())


def _waiting_cents(desk: Desk) -> int | None:
    if desk.vault.user is None or not desk.vault.user.role.sees_dossiers:
        return None
    ids = desk.home.outbox.ids(WAITING)
    return sum(cents or 0 for cents in desk.vault.dossiers.expected(ids).values())


def worklist_of(desk: Desk, limit: int) -> tuple[WorkItem, ...]:
    """The claims that need a person, those that are late or whose log proof is due, then the newest others.

    Voided ones and messages about claims are left out.
    """
    outbox, listing = desk.home.outbox, Listing(desk.home.store)
    first = [claim_id for _, claim_id in listing.urgent(NEWEST, limit)]
    unproved = unproved_of(desk)
    due = [row.claim_id for row in outbox.get_all(list(unproved)[:limit]) if row.state not in NEEDS_A_PERSON + GONE]
    waited = late_rows(desk, limit)
    late = [row.claim_id for row in waited if row.claim_id not in no_claims(desk, waited)]
    newest = [claim_id for _, claim_id in listing.others(NEWEST, limit)]
    return items_of(desk, list(dict.fromkeys([*first, *late, *due, *newest]))[:limit], unproved)


def items_of(desk: Desk, claim_ids: Sequence[str], unproved: Mapping[str, str]) -> tuple[WorkItem, ...]:
    """These claims as lists show them, in this order; their dossiers are noted as listed. Locked, RoleRefused."""
    rows = desk.home.outbox.get_all(claim_ids)
    dossiers = desk.vault.dossiers.many(claim_ids)
    note_listed(desk, dossiers)
    names = {record.amc: record.name for record in desk.home.insurers.all()}
    said = said_of_many(desk, [row.claim_id for row in rows if row.receipt])
    items = (
        _item(desk, row, dossiers.get(row.claim_id), names.get(row.insurer, row.insurer), said.get(row.claim_id, []))
        for row in rows
    )
    return tuple(_with_proof_due(item, unproved.get(item.claim_id)) for item in items)


def _with_proof_due(item: WorkItem, code: str | None) -> WorkItem:
    if code is None or item.state in NEEDS_A_PERSON:
        return item
    return replace(item, unproved=True, reason=item.reason or code)


def no_claims(desk: Desk, rows: Iterable[Row]) -> frozenset[str]:
    """What of these rows waits and leaves as a claim does and is none: answers to requests, cancellations."""
    return Listing(desk.home.store).no_claims(row.claim_id for row in rows)


def item_of(desk: Desk, row: Row, known: tuple[str, Dossier] | None) -> WorkItem:
    """One claim as lists show it."""
    names = {record.amc: record.name for record in desk.home.insurers.all()}
    item = _item(desk, row, known, names.get(row.insurer, row.insurer), said_of(desk, row.claim_id))
    return replace(item, handled=Heard(desk.home.store).is_handled(row.claim_id))


def _item(desk: Desk, row: Row, known: tuple[str, Dossier] | None, insurer: str, said: Said) -> WorkItem:
    number, dossier = known if known else ("", None)
    outcome = last_outcome(said)
    reasons = _reasons(outcome) if outcome and row.state in (ClaimState.REFUSED, ClaimState.PARTIAL) else ()
    return WorkItem(
        claim_id=row.claim_id,
        number=number or row.claim_id[-12:],
        name=f"{dossier.surname} {dossier.given_name}" if dossier else "",
        insurer=insurer,
        amount=dossier.amc if dossier else 0,
        state=row.state,
        reason=next(iter(reasons), None) or row.reason or row.last_error,
        created_at=row.created_at,
        not_before=row.not_before,
        correctable=is_correctable(desk, row),
        held=is_held(row),
        kind=dossier.kind if dossier else "claim",
        agreed=sum(line.amc for line in outcome.lines) if outcome else None,
        paid=_paid(said, row.claim_id),
        late=lateness_of(desk, row),
        until=outcome.agreement.valid_until if outcome and outcome.agreement else None,
    )


def _reasons(outcome: Outcome) -> tuple[str, ...]:
    """Those of the claim, then those of its lines, each once."""
    of_lines = (reason for line in outcome.lines for reason in line.reasons)
    return tuple(dict.fromkeys((*outcome.reasons, *of_lines)))


def _paid(said: Said, claim_id: str) -> int | None:
    payments = [word for row, word in said if isinstance(word, Payment) and row.finding == "applied"]
    parts = [paid.amount for payment in payments for paid in payment.claims if paid.claim_id == claim_id]
    return sum(parts) if parts else None


def is_correctable(desk: Desk, row: Row) -> bool:
    """A claim may change while it has not left; the grace period is the time it is kept back for that."""
    return row.state == ClaimState.QUEUED and row.seq is None and desk.now() < row.not_before


def is_held(row: Row) -> bool:
    """A recovered claim never left, and waits until a person queues it or voids it."""
    return row.state == ClaimState.BLOCKED and row.reason == RECOVERED and row.seq is None


def asks_only(dossier: Dossier) -> bool:
    """Whether only an agreement was asked for: no money is expected of it."""
    return dossier.kind == "preauthorisation"


def totals_of(desk: Desk) -> DayTotals:
    """Counts and cents of the claims registered since midnight in France; agreements asked for are none."""
    start = desk.midnight()
    states = dict(desk.home.outbox.states_since(start))
    aside = Listing(desk.home.store).no_claims(states)
    counted = [claim_id for claim_id, state in states.items() if state not in GONE and claim_id not in aside]
    cents = desk.vault.dossiers.expected(counted)
    counted = [claim_id for claim_id in counted if claim_id not in cents or cents[claim_id] is not None]

    def figure(wanted: tuple[ClaimState, ...] | None) -> tuple[int, int]:
        chosen = [claim_id for claim_id in counted if wanted is None or states[claim_id] in wanted]
        return len(chosen), sum(cents.get(claim_id) or 0 for claim_id in chosen)

    sent = tuple(state for state in ClaimState if state not in WAITING + NEEDS_A_PERSON + GONE + (ClaimState.DRAFT,))
    return DayTotals(*figure(None), *figure(sent), *figure(WAITING), *figure(NEEDS_A_PERSON))
