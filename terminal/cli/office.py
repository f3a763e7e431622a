"""The back of the shop for the screens: the acts of the command line behind one door.

Rules: it holds no rule of its own; each act is the workflow's, and is told with the words of the command line.
"""

from datetime import date
from importlib.metadata import version
from pathlib import Path

from hardware import HardwareError
from terminal.cli.day import write_files
from terminal.cli.day_forms import ticket_lines_of
from terminal.cli.doctor import findings_of
from terminal.domain.errors import DomainError
from terminal.i18n import text
from terminal.workflow.day import DaySheet, closure_of, export_day, mark_closed, show_day
from terminal.workflow.desk import Desk
from terminal.workflow.media import mounted, writable
from terminal.workflow.office import ClosedDay, DayView, Examination, ShownFinding
from terminal.workflow.tickets import print_ticket

SHEETS = "bordereaux"
"""The folder of the home for sheets that go to no other medium."""
_SHORT_ID = 12


class Office:
    """The back of the shop of one terminal (see `OfficePort` for what each act promises)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

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

    def _view(self, sheet: DaySheet) -> DayView:
        places = (self._desk.home.path / SHEETS, *writable(mounted()))
        return DayView(sheet, closure_of(self._desk, sheet.day), places, bool(self._desk.config.printer))

    def _printed(self, sheet: DaySheet) -> tuple[bool, str | None]:
        if not self._desk.config.printer:
            return False, None
        try:
            print_ticket(self._desk, ticket_lines_of(sheet), None)
        except (HardwareError, DomainError) as error:
            return False, error.code
        return True, None
