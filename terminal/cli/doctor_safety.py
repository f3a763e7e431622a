"""The self-check's lines about what happens when this machine is gone or full: backups, rehearsals, chains, reserve."""

from collections.abc import Iterator

from sync.backup.records import Kind
from terminal.cli.finding import Finding
from terminal.i18n import age_text, error_text, text
from terminal.workflow.backup import is_late, last_good
from terminal.workflow.desk import Desk


def safety(desk: Desk) -> Iterator[Finding]:
    """The age of the last good backup and rehearsal, and the insurers in réconciliation."""
    yield _reserve(desk)
    yield _last(desk, "backup")
    yield _last(desk, "drill")
    stopped = desk.home.outbox.chains.reconciling()
    if not stopped:
        yield Finding("reconciling", "pass", text("cli.reconcile_none"))
    for one in stopped:
        what, todo = error_text(one.reason)
        yield Finding("reconciling", "warn", f"{one.insurer} : {what}", todo)


def _reserve(desk: Desk) -> Finding:
    reserve = desk.home.store.reserve
    if reserve.kept and not reserve.spent:
        return Finding("reserve", "pass", text("cli.reserve_kept"))
    state = "spent" if reserve.kept else "missing"
    return Finding("reserve", "warn", text(f"cli.reserve_{state}"), text("cli.reserve_todo"))


def _last(desk: Desk, kind: Kind) -> Finding:
    found = last_good(desk, kind)
    when = age_text(desk.now() - found.at) if found else text("cli.never")
    if not is_late(desk, kind):
        return Finding(kind, "pass", when)
    return Finding(kind, "warn", text("cli.record_late", when=when) if found else when, text(f"cli.{kind}_todo"))
