"""A small invented LPP base, from which the generators make files: what the importers must find in them.

Rules: every code has a true key; tariffs are invented, in cents; a period ends on its last day.
"""

from dataclasses import dataclass, replace
from datetime import date

OPTICS = ("2", "2", "5")
OTHER_TREE = ("1", "1")


@dataclass(frozen=True)
class Tariff:
    """One period: cents a unit, nature B2; `quoted` as the files write it."""

    start: date
    end: date | None
    nature: str
    base: int
    plv: int
    quoted: str = "N"
    quantity_max: int = 0


@dataclass(frozen=True)
class Code:
    """One code of the base."""

    code: str
    label: str
    tariffs: tuple[Tariff, ...]
    ended: date | None = None
    age_max: int = 0
    tree: tuple[str, ...] = OPTICS


def since(day: str, nature: str, base: int, plv: int, **fields: object) -> Tariff:
    """An open period from an ISO day."""
    return replace(Tariff(date.fromisoformat(day), None, nature, base, plv), **fields)  # type: ignore[arg-type]  # a shorthand


LENS_A1, LENS_A2, LENS_B = "2263287", "2249229", "2264803"
FRAME_A, FRAME_B = "2222124", "2264861"
MAKER_LENS, MAKER_FRAME, MAKER_KNOWN = "7300001", "7300018", "7211444"
ON_QUOTE, ENDED, ELSEWHERE = "2278219", "2247905", "1100005"

BASE = (
    Code(
        LENS_A1,
        "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPHERE] 0 A -2,00]",
        (
            Tariff(date(2020, 1, 1), date(2026, 12, 31), "V01", 975, 3250, quantity_max=2),
            since("2027-01-01", "V01", 900, 3000, quantity_max=2),
        ),
    ),
    Code(LENS_A2, "OPTIQUE, VERRE PROGRESSIF CLASSE A, SPHERE [0 A -2,00]", (since("2020-01-01", "V03", 2700, 9000),)),
    Code(LENS_B, "OPTIQUE, VERRE UNIFOCAL CLASSE B, SPHERE] 0 A -2,00]", (since("2020-01-01", "VU2", 5, 0),)),
    Code(FRAME_A, "OPTIQUE, MONTURE CLASSE A", (since("2020-01-01", "M01", 900, 3000, quantity_max=1),)),
    Code(ON_QUOTE, "OPTIQUE, VERRES ISEICONIQUES", (since("2020-01-01", "OPT", 0, 0, quoted="O"),)),
    Code(ENDED, "OPTIQUE, PRISME", (since("2003-09-08", "OPT", 396, 0),), ended=date(2026, 11, 1)),
    Code(MAKER_LENS, "VERRE UNIFOCAL B, FABRICANT EXEMPLE", (since("2026-01-01", "VU4", 5, 0),)),
    Code(MAKER_FRAME, "MONTURE ENFANT B, FABRICANT EXEMPLE", (since("2026-01-01", "M04", 5, 0),), age_max=16),
    Code(MAKER_KNOWN, "MONTURE ENFANT B, FABRICANT CONNU", (since("2026-01-01", "M04", 5, 0),), age_max=16),
    Code(ELSEWHERE, "APPAREIL D'UN AUTRE TITRE", (since("2010-01-01", "DVO", 12345, 0),), tree=OTHER_TREE),
)
