"""A code of the nomenclature, the band of corrections that it covers, and the choice of the one code for a correction.

Rules: bands are closed intervals of hundredths of a dioptre over the plus-cylinder notation; a minus-cylinder
correction is transposed first, for not to transpose gives a wrong code. Exactly one code answers a correction, else
nothing does. Sphere 0 with a cylinder belongs to the negative table. Plano without cylinder is the neutral code in
unifocal and the band [0 ; -2] in multifocal and progressive, whose labels include 0. Source: nomenclature labels,
SOURCE §2.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Literal

from terminal.domain.errors import CorrectionOutOfRange
from terminal.domain.identifiers import LppCode
from terminal.domain.money import Cents
from terminal.domain.prescription import Correction

ItemKind = Literal["frame", "lens", "supplement", "contact_lenses"]
LensType = Literal["unifocal", "multifocal", "progressive"]
ItemClass = Literal["A", "B"]
ContractLevel = Literal["simple", "complexe", "tres_complexe"]
Confidence = Literal["high", "medium", "low", "unknown"]


@dataclass(frozen=True, slots=True)
class Interval:
    """Closed interval in hundredths of a dioptre."""

    low: int
    high: int

    def __contains__(self, value: int) -> bool:
        return self.low <= value <= self.high


@dataclass(frozen=True, slots=True)
class Band:
    """The plus-cylinder corrections of one lens code: sphere, cylinder, and power = sphere + cylinder (label "S")."""

    sphere: Interval
    cylinder: Interval
    power: Interval

    def covers(self, plus: Correction) -> bool:
        """Whether `plus`, already in plus-cylinder notation, is in this band."""
        return plus.sphere in self.sphere and plus.cylinder in self.cylinder and plus.power in self.power


@dataclass(frozen=True, slots=True)
class TariffRow:
    """Where a tariff was read: catalogue version, file, row (from 1 after the header), what the row names as source.

    `since` is the first day of the tariff where the row says it.
    """

    version: str
    file: str
    row: int
    source: str
    since: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LppItem:
    """One code with what the law attaches to it. `plv` and `base` are cents per unit, None when not known.

    `confidence` is that of the tariff, `tariff_row` where it was read. `generic` is the generic code whose tariff and
    level a maker's code takes. `quantity_max` is the most units of a line, None where the nomenclature sets none.
    """

    code: LppCode
    label: str
    item: ItemKind
    item_class: ItemClass | None
    lens_type: LensType | None
    band: Band | None
    level: ContractLevel | None
    regroupement: str | None
    age_max: int | None
    plv: Cents | None
    base: Cents | None
    confidence: Confidence
    generic: LppCode | None = None
    tariff_row: TariffRow | None = None
    quantity_max: int | None = None


def select_lens(
    items: Iterable[LppItem], lens_type: LensType, item_class: ItemClass, correction: Correction
) -> LppItem:
    """The one code of `items` for a lens of this type and class, the correction in either notation.

    Raises CorrectionOutOfRange when none or more than one covers it: then the catalogue is not whole.
    """
    plus = correction.plus_cylinder()
    found = [
        item
        for item in items
        if item.lens_type == lens_type and item.item_class == item_class and item.band and item.band.covers(plus)
    ]
    if len(found) != 1:
        raise CorrectionOutOfRange("not exactly one code", field="band", reason="ambiguous", count=len(found))
    return found[0]
