"""Identifiers: what is accepted, what is refused and why, and that a NIR never shows whole."""

import csv
import dataclasses
import traceback
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.domain.errors import AmcNumberInvalid, AmIdInvalid, LppCodeInvalid, NirInvalid, NirKeyWrong
from terminal.domain.identifiers import AmcNumber, AmId, LppCode, Nir

DATA = Path(__file__).parents[4] / "terminal" / "catalogue" / "data"

VALID = [
    "284057599900149",
    "2 84 05 75 999 001 49",
    " 2\u00a084 05 75 999 001\t49 ",
    "184052A99901248",
    "184052a99901248",
    "184052B99903453",
    "126057599910227",
    "384057599900196",
    "784207599900139",
    "884327599900184",
    "184997599900151",
    "484557599900170",
    "284057599904901",
    "284057599905097",
]
INVALID = [
    ("", "length"),
    ("28405759990014", "length"),
    ("2840575999001490", "length"),
    ("2840575999001", "length"),
    ("28405759990014X", "characters"),
    ("2840575999O0149", "characters"),
    ("284052C99900149", "characters"),
    ("28405٧599900149", "characters"),
    ("584057599900193", "sex"),
    ("084057599900193", "sex"),
    ("284137599900180", "month"),
    ("284007599900180", "month"),
    ("284437599900175", "month"),
    ("284297599900145", "month"),
    ("284050099900154", "department"),
    ("2840575" + "000" + "00146", "commune"),
    ("284057599900050", "order"),
]


@pytest.mark.parametrize("text", VALID)
def test_a_valid_nir_is_read_in_any_spacing(text: str) -> None:
    """Thirteen characters and the key are kept, without spaces and in capitals."""
    nir = Nir.parse(text)
    assert nir.digits + nir.key == "".join(text.split()).upper()


@pytest.mark.parametrize(("text", "reason"), INVALID)
def test_a_nir_of_the_wrong_form_says_which_part(text: str, reason: str) -> None:
    """A part that cannot be is refused by its name, even where the key holds."""
    with pytest.raises(NirInvalid) as raised:
        Nir.parse(text)
    assert raised.value.facts["reason"] == reason


@given(st.integers(0, 14), st.integers(1, 9))
def test_any_single_digit_misread_is_refused(position: int, shift: int) -> None:
    """Changing one digit of a valid NIR never gives another valid one."""
    digits = list("284057599900149")
    digits[position] = str((int(digits[position]) + shift) % 10)
    with pytest.raises((NirInvalid, NirKeyWrong)):
        Nir.parse("".join(digits))


def test_a_wrong_key_is_told_from_a_wrong_form() -> None:
    """A misread digit has its own code, and the right key is not given away."""
    with pytest.raises(NirKeyWrong) as raised:
        Nir.parse("284057599900150")
    assert raised.value.facts == {}


@pytest.mark.parametrize("text", VALID)
def test_a_nir_never_shows_whole(text: str) -> None:
    """Neither str, repr, format nor a container's repr hold more than sex, year and month."""
    nir = Nir.parse(text)
    shown = " ".join([str(nir), repr(nir), f"{nir}", repr([nir]), repr({"nir": nir})])
    assert nir.digits[5:] not in shown.replace(" ", "")
    assert nir.masked() == f"{nir.digits[0]} {nir.digits[1:3]} {nir.digits[3:5]} •• ••• ••• ••"


@pytest.mark.parametrize("text", ["284057599900150", "284137599900180", "2840575999001X9"])
def test_an_error_repeats_no_part_of_the_nir(text: str) -> None:
    """The whole printed error, causes included, holds no group of the number."""
    with pytest.raises((NirInvalid, NirKeyWrong)) as raised:
        Nir.parse(text)
    error = raised.value
    shown = (
        "".join(traceback.format_exception_only(error)) + repr(error.facts) + repr(error.args) + repr(error.__cause__)
    )
    assert not any(text[start : start + 4] in shown for start in range(len(text) - 3))


