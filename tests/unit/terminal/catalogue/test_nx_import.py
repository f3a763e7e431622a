"""The CNAM's base as NX text: read as published, refused whole with the record for anything else."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.catalogue.nx import RECORD, read_nx
from terminal.catalogue.official import Official, OfficialTariff
from terminal.domain.errors import ImportInvalid
from terminal.domain.identifiers import LppCode
from tests.unit.terminal.catalogue.conftest import ReadNx
from tests.vectors.lpp.codes import BASE, ENDED, LENS_A1, ON_QUOTE, Code, Tariff, since
from tests.vectors.lpp.nx import Ways, nx_file

Edit = Callable[[bytes], bytes]
FIRST = BASE[0]


def at(record: int, position: int, text: str) -> Edit:
    """A damage: `text` at a position (from 1) of a record (from 1)."""
    start = (record - 1) * RECORD + position - 1
    return lambda data: data[:start] + text.encode("latin-1") + data[start + len(text) :]


def without(record: int) -> Edit:
    """A damage: a record is missing."""
    return lambda data: data[: (record - 1) * RECORD] + data[record * RECORD :]


def test_every_code_and_tariff_is_read(read_nx_base: ReadNx) -> None:
    """Codes, labels, ends, ages, trees and periods are those that were written."""
    official = read_nx_base()
    assert (official.form, official.whole, official.name) == ("nx", True, "LPPTOT905")
    assert len(official.sha256) == 64
    assert [str(code.code) for code in official.codes] == [code.code for code in BASE]
    for found, written in zip(official.codes, BASE, strict=True):
        assert (found.label, found.ended, found.age_max or 0) == (written.label, written.ended, written.age_max)
        assert found.tree == written.tree
        assert [(one.start, one.end, one.nature) for one in found.tariffs] == [
            (one.start, one.end, one.nature) for one in written.tariffs
        ]


def test_amounts_and_their_absence(read_nx_base: ReadNx) -> None:
    """Cents as they stand; zero is not set; on quote has no base; the record is that of the file."""
    codes = {str(code.code): code for code in read_nx_base().codes}
    one, other = codes[LENS_A1].tariffs
    end = date(2026, 12, 31)
    assert one == OfficialTariff(date(2020, 1, 1), end, "V01", False, 975, 3250, 2, 4)  # type: ignore[arg-type]  # plain cents
    assert (other.start, other.end, other.base, other.plv, other.record) == (date(2027, 1, 1), None, 900, 3000, 5)
    quoted = codes[ON_QUOTE].tariffs[0]
    assert (quoted.on_quote, quoted.base, quoted.plv, quoted.quantity_max) == (True, None, None, None)
    assert codes[ENDED].ended == date(2026, 11, 1)


@pytest.mark.parametrize("line_end", ["", "\n", "\r\n", "\r"])
@pytest.mark.parametrize("itself", [True, False])
@pytest.mark.parametrize("outer", [True, False])
@pytest.mark.parametrize("digits", [True, False])
def test_what_no_publication_says_is_read_either_way(
    line_end: str, itself: bool, outer: bool, digits: bool, read_nx_base: ReadNx
) -> None:
    """Line ends or none, counts that hold the end record or not, flags as letters or digits: the same base."""
    official = read_nx_base(ways=Ways(itself, outer, line_end, digits))
    assert official.codes == read_nx_base().codes


@pytest.mark.parametrize(
    ("edit", "record", "reason"),
    [
        (lambda data: data[:-1], 53, "length"),
        (lambda data: data + b" ", 54, "length"),
        (lambda data: data[:200], 2, "length"),
        (lambda data: data[:RECORD], 1, "header"),
        (without(1), 1, "header"),
        (without(53), 52, "trailer"),
        (at(53, 1, "998"), 53, "trailer"),
        (at(53, 53, "00000052"), 53, "total_records"),
        (at(53, 53, "0000005A"), 53, "number"),
        (at(53, 61, "000009"), 53, "total_codes"),
        (at(7, 8, "00009"), 7, "count"),
        (at(7, 8, "00004"), 7, "count"),
        (at(7, 8, "00005"), 12, "count"),
        (without(4), 6, "count"),
        (without(3), 6, "count"),
        (without(2), 2, "order"),
        (without(7), 7, "order"),
        (without(52), 51, "unfinished"),
        (at(4, 1, "140"), 4, "order"),
        (at(2, 8, "2263288"), 2, "code_key"),
        (at(2, 8, "22632 7"), 2, "code_form"),
        (at(2, 8, "226328A"), 2, "code_form"),
        (at(8, 8, "2263287"), 8, "code_twice"),
        (at(3, 8, "20261332"), 3, "date"),
        (at(3, 16, "0X0"), 3, "number"),
        (at(4, 8, "00000000"), 4, "start"),
        (at(4, 8, "20200230"), 4, "date"),
        (at(4, 16, "20191231"), 4, "period_backwards"),
        (at(4, 16, "20270102"), 5, "periods_overlap"),
        (at(4, 16, "00000000"), 5, "periods_overlap"),
        (at(5, 8, "20200101"), 5, "periods_overlap"),
        (at(4, 44, "X"), 4, "on_quote"),
        (at(4, 45, "-000000975"), 4, "number"),
        (at(4, 92, "0000003,50"), 4, "number"),
        (at(4, 79, "0.2"), 4, "number"),
    ],
)
def test_anything_else_refuses_the_whole_file(edit: Edit, record: int, reason: str, read_nx_base: ReadNx) -> None:
    """The first record that is wrong and the rule; nothing of the file is used."""
    with pytest.raises(ImportInvalid) as raised:
        read_nx_base(edit=edit)
    assert (raised.value.facts["record"], raised.value.facts["reason"]) == (record, reason)


@pytest.mark.parametrize(("data", "reason"), [(b"", "length"), (b"001".ljust(2 * RECORD), "header")])
def test_what_is_no_such_file_at_all(data: bytes, reason: str) -> None:
    """Nothing, or another first record."""
    with pytest.raises(ImportInvalid) as raised:
        read_nx(data, "x", "0" * 64)
    assert raised.value.facts["reason"] == reason


def test_counts_are_meant_one_way_in_the_whole_file(read_nx_base: ReadNx) -> None:
    """A file whose end records count themselves once and once not is damaged somewhere."""
    with pytest.raises(ImportInvalid) as raised:
        read_nx_base(ways=Ways(end_counts_itself=False), edit=at(12, 8, "00005"))
    assert raised.value.facts["reason"] == "count"


def test_a_period_may_begin_on_the_day_the_former_ends(read_nx_base: ReadNx) -> None:
    """The published layout does not say whether a last day counts."""
    tariffs = (Tariff(date(2020, 1, 1), date(2021, 1, 1), "V01", 1, 2), since("2021-01-01", "V01", 3, 4))
    assert len(read_nx_base((replace(FIRST, tariffs=tariffs),)).codes[0].tariffs) == 2


def test_the_periods_need_not_be_in_order(read_nx_base: ReadNx) -> None:
    """Newest first is the same base."""
    turned = replace(FIRST, tariffs=FIRST.tariffs[::-1])
    assert {one.start for one in read_nx_base((turned,)).codes[0].tariffs} == {one.start for one in FIRST.tariffs}


def test_a_file_without_codes(read_nx_base: ReadNx) -> None:
    """A header and a trailer alone are no base."""
    with pytest.raises(ImportInvalid) as raised:
        read_nx_base(())
    assert raised.value.facts == {"record": 1, "reason": "no_code"}


def test_a_label_is_latin_1_and_loses_its_padding(read_nx_base: ReadNx) -> None:
    """Accents are read, runs of blanks are one blank."""
    assert read_nx_base((replace(FIRST, label="MONTURE  DÉJÀ   VUE"),)).codes[0].label == "MONTURE DÉJÀ VUE"


@given(st.data())
def test_any_damaged_byte_is_refused_or_read_but_never_a_crash(data: Any) -> None:
    """A random byte anywhere gives a base with every code, or ImportInvalid, nothing else."""
    whole = nx_file(BASE)
    position = data.draw(st.integers(0, len(whole) - 1))
    damaged = whole[:position] + bytes([data.draw(st.integers(0, 255))]) + whole[position + 1 :]
    found: list[Official] = []
    with suppress(ImportInvalid):
        found.append(read_nx(damaged, "x", "0" * 64))
    assert all(len(official.codes) == len(BASE) for official in found)


@given(st.lists(st.tuples(st.integers(0, 9_999_999_999), st.integers(0, 9_999_999_999)), min_size=1, max_size=4))
def test_every_amount_that_fits_is_read_exactly(amounts: list[tuple[int, int]]) -> None:
    """Ten digits, two of them decimals, zero being not set."""
    tariffs = tuple(since(f"{2020 + year}-01-01", "V01", base, plv) for year, (base, plv) in enumerate(amounts))
    closed = tuple(
        replace(one, end=date(2020 + year, 12, 31)) if year < len(tariffs) - 1 else one
        for year, one in enumerate(tariffs)
    )
    code = Code(LENS_A1, "VERRE", closed)
    found = read_nx(nx_file((code,)), "x", "0" * 64).codes[0]
    assert found.code == LppCode(LENS_A1)
    assert [(one.base or 0, one.plv or 0) for one in found.tariffs] == amounts
