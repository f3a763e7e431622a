"""What passes between the screens and the back of the shop: day's sheet, insurers, reference data, self-check.

Rules: plain frozen values without a person in them; sentences come ready where the command line says the same. Every
call may block on disk, line or a whole self-check: screens make it from a worker.
"""

from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal, Protocol

from terminal.workflow.day import Closure, DaySheet

Verdict = Literal["pass", "warn", "fail"]
Certificate = Literal["good", "ending", "over", "unreadable"]


@dataclass(frozen=True, slots=True)
class DayView:
    """A day's sheet, how it was closed if it was, where its files can go, and whether there is a printer."""

    sheet: DaySheet
    closure: Closure | None
    places: tuple[Path, ...]
    printer: bool


@dataclass(frozen=True, slots=True)
class ClosedDay:
    """A day that was closed: its files, and the code of what went wrong with the printer (None: printed or no one)."""

    view: DayView
    files: tuple[Path, ...]
    printed: bool
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class ShownFinding:
    """One line of the self-check: `label` in French, `todo` empty when all is well."""

    label: str
    verdict: Verdict
    detail: str
    todo: str


@dataclass(frozen=True, slots=True)
class Examination:
    """A whole self-check, and what says which terminal it was: version, short id of its key, instant."""

    findings: tuple[ShownFinding, ...]
    version: str
    device: str
    at: datetime


class OfficePort(Protocol):
    """What the screens of the back of the shop may ask."""

    def day(self, day: date | None) -> DayView:
        """The sheet of a day, None today; Locked, RoleRefused."""

    def close_day(self, day: date, place: Path) -> ClosedDay:
        """Write the sheet into a folder, record the closing, and print it where there is a printer."""

    def examine(self) -> Examination:
        """The self-check."""
