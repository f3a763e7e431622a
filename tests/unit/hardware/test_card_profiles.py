"""Card profiles and faults: what is shipped is good, what is wrong is named, and no real person fits in."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import hardware.emulator
from hardware import CardProfileInvalid, VitaleRecord
from hardware.emulator import FAULTS, load_profile, make_card, parse_fault, parse_profile, profile_names
from hardware.emulator.__main__ import main
from hardware.emulator.card import Answer, VirtualVitale
from hardware.records import is_nir

PAGE = Path(hardware.emulator.__file__).with_name("README.md").read_text("utf-8")
HOLDER = {"surname": "VERDIERE", "given_name": "CAMILLE", "birth_date": "19840523", "nir": "2 84 05 75 999 123 24"}
INSURED = {
    "surname": "MUSTER",
    "given_name": "IDA",
    "birth_date": "19800101",
    "insured_id": "X999900121",
    "insurer_number": "999999990",
    "insurer_name": "Prüfkasse",
}
GERMAN = {"card": "egk", "holders": []}
SMALLEST = {"schema": "comptoir/card-profile/v1", "name": "my-card", "holders": [HOLDER]}


def test_the_shipped_profiles() -> None:
    """Ten cards: six Vitale, two German cards, and two that are recognised only."""
    assert set(profile_names()) == {
        *("centenaire", "corse", "famille", "latin1", "muette", "simple"),
        *("egk", "egk_enfant"),
        *("cps", "vitale1"),
    }


@pytest.mark.parametrize("name", profile_names())
def test_a_shipped_profile_is_good(name: str) -> None:
    """Each is loaded under its own name, says what it is for, and names only people who cannot exist."""
    profile = load_profile(name)
    assert (profile.name, bool(profile.about)) == (name, True)
    assert all(is_nir(person.nir) and person.nir[7:10] == "999" for person in profile.holders)
    assert bool(profile.holders) == (profile.card == "vitale_2")
    assert (profile.insured is not None) == (profile.card == "egk")


def test_the_profiles_cover_what_they_are_named_for() -> None:
    """Three beneficiaries, a Latin-1 name, a Corsican NIR, a birth in 1926, files above 256 bytes, a mute card."""
    famille, latin1, corse = (load_profile(name) for name in ("famille", "latin1", "corse"))
    assert (len(famille.holders), famille.lengths) == (3, "long")
    assert famille.file_size > 256
    assert not latin1.holders[0].surname.isascii()
    assert corse.holders[0].nir[5:7] == "2A"
    assert load_profile("centenaire").holders[0].birth_date[:4] == "1926"
    assert load_profile("muette").fault == "mute"


def test_a_profile_shows_nobody() -> None:
    """A profile's repr has no holder."""
    assert "VERDIERE" not in repr(load_profile("simple"))


def test_a_file_is_a_profile(tmp_path: Path, read_card: Callable[[str], VitaleRecord]) -> None:
    """A path that ends in .json is read as a card."""
    path = tmp_path / "my-card.json"
    path.write_text(json.dumps(SMALLEST), "utf-8")
    assert [person.surname for person in read_card(str(path)).people] == ["VERDIERE"]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"schema": "comptoir/card-profile/v2"}, "schema"),
        ({"name": None}, "name"),
        ({"colour": "green"}, "colour"),
        ({"card": "credit"}, "card"),
        ({"card": "atr_only"}, "holders"),
        ({"card": "egk"}, "holders"),
        ({"card": "egk", "holders": []}, "insured"),
        ({"insured": INSURED}, "insured"),
        (GERMAN | {"insured": {**INSURED, "nir": ""}}, "insured.nir"),
        (GERMAN | {"insured": {**INSURED, "surname": "É\u0416"}}, "insured.surname"),
        (GERMAN | {"insured": {**INSURED, "insured_id": "X999900122"}}, "insured.insured_id"),
        (GERMAN | {"insured": {**INSURED, "insured_id": "A123456780"}}, "insured.insured_id"),
        ({"holders": []}, "holders"),
        ({"atr": "3B7"}, "atr"),
        ({"answers": "never"}, "answers"),
        ({"lengths": "none"}, "lengths"),
        ({"file_size": "512"}, "file_size"),
        ({"file_size": True}, "file_size"),
        ({"file_size": -1}, "file_size"),
        ({"file_size": 10**9}, "file_size"),
        ({"holders": ["VERDIERE"]}, "holders[0]"),
        ({"holders": [HOLDER, HOLDER | {"rank": 2}]}, "holders[1].rank"),
        ({"holders": [HOLDER | {"surname": "Ł"}]}, "holders[0].surname"),
        ({"holders": [HOLDER | {"nir": "2 84 05 75 999 123 25"}]}, "holders[0].nir"),
        ({"holders": [HOLDER | {"nir": "2 84 05 75 0" + "56 123 87"}]}, "holders[0].nir"),
        ({"holders": [{**HOLDER, "birth_date": 19840523}]}, "holders[0].birth_date"),
        ({"holders": [{**HOLDER, "birth_date": "1984-05-23"}]}, "holders[0].birth_date"),
        ({"country": "FRA"}, "country"),
    ],
)
def test_what_is_wrong_is_named(change: dict[str, object], field: str) -> None:
    """A profile that is not of the documented form is refused with the name of the field."""
    with pytest.raises(CardProfileInvalid) as caught:
        parse_profile(json.dumps(SMALLEST | change))
    assert caught.value.facts == {"field": field}


