"""The day's sheet for the accountant: every claim registered on one day, with its amounts and its state.

Rules: without names by default: number, insurer and amounts. A sheet with names is an export of persons: two people
agree to it (four eyes), once, for that day, and the journal has an entry for each person before a file exists; a sheet
without names has one. What is no turnover is left out: claims that were voided, cancellations, agreements asked for.
A day counts as closed once the files of its sheet are durable; closing changes no claim and stops none.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta

from sync.queue import Row
from terminal.domain.roles import Role
from terminal.vault.acts import Act
from terminal.vault.closures import Closure, Closures
from terminal.vault.dossiers import Dossier
from terminal.workflow import four_eyes
from terminal.workflow.access import attempt, deed, note, whom_in
from terminal.workflow.desk import PARIS, Desk
from terminal.workflow.people import require_role
from terminal.workflow.track import GONE, NEEDS_A_PERSON, WAITING, asks_only, no_claims

__all__ = ["Closure", "DayLine", "DaySheet", "InsurerDay"]


@dataclass(frozen=True, slots=True)
class DayLine:
    """One claim; amounts in cents, None where its dossier was erased or was never here. `name` only where asked for."""

    number: str
    claim_id: str
    insurer: str
    insurer_name: str
    state: str
    price: int | None
    amo: int | None
    amc: int | None
    reste_a_charge: int | None
    name: str = field(default="", repr=False)
    reason: str | None = None
    """Why the claim is where it is, as a code."""

    @property
    def open(self) -> bool:
        """Whether it has not left, or needs a person."""
        return self.state in WAITING + NEEDS_A_PERSON


@dataclass(frozen=True, slots=True)
class DaySheet:
    """The sheet of a civil day in France, as things stood at `made_at`; `total` is of the lines with amounts."""

    day: date
    shop: str
    shop_name: str
    made_at: datetime
    with_names: bool
    lines: tuple[DayLine, ...]

    def total(self, amount: str) -> int:
        """The sum of one of the amounts, in cents."""
        return sum(getattr(line, amount) or 0 for line in self.lines)

    def by_insurer(self) -> "tuple[InsurerDay, ...]":
        """The AMC parts by insurer, in order of name."""
        names = sorted({line.insurer_name for line in self.lines})
        return tuple(_insurer_day(name, [line for line in self.lines if line.insurer_name == name]) for name in names)


@dataclass(frozen=True, slots=True)
class InsurerDay:
    """One insurer's part of a sheet: claims, and cents of what the insurer has, of what waits, of what was refused."""

    name: str
    claims: int
    sent: int
    waiting: int
    rejected: int


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


def _insurer_day(name: str, lines: Sequence[DayLine]) -> InsurerDay:
    def cents(states: Iterable[str]) -> int:
        return sum(line.amc or 0 for line in lines if line.state in tuple(states))

    whole, waiting, rejected = sum(line.amc or 0 for line in lines), cents(WAITING), cents(NEEDS_A_PERSON)
    return InsurerDay(name, len(lines), whole - waiting - rejected, waiting, rejected)


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