def test_a_nir_is_compared_by_value_and_cannot_change() -> None:
    """Two readings of one number are equal, and neither can be altered."""
    nir = Nir.parse("2 84 05 75 999 001 49")
    assert nir == Nir.parse("284057599900149")
    assert len({nir, Nir.parse("284057599900149")}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        nir.digits = "1"  # type: ignore[misc]  # the attempt is the test


def test_a_nir_cannot_be_made_around_its_checks() -> None:
    """The constructor checks the form too."""
    with pytest.raises(NirInvalid):
        Nir("not a number!")


@pytest.mark.parametrize("text", ["750009995", "75 000 99 95", "750712184", "690781810"])
def test_a_billing_id_is_nine_digits_with_a_luhn_key(text: str) -> None:
    """Published FINESS numbers and an invented one are accepted."""
    assert str(AmId.parse(text)) == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "reason"), [("750009996", "key"), ("75000999", "form"), ("2A0009995", "form"), ("", "form")]
)
def test_a_wrong_billing_id_is_refused(text: str, reason: str) -> None:
    """A false key and a false form are told apart."""
    with pytest.raises(AmIdInvalid) as raised:
        AmId.parse(text)
    assert raised.value.facts["reason"] == reason


@pytest.mark.parametrize("text", ["99999991", "999999992", "9999999993", "9999 9991"])
def test_an_amc_number_has_eight_to_ten_digits(text: str) -> None:
    """No key is known, so the length alone decides."""
    assert str(AmcNumber.parse(text)) == text.replace(" ", "")


@pytest.mark.parametrize("text", ["9999999", "99999999999", "9999999A", "٩٩٩٩٩٩٩٩", ""])
def test_a_wrong_amc_number_is_refused(text: str) -> None:
    """Too short, too long, or not plain digits."""
    with pytest.raises(AmcNumberInvalid):
        AmcNumber.parse(text)


@pytest.mark.parametrize("text", ["2222124", "2263287", "2251545", "7211438", "2 222 124"])
def test_a_valid_lpp_code_is_read(text: str) -> None:
    """The published vectors of the key are accepted."""
    assert str(LppCode.parse(text)) == text.replace(" ", "")


@pytest.mark.parametrize(
    ("text", "reason"),
    [("2222125", "key"), ("222212", "form"), ("22221244", "form"), ("222212A", "form"), ("٢222124", "form")],
)
def test_a_wrong_lpp_code_is_refused(text: str, reason: str) -> None:
    """A false key and a false form are told apart."""
    with pytest.raises(LppCodeInvalid) as raised:
        LppCode.parse(text)
    assert raised.value.facts["reason"] == reason


@pytest.mark.parametrize(
    ("name", "count"), [("generic_codes.csv", 217), ("maker_codes.csv", 5338), ("closed_codes.csv", 53)]
)
def test_the_key_holds_for_every_code_of_the_data(name: str, count: int) -> None:
    """All codes of a file have the key that the rule gives, and no file lost a row."""
    rows = list(csv.DictReader((DATA / name).read_text(encoding="utf-8").splitlines()))
    assert len(rows) == count
    assert all(str(LppCode.parse(row["code_lpp"])) == row["code_lpp"] for row in rows)


@given(st.integers(0, 6), st.integers(1, 9), st.sampled_from(["2222124", "2263287", "2251545", "2264861"]))
def test_a_misread_digit_of_a_code_is_nearly_always_refused(position: int, shift: int, code: str) -> None:
    """A single wrong digit keeps the key only through the rule that writes 10 as 0."""
    wrong = code[:position] + str((int(code[position]) + shift) % 10) + code[position + 1 :]
    weighted = sum((rank + 2) * int(digit) for rank, digit in enumerate(wrong[:6])) % 11
    if weighted % 10 == int(wrong[6]):
        assert weighted == 10 or code[6] == "0"
    else:
        with pytest.raises(LppCodeInvalid):
            LppCode.parse(wrong)


def test_only_makers_codes_are_individual() -> None:
    """72... is a maker's own code."""
    assert LppCode.parse("7211438").individual
    assert not LppCode.parse("2222124").individual