def test_the_refused_commune_had_the_right_key() -> None:
    """The NIR of a commune that exists, refused above, is refused for its commune: its key is right."""
    assert is_nir("28405750" + "5612387")


@given(
    st.text(max_size=60) | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps)
)
def test_any_text_is_a_profile_or_refused(text: str) -> None:
    """Arbitrary text never leads outside the tree."""
    with pytest.raises(CardProfileInvalid):
        parse_profile(text)


def test_a_mistake_in_the_json_is_placed() -> None:
    """Whoever forgot a comma is told the line and the column."""
    with pytest.raises(CardProfileInvalid, match="line 3, column 1"):
        parse_profile('{"name": "my-card"\n\n"about": ""}')


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    """A missing file and one that is not UTF-8 are told apart; a byte order mark is harmless."""
    path = tmp_path / "my-card.json"
    with pytest.raises(CardProfileInvalid, match="No such file"):
        load_profile(str(path))
    path.write_bytes("{é".encode("latin-1"))
    with pytest.raises(CardProfileInvalid, match="not UTF-8"):
        load_profile(str(path))
    path.write_text(json.dumps(SMALLEST), "utf-8-sig")
    assert load_profile(str(path)).name == "my-card"


def test_nesting_without_end_is_refused() -> None:
    """A text made to exhaust the parser is refused like any other."""
    with pytest.raises(CardProfileInvalid):
        parse_profile("[" * 200_000)


@pytest.mark.parametrize("name", ["nobody", "", "no/such/file.json"])
def test_an_unknown_profile_is_refused(name: str) -> None:
    """A name that is neither shipped nor a readable file is refused."""
    with pytest.raises(CardProfileInvalid):
        load_profile(name)


@pytest.mark.parametrize(
    "text", ["melted", "", "pulled:soon", "slow:0,1", "slow:nan", "slow:inf", "pulled:-1", "pulled:0"]
)
def test_an_unknown_fault_is_refused(text: str) -> None:
    """A fault that does not exist, or whose value is no number, is refused."""
    with pytest.raises(CardProfileInvalid):
        parse_fault(text)


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_has_a_default_and_takes_a_value(name: str) -> None:
    """Each fault can be asked for by its name alone or with a value."""
    assert parse_fault(name).value == FAULTS[name].default
    assert parse_fault(f"{name}:7").value == 7


def test_a_slow_card_takes_its_time() -> None:
    """The delay is proportional to the bytes of the answer, status word included."""
    card = make_card("latin1", "slow:0.5")
    answer = card.respond(bytes.fromhex("00B0820000"))
    assert isinstance(answer, Answer)
    assert answer.delay == 0.5 * (96 + 2)


@given(st.binary(max_size=300), st.binary(max_size=40), st.booleans())
def test_a_virtual_card_answers_anything(content: bytes, apdu: bytes, procedure: bool) -> None:
    """Whatever a card is sent, it answers at most 256 bytes and a status word."""
    card = VirtualVitale(b"", content, content, procedure=procedure)
    for command in (apdu, b"\x00\xb0\x82\x00\x00", b"\x00\xc0" + apdu, b"\x00\xb0" + apdu, b"\x00\xa4" + apdu):
        assert 2 <= len(card.process(command)) <= 258


def test_files_that_are_not_free_are_refused() -> None:
    """The application's other files answer 6982, the root's 6A82, a read without a file 6986."""
    card = VirtualVitale(b"", b"A", b"B")
    words = [card.process(bytes.fromhex(text)).hex() for text in ("00B0000000", "00B0830000", "00B10000", "80A4000000")]
    assert words == ["6986", "6a82", "6d00", "6e00"]
    card.process(bytes.fromhex("00A404000BD250000002564954414C45"))
    assert card.process(bytes.fromhex("00B0830000")).hex() == "6982"


def test_the_page_for_card_writers_is_true(read_card: Callable[[str], VitaleRecord], tmp_path: Path) -> None:
    """The page's smallest card is read, and the page names every field, fault and default that the code has."""
    (smallest,) = re.findall(r"## The smallest card\n\n(.*?)\n\nWhat is", PAGE, re.DOTALL)
    path = tmp_path / "smallest.json"
    path.write_text(smallest, "utf-8")
    assert read_card(str(path)).people == load_profile("simple").holders
    for name, kind in FAULTS.items():
        assert re.search(rf"^\| `{name}` \|[^|]*{re.escape(f'{kind.default:g}') if kind.default else ''}", PAGE, re.M)
    fields = set(re.findall(r"^\| `(\w+)` \|", PAGE, re.M)) - set(FAULTS)
    assert fields == set(json.loads(smallest)) | {
        "about",
        "card",
        "atr",
        "answers",
        "lengths",
        "country",
        "file_size",
        "fault",
        "insured",
    }


def test_the_program_lists_profiles_and_faults(capsys: pytest.CaptureFixture[str]) -> None:
    """`--list` shows every name that `--profile` and `--fault` take."""
    assert main(["--list"]) == 0
    listed = capsys.readouterr().out
    assert [name for name in (*profile_names(), *FAULTS) if f"  {name} " not in listed] == []


@pytest.mark.parametrize("arguments", [["--profile", "nobody"], ["--profile", "simple", "--fault", "melted"]])
def test_the_program_refuses_what_it_does_not_know(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """An unknown profile or fault is exit status 2, with the code and the names there are."""
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("card_profile_invalid: ")
    assert "simple" in told or "garbage" in told
