"""Makers' codes, and every other code that is not of the generic table: a row, and the item that it stands for.

Rules: such a code takes what its generic code has, or, by its official nature alone, what the generic codes of that
nature have in common; nothing is taken from a label.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from terminal.catalogue.tables import Place, Row
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem


@dataclass(frozen=True, slots=True)
class MakerCode:
    """A maker's own code, or another that is not of the generic table.

    `generic` is the generic code it stands under, where that could be told.
    """

    code: LppCode
    label: str
    age_max: int | None
    generic: LppCode | None


def maker_code(_: Place, row: Row) -> MakerCode:
    """A row of maker_codes.csv."""
    generic = row["code_generique_2020"]
    age_max = int(row["age_max"]) if row["age_max"] else None
    return MakerCode(
        LppCode.parse(row["code_lpp"]), row["libelle_cnam"], age_max, LppCode.parse(generic) if generic else None
    )


def under_generic(maker: MakerCode, generic: LppItem) -> LppItem:
    """The item of a maker's code: its own code and label, everything else of its generic code, age limit included."""
    return replace(generic, code=maker.code, label=maker.label, generic=generic.code)


def of_nature(maker: MakerCode, same: Sequence[LppItem]) -> LppItem:
    """The item of a code known by its official nature alone, after the generic codes of the `same` nature.

    They share item, class and level; an age limit is theirs where they have one in common, else the code's own.
    """
    ages = {item.age_max for item in same}
    return replace(
        same[0],
        code=maker.code,
        label=maker.label,
        lens_type=None,
        band=None,
        age_max=ages.pop() if len(ages) == 1 else maker.age_max,
        plv=None,
        base=None,
        confidence="unknown",
        tariff_row=None,
    )
