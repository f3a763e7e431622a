"""Looking up a code: found, closed, unmapped, unknown, searched for; and what a damaged file does."""

import shutil
from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from terminal.catalogue import Catalogue, load_catalogue
from terminal.domain.errors import (
    CatalogueInvalid,
    LppCodeClosed,
    LppCodeUnknown,
    LppCodeUnmapped,
    ServiceDateUncovered,
)
from terminal.domain.identifiers import LppCode

DATA = Path(__file__).parents[4] / "terminal" / "catalogue" / "data"
Edit = Callable[[bytes], bytes]


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    """The catalogue that the program carries."""
    return load_catalogue()


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the data that a test may damage."""
    return shutil.copytree(DATA, tmp_path / "data")


def found(catalogue: Catalogue, text: str) -> list[str]:
    """The codes that a search finds."""
    return [str(item.code) for item in catalogue.search(text)]


def test_a_frame_of_class_a(catalogue: Catalogue) -> None:
    """The best known code, with everything that is attached to it."""
    item = catalogue.item(LppCode.parse("2222124"))
    assert (item.item, item.item_class, item.regroupement, item.plv, item.base) == ("frame", "A", "M01", 3000, 900)
    assert (item.confidence, item.age_max, item.generic) == ("high", None, None)


def test_a_closed_code_says_since_when(catalogue: Catalogue) -> None:
    """A code of before 2020 is refused with its end."""
    with pytest.raises(LppCodeClosed) as raised:
        catalogue.item(LppCode.parse("2203240"))
    assert raised.value.facts == {"lpp_code": "2203240", "ended": "2020-01-01"}


def test_a_makers_code_without_generic_is_not_guessed(catalogue: Catalogue) -> None:
    """The maker's label contradicts its place in the tree, so no tariff is taken."""
    with pytest.raises(LppCodeUnmapped) as raised:
        catalogue.item(LppCode.parse("7284880"))
    assert raised.value.facts == {"lpp_code": "7284880"}


@pytest.mark.parametrize("code", ["2000004", "7299999", "1234562"])
def test_an_unknown_code_names_the_catalogue(code: str, catalogue: Catalogue) -> None:
    """A well formed code that is not there is refused with the version that was searched."""
    with pytest.raises(LppCodeUnknown) as raised:
        catalogue.item(LppCode.parse(code))
    assert raised.value.facts == {"lpp_code": code, "version": "cnam-577-2020"}


def test_the_first_day_is_covered_and_the_day_before_is_not(catalogue: Catalogue) -> None:
    """The nomenclature begins on 1 January 2020."""
    assert catalogue.in_force(date(2020, 1, 1)).digest == catalogue.digest
    with pytest.raises(ServiceDateUncovered) as raised:
        catalogue.in_force(date(2019, 12, 31))
    assert raised.value.facts == {"service_date": "2019-12-31", "effective_from": "2020-01-01"}


@pytest.mark.parametrize(
    ("text", "codes"),
    [
        ("monture ENFANT", ["2254242", "2276870"]),
        ("Vérre neutre", ["2263927", "2291480"]),
        ("2222124", ["2222124"]),
        ("LEN lentille", ["2251545"]),
        ("7211444", ["7211444"]),
        ("7284880", []),
        ("7299999", []),
        ("monture xyz", []),
        ("  ", []),
        ("", []),
    ],
)
def test_search_by_words_codes_and_regroupement(text: str, codes: list[str], catalogue: Catalogue) -> None:
    """Every word counts, in any case and with or without accents; a maker's code is found whole."""
    assert found(catalogue, text) == codes


def test_the_makers_file_is_read_only_when_needed(copied: Path) -> None:
    """Without that file everything about generic codes still answers."""
    (copied / "maker_codes.csv").unlink()
    (copied / "closed_codes.csv").unlink()
    catalogue = load_catalogue(copied)
    assert catalogue.item(LppCode.parse("2222124")).plv == 3000
    assert found(catalogue, "monture enfant") == ["2254242", "2276870"]
    with pytest.raises(CatalogueInvalid):
        catalogue.item(LppCode.parse("7211444"))


