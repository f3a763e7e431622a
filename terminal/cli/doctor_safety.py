"""The self-check's lines about what happens without anybody at the counter, and when this machine is gone or full.

Sync service, reference data, reserve, backups, rehearsals, chains.
"""

from collections.abc import Iterator

from sync.backup.records import Kind
from sync.marker import backup_folder, backup_place_of
from sync.reference import Reference
from sync.reference.demo import is_demo
from sync.service_state import is_alive, read_state
from terminal.cli.finding import Finding
from terminal.i18n import age_text, error_text, text
from terminal.workflow.backup import is_late, last_good
from terminal.workflow.desk import Desk
from terminal.workflow.reference import data_age
from terminal.workflow.types import DataAge


def safety(desk: Desk) -> Iterator[Finding]:
    """The age of the last good backup and rehearsal, and the insurers in réconciliation."""
    yield _service(desk)
    yield _data(desk)
    yield _reserve(desk)
    yield _last(desk, "backup")
    yield _folder(desk)
    yield _last(desk, "drill")
    stopped = desk.home.outbox.chains.reconciling()
    if not stopped:
        yield Finding("reconciling", "pass", text("cli.reconcile_none"))
    for one in stopped:
        what, todo = error_text(one.reason)
        yield Finding("reconciling", "warn", f"{one.insurer} : {what}", todo)


def _service(desk: Desk) -> Finding:
    """Whether claims leave by themselves; `comptoir sync --once` sends them where no service does."""
    state = read_state(desk.home.path)
    if not is_alive(state) or state is None:
        return Finding("service", "warn", text("cli.service_absent"), text("cli.service_todo"))
    if state.trouble is not None:
        return Finding("service", "fail", text("cli.service_trouble", why=state.trouble), text("cli.service_todo"))
    return Finding("service", "pass", text("cli.service_alive", acknowledged=state.acknowledged))


def _data(desk: Desk) -> Finding:
    """The age of the reference data; a terminal without a root takes none, which is no fault."""
    age = data_age(desk)
    if age is None:
        return Finding("data", "pass", text("cli.data.none"))
    if is_demo(Reference(desk.home.path).root()):
        return Finding("data", "warn", text("cli.data.demo"), text("cli.data.doctor_demo"))
    never = age.checked_at is None
    told = text("cli.data.doctor_never") if never else text("cli.data.doctor_age", age=_since(desk, age))
    if age.late:
        return Finding("data", "warn", told, text("cli.data.doctor_todo"))
    return Finding(
        "data", "warn" if age.waiting else "pass", told, text("cli.data.doctor_accept") if age.waiting else ""
    )


def _since(desk: Desk, age: DataAge) -> str:
    return age_text(desk.now() - age.checked_at) if age.checked_at else text("cli.never")


def _reserve(desk: Desk) -> Finding:
    reserve = desk.home.store.reserve
    if reserve.kept and not reserve.spent:
        return Finding("reserve", "pass", text("cli.reserve_kept"))
    state = "spent" if reserve.kept else "missing"
    return Finding("reserve", "warn", text(f"cli.reserve_{state}"), text("cli.reserve_todo"))


def _folder(desk: Desk) -> Finding:
    if backup_folder(desk.home.path) is not None:
        return Finding("backup_folder", "pass", text("cli.backup_folder_ready"))
    state = "unplugged" if backup_place_of(desk.home.path) else "unchosen"
    return Finding("backup_folder", "warn", text(f"cli.backup_folder_{state}"), text(f"cli.backup_folder_{state}_todo"))


def _last(desk: Desk, kind: Kind) -> Finding:
    found = last_good(desk, kind)
    when = age_text(desk.now() - found.at) if found else text("cli.never")
    if not is_late(desk, kind):
        return Finding(kind, "pass", when)
    return Finding(kind, "warn", text("cli.record_late", when=when) if found else when, text(f"cli.{kind}_todo"))
