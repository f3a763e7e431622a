"""The back of the shop at chosen moments, for pictures, text snapshots and what a real shop cannot be brought to."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

from terminal.workflow.day import Closure, DayLine, DaySheet
from terminal.workflow.office import ClosedDay, DayView, Examination, ShownFinding

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
    ShownFinding("Structure du coffre", "fail", "page 12", "Lancez : comptoir repair."),
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


@dataclass
class SceneOffice:
    """An `OfficePort` whose answers are its fields."""

    lines: tuple[DayLine, ...] = LINES
    places: tuple[Path, ...] = (HERE, STICK)
    printer: bool = True
    trouble: str | None = None
    """What printing a sheet comes to."""
    findings: tuple[ShownFinding, ...] = FINDINGS
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
