"""From a correction to its one code: the 182 lens rows, their edges, and the whole quarter-dioptre grid."""

import csv
from collections import Counter
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.catalogue import Catalogue, load_catalogue
from terminal.domain.errors import CorrectionOutOfRange
from terminal.domain.lpp import ItemClass, LensType, LppItem, select_lens
from terminal.domain.prescription import CYLINDER_LIMIT, SPHERE_LIMIT, Correction

TABLE = Path(__file__).parents[4] / "terminal" / "catalogue" / "data" / "generic_codes.csv"
ROWS = [row for row in csv.DictReader(TABLE.read_text(encoding="utf-8").splitlines()) if row["famille"] == "verre"]
TYPES: tuple[LensType, ...] = get_args(LensType)
CLASSES: tuple[ItemClass, ...] = get_args(ItemClass)
FRENCH = {"unifocal": "unifocal", "multifocal": "multifocal", "progressif": "progressive", "neutre": "unifocal"}
LENSES = load_catalogue().lenses()

quarters = st.integers(-80, 80).map(lambda quarter: 25 * quarter)
cylinders = st.integers(-32, 32).map(lambda quarter: 25 * quarter)
kinds = st.tuples(st.sampled_from(TYPES), st.sampled_from(CLASSES))


def chosen(kind: tuple[LensType, ItemClass], sphere: int, cylinder: int) -> str:
    """The digits of the code for a correction."""
    return str(select_lens(LENSES, *kind, Correction(sphere, cylinder)).code)


def bound(text: str, missing: str) -> int:
    """A cell of the table as hundredths."""
    return int(Decimal(text or missing) * 100)


