"""A row of the codes' tables as a value of the domain.

Rules: columns and words are those of the files (French, as the CNAM base has them); a word that is not listed here is
refused, not skipped. Amounts are decimal euros with at most two decimals and become cents exactly. Bounds of bands are
dioptres, open or closed as the label says, and become closed intervals of hundredths: the grid of prescriptions is a
quarter, so an open bound is the same as the next hundredth.
"""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from terminal.catalogue.tables import Place, Row
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import (
    Band,
    Confidence,
    ContractLevel,
    Interval,
    ItemClass,
    ItemKind,
    LensType,
    LppItem,
    TariffRow,
)
from terminal.domain.money import Cents

UNBOUNDED = 100_000
"""Hundredths of a dioptre beyond any lens: the missing bound of an open-ended band."""

_ITEMS: dict[str, ItemKind] = {
    "verre": "lens",
    "monture": "frame",
    "lentille_forfait_annuel": "contact_lenses",
    "supplement_ancien": "supplement",
    "supplement_coque": "supplement",
    "supplement_teinte": "supplement",
    "adaptation": "supplement",
    "appairage_1": "supplement",
    "appairage_2": "supplement",
    "appairage_3": "supplement",
    "basse_vision_amblyopie": "supplement",
}
_CLASSES: dict[str, ItemClass | None] = {"A": "A", "B": "B", "": None}
_LENS_TYPES: dict[str, LensType] = {
    "neutre": "unifocal",
    "unifocal": "unifocal",
    "multifocal": "multifocal",
    "progressif": "progressive",
}
_LEVELS: dict[str, ContractLevel | None] = {
    "simple": "simple",
    "complexe": "complexe",
    "tres_complexe": "tres_complexe",
    "": None,
}
CONFIDENCES: dict[str, Confidence] = {"haute": "high", "moyenne": "medium", "basse": "low"}


@dataclass(frozen=True, slots=True)
class ClosedCode:
    """A code that has ended; `ended` is the first day without it."""

    code: LppCode
    ended: date


def generic_item(place: Place, row: Row) -> LppItem:
    """A row of generic_codes.csv."""
    kind = _ITEMS[row["famille"]]
    return LppItem(
        code=LppCode.parse(row["code_lpp"]),
        label=row["libelle_cnam"],
        item=kind,
        item_class=_CLASSES[row["classe"]],
        lens_type=_LENS_TYPES[row["type_verre"]] if kind == "lens" else None,
        band=_band(row) if kind == "lens" else None,
        level=_LEVELS[row["niveau_contrat"]],
        regroupement=row["code_regroupement"] or None,
        age_max=int(row["age_max"]) if row["age_max"] else None,
        plv=cents_of(row["plv_ttc"]),
        base=cents_of(row["base_remboursement"]),
        confidence=_confidence(row),
        tariff_row=TariffRow(place.version, place.file, place.row, row["tarif_source"]),
    )


def closed_code(_: Place, row: Row) -> ClosedCode:
    """A row of closed_codes.csv."""
    return ClosedCode(LppCode.parse(row["code_lpp"]), date.fromisoformat(row["date_fin"]))


def regroupement_label(_: Place, row: Row) -> tuple[str, str]:
    """A row of regroupement_codes.csv as code and label."""
    return row["code_b2"], row["libelle"]


def cents_of(text: str) -> Cents | None:
    """Euros with a decimal point as cents; ValueError beyond two decimals, None for an empty cell."""
    if not text:
        return None
    cents = Decimal(text) * 100
    if cents != int(cents) or cents < 0:
        raise ValueError("not an amount")
    return Cents(int(cents))


def _confidence(row: Row) -> Confidence:
    """How sure the tariff is, by the first word of its note; unknown where there is no tariff."""
    if not row["base_remboursement"]:
        return "unknown"
    return CONFIDENCES[row["tarif_confiance"].split(" ")[0].rstrip(":")]


def _band(row: Row) -> Band:
    if row["forme"] == "neutre":
        return Band(Interval(0, 0), Interval(0, 0), Interval(0, 0))
    return Band(_sphere(row), _cylinder(row), _power(row))


def _sphere(row: Row) -> Interval:
    low = _dioptres(row["sphere_min"], -UNBOUNDED) + (row["sphere_min_incluse"] == "N")
    high = _dioptres(row["sphere_max"], UNBOUNDED) - (row["sphere_max_incluse"] == "N")
    return Interval(low, high)


def _cylinder(row: Row) -> Interval:
    if row["forme"] == "spherique":
        return Interval(0, 0)
    text = row["cyl_min"]
    low = _dioptres(text.removeprefix(">"), 0) + text.startswith(">")
    return Interval(low, _dioptres(row["cyl_max"], UNBOUNDED))


def _power(row: Row) -> Interval:
    low = row["S_min_exclu"]
    return Interval(_dioptres(low, -UNBOUNDED) + bool(low), _dioptres(row["S_max_inclus"], UNBOUNDED))


def _dioptres(text: str, missing: int) -> int:
    """Dioptres as hundredths; `missing` for an empty cell, ValueError for a finer value."""
    if not text:
        return missing
    hundredths = Decimal(text) * 100
    if hundredths != int(hundredths):
        raise ValueError("not a power")
    return int(hundredths)
