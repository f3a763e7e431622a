"""The back of the shop for the screens: the acts of the command line behind one door.

Rules: it holds no rule of its own; each act is the workflow's, and is told with the words of the command line.
"""

from collections.abc import Callable
from datetime import date
from importlib.metadata import version
from pathlib import Path

from hardware import HardwareError
from sync.errors import SyncError
from terminal.bootstrap import ask_insurer, enrol_with
from terminal.cli import office_data
from terminal.cli.day import write_files
from terminal.cli.day_forms import ticket_lines_of
from terminal.cli.doctor import findings_of
from terminal.domain.errors import DomainError
from terminal.i18n import text
from terminal.workflow.day import closure_of, export_day, mark_closed, show_day
from terminal.workflow.day_sheet import DaySheet
from terminal.workflow.desk import Desk
from terminal.workflow.enrolments import enrolments, keep_up, listed
from terminal.workflow.media import mounted, writable
from terminal.workflow.office import (
    ClosedDay,
    DataOrigin,
    DataState,
    DayView,
    Difference,
    Enrolment,
    Examination,
    KeptUp,
    Listed,
    ShownFinding,
)
from terminal.workflow.tickets import print_ticket

SHEETS = "bordereaux"
"""The folder of the home for sheets that go to no other medium."""
_SHORT_ID = 12


class Office:
    """The back of the shop of one terminal (see `OfficePort` for what each act promises)."""

    def __init__(self, desk: Desk, media: Callable[[], tuple[Path, ...]] = mounted) -> None:
        self._desk = desk
        self._media = media

    def day(self, day: date | None) -> DayView:
        """The sheet of a day."""
        return self._view(show_day(self._desk, day or self._desk.today()))

    def close_day(self, day: date, place: Path) -> ClosedDay:
        """Write, record, print: a printer that fails leaves the day closed."""
        sheet = export_day(self._desk, day)
        files = write_files(sheet, place)
        mark_closed(self._desk, sheet)
        printed, trouble = self._printed(sheet)
        return ClosedDay(self._view(sheet), tuple(files), printed, trouble)

    def examine(self) -> Examination:
        """The self-check."""
        found = tuple(
            ShownFinding(text(f"check.{one.name}"), one.verdict, one.detail, one.todo)
            for one in findings_of(self._desk)
        )
        return Examination(found, version("comptoir"), self._desk.home.signer.kid[:_SHORT_ID], self._desk.now())

    def enrolments(self) -> tuple[Enrolment, ...]:
        """The insurers of this terminal."""
        return enrolments(self._desk)

    def reach(self, amc: str) -> str:
        """Empty, or a code; a refusal by the insurer's own word for it."""
        try:
            ask_insurer(self._desk, amc)
        except SyncError as error:
            return str(error.facts.get("problem", error.code))
        return ""

    def keep_up(self) -> KeptUp:
        """One round."""
        return keep_up(self._desk)

    def listed(self) -> tuple[Listed, ...]:
        """The directory, and what is on the media."""
        return listed(self._desk, self._media())

    def enrol(self, insurer: Listed, invitation: str, code: str) -> Enrolment:
        """One letter."""
        record = enrol_with(self._desk, insurer.entry, invitation, code)
        return next(one for one in enrolments(self._desk) if one.amc == record.amc)

    def data(self) -> DataState:
        """What is in force."""
        return office_data.state_of(self._desk, self._media())

    def look(self, origin: DataOrigin) -> Difference:
        """What would change."""
        return office_data.look(self._desk, origin)

    def accept(self, found: Difference) -> None:
        """In force from now on."""
        office_data.accept(self._desk, found)

    def _view(self, sheet: DaySheet) -> DayView:
        places = (self._desk.home.path / SHEETS, *writable(self._media()))
        return DayView(sheet, closure_of(self._desk, sheet.day), places, bool(self._desk.config.printer))

    def _printed(self, sheet: DaySheet) -> tuple[bool, str | None]:
        if not self._desk.config.printer:
            return False, None
        try:
            print_ticket(self._desk, ticket_lines_of(sheet), None)
        except (HardwareError, DomainError) as error:
            return False, error.code
        return True, None