def spheres(row: dict[str, str]) -> list[int]:
    """The two edges of a row's sphere band and a value inside, on the grid."""
    low = bound(row["sphere_min"], "-20") + 25 * (row["sphere_min_incluse"] == "N")
    high = bound(row["sphere_max"], "20") - 25 * (row["sphere_max_incluse"] == "N")
    return [low, low + 25 * ((high - low) // 50), high]


def edges(row: dict[str, str]) -> Iterator[tuple[int, int]]:
    """Corrections that the row's columns say it covers, at every edge: (sphere, cylinder) in plus-cylinder notation."""
    if row["forme"] == "neutre":
        yield 0, 0
    elif row["forme"] == "spherique":
        yield from ((sphere, 0) for sphere in spheres(row))
    elif row["forme"] == "sphero_cyl_sphere_negative":
        cylinder = (425, 600, 800) if row["cyl_min"] == ">4" else (25, 200, 400)
        yield from ((sphere, cyl) for sphere in spheres(row) for cyl in cylinder)
    else:
        low, high = bound(row["S_min_exclu"], "0"), bound(row["S_max_inclus"], "20")
        for power in (low + 25, high - 25, high):
            yield from ((power - cyl, cyl) for cyl in (25, 200, 425, 800) if power - cyl > 0)


def test_the_table_has_all_lens_rows() -> None:
    """Three types, two classes, thirty bands, and a neutral code a class."""
    assert len(ROWS) == 182 == len(LENSES)
    counted = Counter((row["type_verre"], row["classe"]) for row in ROWS)
    assert set(counted.values()) == {30, 1}
    assert counted["neutre", "A"] == counted["neutre", "B"] == 1


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["code_lpp"])
def test_each_row_answers_to_its_own_corrections(row: dict[str, str]) -> None:
    """Inside and at every edge of its band, in either notation, a correction gives this code."""
    kind: tuple[LensType, ItemClass] = (FRENCH[row["type_verre"]], row["classe"])  # type: ignore[assignment]  # a table's words
    corrections = list(edges(row))
    assert corrections
    for sphere, cylinder in corrections:
        assert chosen(kind, sphere, cylinder) == row["code_lpp"]
        assert chosen(kind, sphere + cylinder, -cylinder) == row["code_lpp"]


def test_exactly_one_code_for_every_correction_of_the_grid() -> None:
    """Spheres within 20 D and cylinders within 8 D of either sign: one code each, and every code is reached."""
    reached: set[LppItem] = set()
    for kind in ((lens_type, item_class) for lens_type in TYPES for item_class in CLASSES):
        items = [item for item in LENSES if (item.lens_type, item.item_class) == kind]
        for sphere in range(-2000, 2001, 25):
            for cylinder in range(-800, 801, 25):
                reached.add(select_lens(items, *kind, Correction(sphere, cylinder)))
    assert len(reached) == 182


@given(kinds, quarters, cylinders)
def test_both_notations_of_a_prescription_give_one_code(
    kind: tuple[LensType, ItemClass], sphere: int, cylinder: int
) -> None:
    """Sphere and cylinder, or their transposition, name the same lens."""
    assert chosen(kind, sphere, cylinder) == chosen(kind, sphere + cylinder, -cylinder)


@given(quarters, cylinders)
def test_transposing_twice_changes_nothing(sphere: int, cylinder: int) -> None:
    """The plus-cylinder notation is its own, and keeps both powers."""
    plus = Correction(sphere, cylinder).plus_cylinder()
    assert plus.cylinder == abs(cylinder)
    assert plus.plus_cylinder() == plus
    assert {plus.sphere, plus.power} == {sphere, sphere + cylinder}


@pytest.mark.parametrize(
    ("sphere", "cylinder", "label"),
    [
        (200, -300, "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPH [0 A - 2,00] ET CYL (+) [0,25 A 4,00]"),
        (0, 100, "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPH [0 A - 2,00] ET CYL (+) [0,25 A 4,00]"),
        (0, 425, "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPHERE [0 A -2,00] ET CYLINDRE (+) >4"),
        (100, -100, "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPH [0 A - 2,00] ET CYL (+) [0,25 A 4,00]"),
        (25, 175, "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPH POSITIVE ET S <= 2"),
        (25, 200, "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPH POSITIVE ET S ENTRE] +2,00 A +4,00]"),
        (-125, 0, "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPHERE] 0 A -2,00]"),
        (0, 0, "OPTIQUE, VERRE NEUTRE DE CLASSE A"),
        (-1225, 0, "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPHERE < -12,00"),
        (4000, 0, "OPTIQUE, VERRE UNIFOCAL CLASSE A, SPHERE > +12,00"),
    ],
)
def test_known_corrections(sphere: int, cylinder: int, label: str) -> None:
    """Cases read from the labels; among them the known trap, +2.00 (-3.00), which is in the negative table."""
    assert select_lens(LENSES, "unifocal", "A", Correction(sphere, cylinder)).label == label


@pytest.mark.parametrize("lens_type", ["multifocal", "progressive"])
@pytest.mark.parametrize("item_class", CLASSES)
def test_a_plano_distance_power_keeps_its_band(lens_type: LensType, item_class: ItemClass) -> None:
    """A progressive or multifocal lens that is plano at distance is no neutral lens: the labels include 0."""
    found = select_lens(LENSES, lens_type, item_class, Correction(0, 0))
    assert "SPHERE [0 A -2,00]" in found.label
    assert found.level == "complexe"


@pytest.mark.parametrize(
    ("sphere", "cylinder", "name", "reason"),
    [
        (10, 0, "sphere", "grid"),
        (0, 30, "cylinder", "grid"),
        (-12, -25, "sphere", "grid"),
        (SPHERE_LIMIT + 25, 0, "sphere", "limit"),
        (-SPHERE_LIMIT - 25, 0, "sphere", "limit"),
        (0, CYLINDER_LIMIT + 25, "cylinder", "limit"),
        (0, -CYLINDER_LIMIT - 25, "cylinder", "limit"),
        (SPHERE_LIMIT - 100, 225, "power", "limit"),
        (-SPHERE_LIMIT + 100, -225, "power", "limit"),
    ],
)
def test_a_power_off_the_grid_or_the_limits_is_refused(sphere: int, cylinder: int, name: str, reason: str) -> None:
    """Nothing is rounded: the field and the rule are named, the value is not."""
    with pytest.raises(CorrectionOutOfRange) as raised:
        Correction(sphere, cylinder)
    facts = raised.value.facts
    assert (facts["field"], facts["reason"]) == (name, reason)
    assert set(facts.values()).isdisjoint({sphere, cylinder, sphere + cylinder} - {0})


def test_the_limits_themselves_are_accepted() -> None:
    """The largest lens of either sign has a code."""
    for sphere, cylinder in ((SPHERE_LIMIT, -CYLINDER_LIMIT), (-SPHERE_LIMIT, CYLINDER_LIMIT)):
        assert select_lens(LENSES, "unifocal", "B", Correction(sphere, cylinder)).item_class == "B"


def test_a_correction_does_not_show() -> None:
    """The repr of a correction holds no power."""
    assert repr(Correction(-125, -50)) == "Correction()"


def test_a_table_with_a_hole_or_an_overlap_gives_no_code(catalogue: Catalogue) -> None:
    """No guess is made when the table is not whole."""
    lenses = catalogue.lenses()
    minus = [item for item in lenses if "SPHERE] 0 A -2,00]" not in item.label]
    for items, count in ((minus, 0), ([*lenses, *lenses], 2)):
        with pytest.raises(CorrectionOutOfRange) as raised:
            select_lens(items, "unifocal", "A", Correction(-100, 0))
        assert raised.value.facts == {"field": "band", "reason": "ambiguous", "count": count}
