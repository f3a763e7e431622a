"""`queue`, `sync`, `verify`: what waits, sending it now, and whether all of it still holds.

Rules: none of these needs somebody to be logged in, so none of them names a person; `verify` checks the seal of the
access journal as well when somebody is.
"""

import argparse
import sys
from dataclasses import asdict
from datetime import datetime

from sync.deadlines import Lateness
from sync.engine import DrainReport
from sync.errors import HomeInUse
from sync.queue import Late, Row, Settlement
from terminal.cli.output import DONE, REFUSED, Answer
from terminal.cli.progress import Progress
from terminal.cli.session import desk_of, home_of, logged_in
from terminal.domain.claim import NEEDS_A_PERSON, WAITING
from terminal.i18n import age_text, error_text, text
from terminal.workflow.desk import Desk
from terminal.workflow.late import late_of, lateness_of
from terminal.workflow.track import unproved_of
from terminal.workflow.verify import verify_home

SHOWN = 1000


def queue(arguments: argparse.Namespace) -> Answer:
    """The claims that wait or need a person, oldest first."""
    with desk_of(arguments) as desk:
        rows = desk.home.outbox.rows(states=WAITING + NEEDS_A_PERSON, limit=SHOWN, newest_first=False)
        summary = desk.home.outbox.summary()
        now, late = desk.now(), late_of(desk)
        lateness = {row.claim_id: lateness_of(desk, row) for row in rows}
        chains, told = _chains(desk)
        unproved = unproved_of(desk)
    data = {
        **chains,
        "unproved": unproved,
        "waiting": summary.waiting,
        "rejected": summary.rejected,
        "late": {"warned": late.warned, "alarmed": late.alarmed},
        "oldest": summary.oldest.isoformat(timespec="seconds") if summary.oldest else None,
        "states": dict(summary.states),
        "claims": [
            {
                "claim_id": row.claim_id,
                "insurer": row.insurer,
                "state": row.state,
                "reason": row.reason or row.last_error,
                "since": row.created_at.isoformat(timespec="seconds"),
                "attempts": row.attempts,
                "late": lateness[row.claim_id],
            }
            for row in rows
        ],
    }
    lines = [_queue_line(row, now, lateness[row.claim_id]) for row in rows]
    told += [f"▲ {claim} : {' '.join(error_text(code, {}))}" for claim, code in list(unproved.items())[:SHOWN]]
    total = text("cli.queue_total", waiting=summary.waiting, rejected=summary.rejected)
    if late != Late():
        told.append(text("cli.queue_late", warned=late.warned, alarmed=late.alarmed))
    return Answer(data, [*lines, *told, total])


def _queue_line(row: Row, now: datetime, late: Lateness | None) -> str:
    code = row.reason or row.last_error
    facts = {
        "state": text(f"state.{row.state}"),
        "reason": error_text(code, {})[0] if code else "",
        "age": age_text(now - row.created_at),
        "late": text(f"cli.queue_late_{late}") if late else "",
    }
    return text("cli.queue_line", claim=row.claim_id, insurer=row.insurer, **facts).rstrip()


def _chains(desk: Desk) -> tuple[dict[str, object], list[str]]:
    """The insurers in réconciliation, and what they received from another copy of this terminal."""
    reconciling, elsewhere = desk.home.outbox.chains.reconciling(), desk.home.outbox.chains.elsewhere()
    data: dict[str, object] = {
        "reconciling": {one.insurer: one.reason for one in reconciling},
        "elsewhere": [{"claim_id": one.claim_id, "insurer": one.insurer, "seq": one.seq} for one in elsewhere],
    }
    lines = [text("cli.elsewhere", claim=one.claim_id) for one in elsewhere]
    return data, [*lines, *(f"▲ {one.insurer} : {' '.join(error_text(one.reason, {}))}" for one in reconciling)]


def sync_once(arguments: argparse.Namespace) -> Answer:
    """Send what may leave, now; status 1 when something that was due did not arrive.

    With `--reconcile` a person agrees first that stopped chains are settled; a service that runs does the rest.
    """
    from sync.home import home_lock

    home = home_of(arguments)
    with desk_of(arguments) as desk:
        agreed = desk.home.outbox.chains.allow() if arguments.reconcile else ()
        try:
            with home_lock(home, "sync"):
                report = _drained(desk, as_json=arguments.json)
        except HomeInUse:
            if not arguments.reconcile:
                raise
            return Answer({"reconciling": list(agreed)}, [text("cli.reconcile_by_service")])
        waiting = desk.home.outbox.summary().waiting
    data = {
        "pushed": report.pushed,
        "acknowledged": report.acknowledged,
        "verified": report.verified,
        "duplicates": report.duplicates,
        "rejected": report.rejected,
        "waiting": waiting,
        "errors": dict(report.errors),
        "settled": [asdict(done) for done in report.settled],
    }
    settled = [line for done in report.settled for line in _settlement(done)]
    sent = text("cli.sent", acknowledged=report.acknowledged, waiting=waiting)
    lines = [*settled, sent, *_errors(dict(report.errors))]
    return Answer(data, lines, REFUSED if report.errors else DONE)


def _drained(desk: Desk, *, as_json: bool) -> DrainReport:
    """One pass, with a line that grows where somebody watches."""
    from sync.daemon import drain_now

    with Progress(desk.home.outbox.summary().waiting, shown=sys.stderr.isatty() and not as_json) as progress:
        return drain_now(desk.home, progress.observe)


def _settlement(done: Settlement) -> list[str]:
    counts = {name: len(getattr(done, name)) for name in ("settled", "renumbered", "resumed")}
    said = text("cli.reconciled", insurer=done.insurer, seq=done.seq, **counts)
    return [said, *(text("cli.elsewhere", claim=claim_id) for claim_id in done.elsewhere)]


def _errors(errors: dict[str, str]) -> list[str]:
    return [f"■ {insurer} : {' '.join(error_text(code, {}))}" for insurer, code in errors.items()]


def verify(arguments: argparse.Namespace) -> Answer:
    """Check store, counterfoil, journal and receipts; status 1 when anything fails. With a PIN the seal too."""
    open_desk = logged_in if arguments.user or arguments.pin_file else desk_of
    with open_desk(arguments) as desk:
        return _verdict(desk)


def _verdict(desk: Desk) -> Answer:
    checks = verify_home(desk)
    data = {"ok": all(check.ok for check in checks), "checks": [check.to_json() for check in checks]}
    lines = [
        text("cli.check_pass" if check.ok else "cli.check_fail", name=text(f"check.{check.name}"), detail=check.detail)
        for check in checks
    ]
    return Answer(data, lines, DONE if data["ok"] else REFUSED)
