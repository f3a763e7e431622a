"""The back of the shop at chosen moments, for pictures, text snapshots and what a real shop cannot be brought to."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from terminal.vault.closures import Closure
from terminal.workflow.day_sheet import DayLine, DaySheet
from terminal.workflow.office import (
    ClosedDay,
    DataOrigin,
    DataState,
    DayView,
    Difference,
    Enrolment,
    Examination,
    InForce,
    KeptUp,
    Listed,
    ShownFinding,
)
from terminal.workflow.types import DataAge

NOW = datetime(2026, 11, 21, 13, 32, tzinfo=UTC)
TODAY = date(2026, 11, 21)
HERE, STICK = Path("/var/lib/comptoir/bordereaux"), Path("/media/comptable")


def day_line(number: str, insurer: str, state: str, amc: int | None, reason: str | None = None) -> DayLine:
    """A claim of the sheet; the AMO part is always 17,10."""
    price, rest = (None, None) if amc is None else (amc + 1710, 0)
    return DayLine(f"2026-{number}", f"id-{number}", "99100001", insurer, state, price, 1710, amc, rest, reason=reason)


LINES = (
    *(day_line(f"04{number}", "Santé Claire", "acknowledged", 7790) for number in range(10, 22)),
    day_line("0422", "Mutuelle Essai", "accepted", 22260),
    day_line("0423", "Mutuelle Essai", "paid", 9500),
    day_line("0431", "Santé Claire", "sending", 9500),
    day_line("0432", "Mutuelle Essai", "queued", 22260),
    day_line("0433", "Harmonie du Test", "rejected", 5580, "package_invalid"),
    day_line("0434", "Harmonie du Test", "blocked", None, "recovered"),
)
FINDINGS = (
    ShownFinding("Lecteurs", "pass", "Emulated 00 00", ""),
    ShownFinding("Carte professionnelle", "warn", "Aucun module de carte n'est installé.", "Installez le module."),
    ShownFinding("Structure du coffre", "fail", "page 12", "Lancez : comptoir rebuild."),
    *(
        ShownFinding(label, "pass", detail, "")
        for label, detail in (
            ("Chaîne des envois", "1 204"),
            ("Souche", "1 204"),
            ("Horloge", "2026-11-21T13:32:00+00:00"),
            ("Imprimante", "TM-T20II"),
            ("Droits du dossier", "0700"),
            ("Espace libre", "71 %"),
            ("Service d'envoi", "15 accusés"),
            ("Sauvegarde", "3 h"),
        )
    ),
)


HERE_HOSTED = "Hébergeur de Démonstration, Lyon (France)"
ENROLMENTS = (
    Enrolment(
        "99100001", "Santé Claire", "sante.invalid", HERE_HOSTED, "good", TODAY, date(2027, 2, 12), 2, date(2026, 3, 2)
    ),
    Enrolment(
        "99100002", "Mutuelle Essai", "essai.invalid", HERE_HOSTED, "ending", TODAY, date(2026, 12, 3), 1,
        date(2026, 9, 4),
    ),
    Enrolment(
        "99100003", "Harmonie du Test", "harmonie.invalid", HERE_HOSTED, "good", TODAY, date(2027, 1, 8), 4,
        date(2026, 1, 9),
    ),
)  # fmt: skip
LISTED = (
    Listed("99100001", "Santé Claire", HERE_HOSTED, "", True, b"{}"),
    Listed("99100004", "Prévoyance Nouvelle", HERE_HOSTED, "annuaire-99100004.json", False, b"{}"),
)


STATE = DataState(
    catalogue="2026-11",
    since=date(2026, 11, 1),
    age=DataAge(NOW - timedelta(days=3), late=False, waiting=True),
    source="https://donnees.invalid",
    expires=date(2026, 12, 5),
    listed=41,
    profiles=(InForce("Santé Claire", 3, date(2026, 1, 1)), InForce("Mutuelle Essai", 1, date(2026, 1, 1))),
    demo=False,
    origins=(
        DataOrigin("kept", ""),
        DataOrigin("stick", "/media/comptoir"),
        DataOrigin("line", "https://donnees.invalid"),
        DataOrigin("file", "/media/comptoir/LPPTOT906"),
    ),
)
CHANGES = (
    "Nomenclature et tarifs :",
    "Codes nouveaux : 2",
    "  2284910",
    "  2284927",
    "Codes fermés : 1",
    "  2203258 01/12/2026",
    "Tarifs changés : 1",
    "  2242457 depuis 01/12/2026 : limite 32,50 € → 33,00 €, base 9,75 € → 9,90 €",
    "  Organisme 99100001 : l'annuaire change l'adresse, l'hébergement.",
    "▲ Organisme 99100002 : l'annuaire change la clé de signature. Refaites son inscription par lettre.",
    *(f"  22428{number:02}" for number in range(20)),
)


@dataclass
class SceneOffice:
    """An `OfficePort` whose answers are its fields."""

    lines: tuple[DayLine, ...] = LINES
    places: tuple[Path, ...] = (HERE, STICK)
    printer: bool = True
    trouble: str | None = None
    """What printing a sheet comes to."""
    findings: tuple[ShownFinding, ...] = FINDINGS
    enrolled: tuple[Enrolment, ...] = ENROLMENTS
    reached: dict[str, str] = field(default_factory=lambda: {"99100003": "certificate_revoked"})
    kept: KeptUp = field(default_factory=lambda: KeptUp(certificates=("99100002",)))
    offered: tuple[Listed, ...] = LISTED
    failure: Exception | None = None
    """What an exchange with an insurer raises."""
    state: DataState = STATE
    changes: tuple[str, ...] = CHANGES
    accepted: list[Difference] = field(default_factory=list)
    letters: list[tuple[str, str, str]] = field(default_factory=list)
    closed: dict[date, Closure] = field(default_factory=dict)
    written: list[Path] = field(default_factory=list)

    def day(self, day: date | None) -> DayView:
        """The chosen lines on the day of the scenes, nothing on others."""
        asked = day or TODAY
        lines = self.lines if asked == TODAY else ()
        sheet = DaySheet(asked, "991000019", "Optique du Marché", NOW, with_names=False, lines=lines)
        return DayView(sheet, self.closed.get(asked), self.places, self.printer)

    def close_day(self, day: date, place: Path) -> ClosedDay:
        """Remember the place."""
        sheet = self.day(day).sheet
        self.closed[day] = Closure(day, NOW + timedelta(hours=4), len(sheet.lines), sheet.total("amc"))
        files = tuple(place / f"bordereau-{day.isoformat()}.{ending}" for ending in ("csv", "txt", "pdf"))
        self.written += files
        return ClosedDay(self.day(day), files, self.printer and self.trouble is None, self.trouble)

    def examine(self) -> Examination:
        """The chosen findings."""
        return Examination(self.findings, "0.1.0", "Zk3vQm1x9aBc", NOW)

    def enrolments(self) -> tuple[Enrolment, ...]:
        """The chosen ones."""
        return self.enrolled

    def reach(self, amc: str) -> str:
        """The chosen code, or that it answered."""
        return self.reached.get(amc, "")

    def keep_up(self) -> KeptUp:
        """The chosen round."""
        return self.kept

    def listed(self) -> tuple[Listed, ...]:
        """The chosen directory."""
        return self.offered

    def enrol(self, insurer: Listed, invitation: str, code: str) -> Enrolment:
        """Remember the letter, or fail."""
        if self.failure is not None:
            raise self.failure
        self.letters.append((insurer.amc, invitation, code))
        return self.enrolled[0]

    def data(self) -> DataState:
        """The chosen state."""
        return self.state

    def look(self, origin: DataOrigin) -> Difference:
        """The chosen changes, or the chosen failure."""
        if self.failure is not None:
            raise self.failure
        return Difference(origin, self.changes, not self.changes)

    def accept(self, found: Difference) -> None:
        """Remember it."""
        self.accepted.append(found)