def test_one_byte_changes_the_digest(copied: Path, catalogue: Catalogue) -> None:
    """The digest names the data: the same bytes give it again, another byte does not."""
    assert load_catalogue(copied).digest == catalogue.digest
    target = copied / "maker_codes.csv"
    target.write_bytes(target.read_bytes().replace(b"3M FRANCE", b"4M FRANCE", 1))
    assert load_catalogue(copied).digest != catalogue.digest


def replacing(old: str, new: str) -> Edit:
    """A damage that replaces the first `old`."""
    return lambda content: content.replace(old.encode(), new.encode(), 1)


@pytest.mark.parametrize(
    ("name", "damage", "facts"),
    [
        ("generic_codes.csv", replacing("2204066", "2204067"), {"file": "generic_codes.csv", "row": 1}),
        ("generic_codes.csv", replacing(",9.15,", ",9.155,"), {"file": "generic_codes.csv", "row": 2}),
        ("generic_codes.csv", replacing(",9.15,", ",neuf,"), {"file": "generic_codes.csv", "row": 2}),
        ("generic_codes.csv", replacing(",9.15,", ",-9.15,"), {"file": "generic_codes.csv", "row": 2}),
        (
            "generic_codes.csv",
            replacing("supplement_ancien", "supplement_neuf"),
            {"file": "generic_codes.csv", "row": 1},
        ),
        ("generic_codes.csv", replacing(",9.15,", ",9.15,,"), {"file": "generic_codes.csv", "row": 2}),
        ("generic_codes.csv", replacing(",O,-2,N,", ",O,-2.005,N,"), {"file": "generic_codes.csv", "row": 32}),
        ("generic_codes.csv", lambda content: content[: len(content) // 2], {"file": "generic_codes.csv"}),
        ("generic_codes.csv", lambda content: content[: content[:-1].rindex(b"\n") + 1], {"rows": 216}),
        ("generic_codes.csv", lambda content: content + content.splitlines(keepends=True)[-1], {"rows": 218}),
        ("generic_codes.csv", replacing("2204066", "2222408"), {"file": "generic_codes.csv"}),
        ("generic_codes.csv", lambda content: b"\xff" + content, {"file": "generic_codes.csv"}),
        ("catalogue.toml", replacing("version", "versiom"), {"file": "catalogue.toml"}),
        ("catalogue.toml", replacing("2020-01-01", '"hier"'), {"file": "catalogue.toml"}),
        ("catalogue.toml", replacing("[", "[["), {"file": "catalogue.toml"}),
    ],
)
def test_damaged_data_are_refused_whole(name: str, damage: Edit, facts: dict[str, str | int], copied: Path) -> None:
    """The file and, where there is one, the row are named; nothing is read in part."""
    target = copied / name
    whole = target.read_bytes()
    target.write_bytes(damage(whole))
    assert target.read_bytes() != whole
    with pytest.raises(CatalogueInvalid) as raised:
        load_catalogue(copied)
    assert facts.items() <= raised.value.facts.items()


@pytest.mark.parametrize(
    ("name", "damage"),
    [
        ("maker_codes.csv", replacing("2215957", "2000004")),
        ("maker_codes.csv", replacing("7211390", "7211391")),
        ("closed_codes.csv", replacing("2020-01-01", "2020-13-01")),
    ],
)
def test_damage_in_a_file_read_later_is_refused_when_it_is_read(name: str, damage: Edit, copied: Path) -> None:
    """A maker's code under a generic that is not there, a false key, a date that is none."""
    target = copied / name
    target.write_bytes(damage(target.read_bytes()))
    catalogue = load_catalogue(copied)
    with pytest.raises(CatalogueInvalid) as raised:
        catalogue.item(LppCode.parse("7211444"))
    assert raised.value.facts["file"] == name
    assert raised.value.facts["row"]
