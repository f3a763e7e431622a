"""The day's sheet for the accountant: every claim registered on one day, with its amounts and its state.

Rules: without names by default: number, insurer and amounts. A sheet with names is an export of persons: two people
agree to it (four eyes), once, for that day, and the journal has an entry for each person before a file exists; a sheet
without names has one. What is no turnover is left out: claims that were voided, cancellations, agreements asked for.
A day counts as closed once the files of its sheet are durable; closing changes no claim and stops none.
"""

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta

from sync.queue import Row
from terminal.domain.claim import GONE
from terminal.domain.roles import Role
from terminal.vault.acts import Act
from terminal.vault.closures import Closure, Closures
from terminal.vault.dossiers import Dossier
from terminal.workflow import four_eyes
from terminal.workflow.access import attempt, deed, note, whom_in
from terminal.workflow.day_sheet import DayLine, DaySheet
from terminal.workflow.desk import PARIS, Desk
from terminal.workflow.people import require_role
from terminal.workflow.track import asks_only, no_claims


def subject_of(day: date) -> str:
    """What an agreement to export a day's names is about."""
    return f"day/{day.isoformat()}"


def show_day(desk: Desk, day: date) -> DaySheet:
    """The sheet without names; Locked, RoleRefused. Amounts without a name are no access to a person's data."""
    require_role(desk, Role.RESPONSIBLE, Role.STAFF)
    return _sheet(desk, day, with_names=False)


def export_day(desk: Desk, day: date) -> DaySheet:
    """The sheet without names, to be written to a file: noted once. Locked, RoleRefused."""
    sheet = show_day(desk, day)
    note(desk, Act.EXPORTED, subject_of(day))
    return sheet


def export_day_with_names(desk: Desk, day: date, approval: four_eyes.Approval) -> DaySheet:
    """The sheet with names: noted for each person, before it is given. Locked, RoleRefused, ApprovalInvalid."""
    with attempt(desk, Act.EXPORTED, subject_of(day)):
        approval.use(desk, four_eyes.Act.EXPORT, subject_of(day))
        sheet = _sheet(desk, day, with_names=True)
    known = desk.vault.dossiers.many(line.claim_id for line in sheet.lines)
    people = [
        deed(desk, Act.EXPORTED, claim_id, whom=whom_in(desk, dossier)) for claim_id, (_, dossier) in known.items()
    ]
    desk.vault.journal.record(deed(desk, Act.EXPORTED, subject_of(day)), *people)
    return sheet


def closure_of(desk: Desk, day: date) -> Closure | None:
    """How the day was closed last; None for one that was not."""
    return Closures(desk.home.store).of(day)


def mark_closed(desk: Desk, sheet: DaySheet) -> Closure:
    """Record that the day is closed: the files of its sheet are durable."""
    closure = Closure(sheet.day, sheet.made_at, len(sheet.lines), sheet.total("amc"))
    Closures(desk.home.store).keep(closure)
    return closure


def _sheet(desk: Desk, day: date, *, with_names: bool) -> DaySheet:
    rows = _rows(desk, day)
    dossiers = desk.vault.dossiers.many(row.claim_id for row in rows)
    names = {record.amc: record.name for record in desk.home.insurers.all()}
    asked = {claim_id for claim_id, (_, dossier) in dossiers.items() if asks_only(dossier)}
    claims = [row for row in rows if row.claim_id not in asked]
    lines = (_line(row, dossiers.get(row.claim_id), names, with_names=with_names) for row in claims)
    ordered = tuple(sorted(lines, key=lambda line: line.number))
    return DaySheet(day, desk.config.shop_am_id, desk.config.shop_name, desk.now(), with_names, ordered)


def _rows(desk: Desk, day: date) -> Iterable[Row]:
    start = datetime.combine(day, time.min, PARIS)
    end = datetime.combine(day + timedelta(days=1), time.min, PARIS)
    since = desk.home.outbox.rows_since(start)
    aside = no_claims(desk, since)
    return [row for row in since if row.created_at < end and row.state not in GONE and row.claim_id not in aside]


def _line(row: Row, known: tuple[str, Dossier] | None, names: dict[str, str], *, with_names: bool) -> DayLine:
    number, dossier = known or (row.claim_id[-12:], None)
    price, amo, amc, rest = (getattr(dossier, amount, None) for amount in ("price", "amo", "amc", "reste_a_charge"))
    name = f"{dossier.surname} {dossier.given_name}" if dossier and with_names else ""
    insurer_name = names.get(row.insurer, row.insurer)
    why = row.reason or row.last_error
    return DayLine(number, row.claim_id, row.insurer, insurer_name, row.state, price, amo, amc, rest, name, why)
