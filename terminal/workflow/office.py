"""What passes between the screens and the back of the shop: day's sheet, insurers, reference data, self-check.

Rules: plain frozen values without a person in them; sentences come ready where the command line says the same. Every
call may block on disk, line or a whole self-check: screens make it from a worker.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, Protocol

from terminal.workflow.day_sheet import DaySheet
from terminal.workflow.types import DataAge

if TYPE_CHECKING:
    from terminal.vault.closures import Closure as Closure  # noqa: PLC0414 - for the screens

Verdict = Literal["pass", "warn", "fail"]
Certificate = Literal["good", "ending", "over", "unreadable"]
OriginKind = Literal["kept", "stick", "line", "file"]
CodeFault = Literal["short", "long", "check"]


@dataclass(frozen=True, slots=True)
class DayView:
    """A day's sheet, how it was closed if it was, where its files can go, and whether there is a printer."""

    sheet: DaySheet
    closure: "Closure | None"
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


@dataclass(frozen=True, slots=True)
class Enrolment:
    """An enrolment: where it leads, its certificate's first and last day, the version of the insurer's keys.

    `since`: the day of the letter; `keys` is None when the keys do not verify; `trouble`: a code, such as why the
    profile cannot be used or why the service did not get through.
    """

    amc: str
    name: str
    endpoint: str
    hosting: str
    certificate: Certificate
    renewed: date | None
    until: date | None
    keys: int | None
    since: date
    trouble: str | None = None


@dataclass(frozen=True, slots=True)
class Listed:
    """An insurer one can enrol with. `file`: where it was read on a medium, empty for the directory."""

    amc: str
    name: str
    hosting: str
    file: str
    enrolled: bool
    entry: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class KeptUp:
    """What a round over the enrolments changed: insurers with new terms, with a new certificate; a code by insurer."""

    by_service: bool = False
    terms: tuple[str, ...] = ()
    certificates: tuple[str, ...] = ()
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DataOrigin:
    """Where newer data can come from: what waits here, a stick, the line, a file; `name` is a path or an address."""

    kind: OriginKind
    name: str


@dataclass(frozen=True, slots=True)
class InForce:
    """An insurer's profile that counts: its version and its first day."""

    name: str
    version: int
    since: date


@dataclass(frozen=True, slots=True)
class DataState:
    """The reference data in force. `age` is None in a terminal without a root; `listed`: insurers of the directory."""

    catalogue: str
    since: date
    age: DataAge | None
    source: str
    expires: date | None
    listed: int | None
    profiles: tuple[InForce, ...]
    demo: bool
    origins: tuple[DataOrigin, ...]


@dataclass(frozen=True, slots=True)
class Difference:
    """What an origin would change, in French; `change` is what `accept` puts in force."""

    origin: DataOrigin
    lines: tuple[str, ...]
    empty: bool
    change: object = field(repr=False, default=None)


class OfficePort(Protocol):
    """What the screens of the back of the shop may ask."""

    def day(self, day: date | None) -> DayView:
        """The sheet of a day, None today; Locked, RoleRefused."""

    def close_day(self, day: date, place: Path) -> ClosedDay:
        """Write the sheet into a folder, record the closing, and print it where there is a printer."""

    def examine(self) -> Examination:
        """The self-check."""

    def enrolments(self) -> tuple[Enrolment, ...]:
        """The insurers this terminal is enrolled with."""

    def reach(self, amc: str) -> str:
        """Ask an insurer whether it is there and knows this terminal: empty, or the code of what is wrong."""

    def keep_up(self) -> KeptUp:
        """Follow keys and profiles, renew what is due; waits for the line."""

    def listed(self) -> tuple[Listed, ...]:
        """The insurers one can enrol with."""

    def enrol(self, insurer: Listed, invitation: str, code: str) -> Enrolment:
        """Enrol by a posted letter; Locked, RoleRefused, ActivationCodeInvalid, what the insurer answers."""

    def data(self) -> DataState:
        """The reference data in force, and where newer ones can come from."""

    def look(self, origin: DataOrigin) -> Difference:
        """What an origin would change; nothing is put in force. It may wait for the line."""

    def accept(self, found: Difference) -> None:
        """Put a difference in force."""
