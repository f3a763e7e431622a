"""What the carried data promise: counts, levels, tariffs with their confidence, and one digest."""

import csv
import hashlib
import re
from collections import Counter
from decimal import Decimal
from pathlib import Path

import pytest

from terminal.catalogue import load_catalogue
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem

ROOT = Path(__file__).parents[4]
DATA = ROOT / "terminal" / "catalogue" / "data"
CATALOGUE = load_catalogue()
GENERICS = CATALOGUE.generics()
LEVEL_OF = {
    "V01": "simple",
    "V02": "complexe",
    "V03": "complexe",
    "V04": "tres_complexe",
    **{f"VU{rank}": "simple" for rank in (1, 2, 3)},
    **{f"VU{rank}": "complexe" for rank in (4, 5, 6, 7)},
    **{f"VM{rank}": "complexe" for rank in (1, 2, 3)},
    **{f"VM{rank}": "tres_complexe" for rank in (4, 5, 6, 7)},
}


def rows_of(path: Path) -> list[dict[str, str]]:
    """The rows of a CSV file."""
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


def test_the_generic_codes_by_item() -> None:
    """217 codes: 182 lenses, 4 frames, a package of contact lenses, 30 supplements and aids."""
    counted = Counter(item.item for item in GENERICS)
    assert counted == {"lens": 182, "frame": 4, "contact_lenses": 1, "supplement": 30}
    assert CATALOGUE.lenses() == tuple(item for item in GENERICS if item.item == "lens")


@pytest.mark.parametrize("lens", CATALOGUE.lenses(), ids=lambda item: str(item.code))
def test_a_lens_has_the_level_and_class_of_its_regroupement(lens: LppItem) -> None:
    """The contract level agrees with the regroupement's place in R871-2, and the class with its letter."""
    assert lens.regroupement is not None
    assert LEVEL_OF[lens.regroupement] == lens.level
    assert (lens.item_class == "A") == bool(re.fullmatch("V0[1-4]", lens.regroupement))
    assert lens.lens_type == "unifocal" or not lens.regroupement.startswith("VU")


def test_the_regroupement_table_agrees_with_the_codes() -> None:
    """Every regroupement of a code is in the table, with the level and the class of its lenses."""
    table = {row["code_b2"]: row for row in rows_of(DATA / "regroupement_codes.csv")}
    for item in GENERICS:
        if item.regroupement is None:
            continue
        row = table[item.regroupement]
        assert CATALOGUE.regroupement_label(item.regroupement) == row["libelle"]
        if item.item == "lens":
            level = row["niveau_contrat_responsable"].split(" (")[0].replace(" ", "_")
            assert (level, row["classe"]) == (item.level, item.item_class)


def test_no_tariff_is_made_up() -> None:
    """Exactly two class A lenses have a PLV; a base beside a PLV is 30 % of it; no tariff is without confidence."""
    class_a = [item for item in GENERICS if item.item == "lens" and item.item_class == "A"]
    assert {str(item.code): item.plv for item in class_a if item.plv is not None} == {"2263287": 3250, "2254911": 3750}
    for item in GENERICS:
        assert (item.confidence == "unknown") == (item.base is None)
        if item.plv is not None:
            assert item.base is not None
            assert item.base * 100 == item.plv * 30
    assert {item.base for item in GENERICS if item.item_class == "B" and item.item in ("lens", "frame")} == {5}


def test_the_known_tariffs_are_those_collected() -> None:
    """Each tariff point with a code is the one in the catalogue, to the cent."""
    compared = 0
    for row in rows_of(ROOT / "tests" / "vectors" / "pricing" / "tarifs_connus.csv"):
        codes = re.findall(r"\b\d{7}\b", row["code_lpp"])
        base = re.match(r"\d+\.\d\d", row["base_remboursement"])
        if base is None or "+" in row["code_lpp"]:
            continue
        for code in codes:
            item = CATALOGUE.item(LppCode.parse(code))
            assert item.base == int(Decimal(base[0]) * 100)
            if re.fullmatch(r"\d+\.\d\d", row["plv_ttc"]):
                assert item.plv == int(Decimal(row["plv_ttc"]) * 100)
            compared += 1
    assert compared == 27


def test_the_makers_codes_resolve() -> None:
    """5,310 of 5,338 makers' codes take everything but code and label from a generic one of the same regroupement."""
    mapped = 0
    for row in rows_of(DATA / "maker_codes.csv"):
        if not row["code_generique_2020"]:
            continue
        own = CATALOGUE.item(LppCode.parse(row["code_lpp"]))
        generic = CATALOGUE.item(LppCode.parse(row["code_generique_2020"]))
        assert own.generic == generic.code
        assert own.label == row["libelle_cnam"]
        assert own.regroupement == row["code_regroupement"] == generic.regroupement
        assert (own.plv, own.base, own.level, own.age_max) == (
            generic.plv,
            generic.base,
            generic.level,
            generic.age_max,
        )
        mapped += 1
    assert mapped == 5310


def test_the_digest_is_over_the_exact_bytes_in_order() -> None:
    """SHA-256 of the manifest and the four files one after the other, as SOURCE.md says."""
    names = ["catalogue.toml", "generic_codes.csv", "maker_codes.csv", "closed_codes.csv", "regroupement_codes.csv"]
    content = b"".join((DATA / name).read_bytes() for name in names)
    assert hashlib.sha256(content).hexdigest() == CATALOGUE.digest
    assert {path.name for path in DATA.iterdir()} == {*names, "SOURCE.md"}


def test_the_data_end_their_lines_with_lf() -> None:
    """A carriage return would give the same catalogue another digest."""
    assert not [path.name for path in DATA.iterdir() if b"\r" in path.read_bytes()]
