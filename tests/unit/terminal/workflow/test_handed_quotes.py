"""A quote from shop software: every example of its page, what it may not hold, how page, schema and reader agree."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from terminal.catalogue import load_catalogue
from terminal.domain.errors import DomainError, InputInvalid
from terminal.workflow import handover
from terminal.workflow.handed import looks_handed
from terminal.workflow.handover import (
    MOST_IN_FILE,
    MOST_SCANNED,
    HandoverLineInvalid,
    HandoverTooLong,
    HandoverVersion,
    read_file,
    read_scan,
)

CATALOGUE = load_catalogue()
FOLDER = Path(handover.__file__).parent
PAGE = (FOLDER / "README.md").read_text("utf-8")
EXAMPLES = re.findall(r"^```json(?: refused (\w+))?\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
VALIDATOR = Draft202012Validator(json.loads((FOLDER / "quote-v1.schema.json").read_text("utf-8")))
FRAME = {"item": "frame", "lpp_code": "2222124", "price": 3000}
RIGHT = {"item": "lens", "eye": "right", "lpp_code": "2263287", "price": 3250}
CONTACT = {"item": "contact_lenses", "eye": "right", "lpp_code": "2251545", "price": 8000}
SUPPLEMENT = {"item": "supplement", "lpp_code": "2247905", "price": 1500}


def quote(*lines: dict[str, Any], **members: Any) -> str:
    """A quote of these lines."""
    return json.dumps({"schema": "comptoir/quote/v1", "lines": lines or (FRAME,), **members})


@pytest.mark.parametrize(("refused", "example"), EXAMPLES)
def test_every_example_of_the_page_does_what_the_page_says(refused: str, example: str) -> None:
    """Taken by the reader of codes and of files alike, or refused with the code that is named."""
    if not refused:
        assert read_scan(example, CATALOGUE) == read_file(example.encode(), CATALOGUE)
        return
    with pytest.raises(DomainError) as caught:
        read_scan(example, CATALOGUE)
    assert caught.value.code == refused


def test_the_page_has_examples_of_both_kinds() -> None:
    """So that the test above is one of something."""
    assert (len(EXAMPLES), sum(bool(refused) for refused, _ in EXAMPLES)) == (9, 5)


def test_the_page_names_every_refusal() -> None:
    """The codes of this module, and the limits."""
    codes = {kind.code for kind in (HandoverVersion, HandoverTooLong, HandoverLineInvalid, InputInvalid)}
    assert [code for code in codes if f"`{code}`" not in PAGE] == []
    assert f"{MOST_SCANNED:,} characters" in PAGE
    assert f"{MOST_IN_FILE:,} bytes" in PAGE


def test_a_quote_is_what_a_form_needs() -> None:
    """Lines, dates, insurer, and the model that such lines are shown under."""
    read = read_scan(EXAMPLES[1][1], CATALOGUE)
    assert (read.reference, read.insurer, read.contract, read.model, read.lens_type) == (
        *("187", "99100001", "confort"),
        *(2, "unifocal"),
    )
    assert read.prescription_date is not None
    assert read.last_equipment is not None
    assert [(line.item, line.eye, line.price) for line in read.lines] == [
        ("frame", None, 12000),
        ("lens", "right", 15000),
        ("lens", "left", 15000),
    ]


@pytest.mark.parametrize(
    "member",
    ["surname", "given_name", "nir", "birth_date", "member", "amo_rate", "prescriber", "rank", "person", "ground"],
)
def test_a_person_or_an_illness_is_refused_without_being_repeated(member: str) -> None:
    """The error has the key, never the value."""
    with pytest.raises(InputInvalid) as caught:
        read_scan(quote(**{member: "DUPONT 284057599900149"}), CATALOGUE)
    assert caught.value.facts == {"key": member, "reason": "unknown_key"}
    assert "DUPONT" not in f"{caught.value!r} {caught.value}"


@pytest.mark.parametrize(
    ("lines", "line", "reason"),
    [
        ([{**FRAME, "item": "lens", "eye": "right"}], 1, "item"),
        ([FRAME, {**RIGHT, "class": "B"}], 2, "class"),
        ([{**RIGHT, "eye": None}], 1, "eye"),
        ([{**FRAME, "eye": "left"}], 1, "eye"),
        ([{**RIGHT, "quantity": 2}], 1, "quantity"),
        ([FRAME, FRAME], 2, "twice"),
        ([RIGHT, RIGHT], 2, "twice"),
        ([CONTACT, SUPPLEMENT], 2, "mixed"),
    ],
)
def test_a_line_that_contradicts_itself_is_named(lines: list[dict[str, Any]], line: int, reason: str) -> None:
    """By its number and why."""
    with pytest.raises(HandoverLineInvalid) as caught:
        read_scan(quote(*lines), CATALOGUE)
    assert caught.value.facts == {"line": line, "reason": reason}


def test_a_code_that_is_unknown_or_closed_is_named_by_its_line() -> None:
    """As everywhere else."""
    for code, said in (("2222125", "lpp_code_invalid"), ("9999999", "lpp_code_invalid")):
        with pytest.raises(DomainError) as caught:
            read_scan(quote(RIGHT, {**FRAME, "lpp_code": code}), CATALOGUE)
        assert (caught.value.code, caught.value.facts["line"]) == (said, 2)


@pytest.mark.parametrize("reference", ["2840575999001", "284057599900149", "DUPONT", "12 3"])
def test_a_reference_has_no_room_for_a_person(reference: str) -> None:
    """Neither a name nor a NIR fits into it."""
    with pytest.raises(InputInvalid):
        read_scan(quote(reference=reference), CATALOGUE)


def test_two_of_one_key_are_refused() -> None:
    """Nobody could say which price is meant."""
    with pytest.raises(InputInvalid) as caught:
        read_scan(quote().replace('"price": 3000', '"price": 3000, "price": 1'), CATALOGUE)
    assert caught.value.facts == {"key": "price", "reason": "twice"}


@pytest.mark.parametrize("key", ["\x1b[2J", "é", "a b", ""])
def test_a_key_that_is_no_word_is_not_repeated(key: str) -> None:
    """What a code holds is written by anybody: it never reaches a terminal as it is."""
    with pytest.raises(InputInvalid) as caught:
        read_scan(quote(**{key: 1}), CATALOGUE)
    assert caught.value.facts == {"key": "$", "reason": "unknown_key"}


def test_what_is_no_json_is_said_to_be_none() -> None:
    """Cut, nested beyond measure, another encoding, a number too long to read; a byte order mark is let through."""
    for data in (b"", b"{", b"[" * 15_000, b"\xff{}", b'{"price":' + b"9" * 9000 + b"}", b"null", b"[]"):
        with pytest.raises(InputInvalid):
            read_file(data, CATALOGUE)
    assert read_file(b"\xef\xbb\xbf" + quote().encode(), CATALOGUE).lines


def test_the_limits_hold() -> None:
    """As many characters as a scanner sends are read, one more are not; a file may hold more."""
    full = quote() + " " * (MOST_SCANNED - len(quote()))
    assert read_scan(full, CATALOGUE).lines
    with pytest.raises(HandoverTooLong):
        read_scan(full + " ", CATALOGUE)
    assert read_file(full.encode() + b" " * 1000, CATALOGUE).lines
    with pytest.raises(HandoverTooLong):
        read_file(b" " * (MOST_IN_FILE + 1), CATALOGUE)


def test_only_a_brace_begins_a_quote() -> None:
    """Other codes are other things."""
    assert looks_handed(' {"schema":')
    assert not any(map(looks_handed, ("", "2222124", "]C101034531200000111719112510ABCD1234", "[1]")))


SCALARS = st.one_of(st.none(), st.booleans(), st.integers(-1, 10**7), st.floats(allow_nan=False), st.text(max_size=4))
LINES = st.fixed_dictionaries(
    {
        "item": st.sampled_from(["frame", "lens", "supplement", "contact_lenses"]) | SCALARS,
        "lpp_code": st.sampled_from(["2222124", "2263287", "2251545"]) | SCALARS,
        "price": st.integers(-1, 10**7) | SCALARS,
    },
    optional={
        "eye": st.sampled_from(["right", "left"]) | SCALARS,
        "quantity": st.integers(0, 10) | SCALARS,
        "class": st.sampled_from(["A", "B"]) | SCALARS,
        "sphere": SCALARS,
    },
)
QUOTES = st.fixed_dictionaries(
    {"lines": st.lists(LINES, max_size=3) | SCALARS},
    optional={
        "schema": st.just("comptoir/quote/v1"),
        "reference": st.sampled_from(["1", "2026-7", "-", "A"]) | SCALARS,
        "insurer": st.sampled_from(["99100001", "1234567"]) | SCALARS,
        "contract": st.sampled_from(["confort", "a b"]) | SCALARS,
        "name": SCALARS,
    },
)


def fault_in(members: dict[str, Any]) -> str | None:
    """Where the reader finds the shape wrong; None where it is right, whatever becomes of its codes and lines."""
    try:
        read_scan(json.dumps(members), CATALOGUE)
    except InputInvalid as error:
        return str(error.facts["key"])
    except DomainError:
        return None
    return None


@given(QUOTES)
def test_schema_and_reader_agree_on_the_shape(members: dict[str, Any]) -> None:
    """What one refuses the other refuses; a contract needs its insurer in both."""
    fits = VALIDATOR.is_valid(members)
    assert fits == (fault_in(members) is None)
