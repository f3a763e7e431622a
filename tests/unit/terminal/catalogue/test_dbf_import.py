"""The CNAM's base as dBase tables: the same codes as the NX text, refused whole with table and record otherwise."""

import struct
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from terminal.catalogue.official import Official, OfficialCode
from terminal.catalogue.reading import read_official
from terminal.domain.errors import ImportInvalid
from tests.unit.terminal.catalogue.conftest import ReadNx
from tests.vectors.lpp import dbf
from tests.vectors.lpp.codes import BASE, LENS_A1, Code, Tariff, since

Edit = Callable[[bytes], bytes]
FICHE, HISTO = "lpp_fiche_tot905.dbf", "lpp_histo_tot905.dbf"


def unplaced(official: Official) -> list[OfficialCode]:
    """The codes without the numbers of their records."""
    return [
        replace(code, record=0, tariffs=tuple(replace(one, record=0) for one in code.tariffs))
        for code in official.codes
    ]


def test_the_tables_say_what_the_nx_text_says(tmp_path: Path, read_nx_base: ReadNx) -> None:
    """Both forms of one base give the same codes, labels, ends, trees and tariffs."""
    official = read_official(dbf.write_tables(tmp_path, BASE))
    assert (official.form, official.whole) == ("dbf", True)
    assert unplaced(official) == unplaced(read_nx_base())
    assert [code.record for code in official.codes] == list(range(1, len(BASE) + 1))


def test_a_folder_names_its_two_tables(tmp_path: Path) -> None:
    """The folder, or either of the two files, is the same base."""
    dbf.write_tables(tmp_path, BASE)
    (tmp_path / "lpp_comp_tot905.dbf").write_bytes(b"not read")
    found = [read_official(path).codes for path in (tmp_path, tmp_path / FICHE, tmp_path / HISTO)]
    assert found[0] == found[1] == found[2]


def test_text_is_cp850(tmp_path: Path) -> None:
    """An accent is that of the code page of the tables."""
    official = read_official(dbf.write_tables(tmp_path, (replace(BASE[0], label="MONTURE DÉJÀ VUE"),)))
    assert official.codes[0].label == "MONTURE DÉJÀ VUE"


def test_the_sentinel_is_on_quote(tmp_path: Path) -> None:
    """One hundred million euros stand for a price on quote, whatever the flag."""
    code = Code(LENS_A1, "VERRE", (since("2020-01-01", "V01", 10_000_000_000, 0),))
    tariff = read_official(dbf.write_tables(tmp_path, (code,))).codes[0].tariffs[0]
    assert (tariff.on_quote, tariff.base) == (True, None)


def column_at(columns: tuple[dbf.Column, ...], record: int, name: str, text: str) -> Edit:
    """A damage: a column of a record (from 1) says something else."""
    width = 1 + sum(column.width for column in columns)
    before = 1
    for column in columns:
        if column.name == name:
            break
        before += column.width
    start = 32 + 32 * len(columns) + 1 + (record - 1) * width + before
    return lambda data: data[:start] + text.encode("cp850") + data[start + len(text) :]


def codes_at(record: int, name: str, text: str) -> Edit:
    """A damage in the table of codes."""
    return column_at(dbf.CODES, record, name, text)


def tariffs_at(record: int, name: str, text: str) -> Edit:
    """A damage in the table of tariffs."""
    return column_at(dbf.TARIFFS, record, name, text)


def counted(count: int) -> Edit:
    """A damage: the header says another number of records."""
    return lambda data: data[:4] + struct.pack("<I", count) + data[8:]


@pytest.mark.parametrize(
    ("name", "edit", "expected"),
    [
        (FICHE, lambda data: data[:-400], ("fiche", 9, "length")),
        (HISTO, lambda data: data[: len(data) // 2], ("histo", 3, "length")),
        (FICHE, counted(9), ("fiche", 11, "count")),
        (FICHE, counted(400), ("fiche", 11, "length")),
        (FICHE, lambda data: data[:20], ("fiche", 1, "table")),
        (HISTO, lambda data: data[:0], ("histo", 1, "table")),
        (FICHE, lambda data: data.replace(b"CODE_TIPS", b"CODE_TOPS"), ("fiche", 1, "column")),
        (HISTO, lambda data: data.replace(b"NAT_PREST", b"NAT_PRIST"), ("histo", 1, "column")),
        (FICHE, codes_at(1, "CODE_TIPS", "2263288"), ("fiche", 1, "code_key")),
        (HISTO, tariffs_at(1, "CODE_TIPS", "2263288"), ("histo", 1, "no_such_code")),
        (FICHE, codes_at(2, "DATE_FIN", "20261332"), ("fiche", 2, "date")),
        (FICHE, codes_at(2, "DATE_FIN", "XX261131"), ("fiche", 2, "date")),
        (FICHE, codes_at(3, "AGE_MAX", "1.5"), ("fiche", 3, "number")),
        (FICHE, codes_at(3, "AGE_MAX", " x "), ("fiche", 3, "number")),
        (FICHE, codes_at(3, "AGE_MAX", "NaN"), ("fiche", 3, "number")),
        (FICHE, codes_at(3, "AGE_MAX", " -1"), ("fiche", 3, "number")),
        (HISTO, tariffs_at(2, "DEBUTVALID", "        "), ("histo", 2, "start")),
        (HISTO, tariffs_at(2, "TARIF", "        9.005"), ("histo", 2, "amount")),
        (HISTO, tariffs_at(2, "TARIF", "        -9.00"), ("histo", 2, "amount")),
        (HISTO, tariffs_at(2, "PUREGLEMEN", "         neuf"), ("histo", 2, "number")),
        (HISTO, tariffs_at(2, "PUDEVIS", "X"), ("histo", 2, "on_quote")),
        (HISTO, tariffs_at(2, "QTE_MAX", "2.5"), ("histo", 2, "number")),
    ],
)
def test_broken_tables_are_refused_whole(name: str, edit: Edit, expected: tuple[str, int, str], tmp_path: Path) -> None:
    """The table, its record and the rule; nothing of the tables is used."""
    dbf.write_tables(tmp_path, BASE)
    path = tmp_path / name
    whole = path.read_bytes()
    path.write_bytes(edit(whole))
    assert path.read_bytes() != whole
    with pytest.raises(ImportInvalid) as raised:
        read_official(tmp_path)
    facts = raised.value.facts
    assert (facts["table"], facts["record"], facts["reason"]) == expected


@pytest.mark.parametrize(
    ("codes", "record", "reason"),
    [
        ((replace(BASE[0], code="2263288"),), 1, "code_key"),
        ((BASE[0], replace(BASE[1], code="226328")), 2, "code_form"),
        ((BASE[1], BASE[0], replace(BASE[1], tariffs=())), 3, "code_twice"),
        (
            (
                replace(
                    BASE[0],
                    tariffs=(since("2020-01-01", "V01", 1, 2), Tariff(date(2021, 1, 1), date(2022, 1, 1), "V01", 1, 2)),
                ),
            ),
            2,
            "periods_overlap",
        ),
    ],
)
def test_a_base_that_contradicts_itself(codes: tuple[Code, ...], record: int, reason: str, tmp_path: Path) -> None:
    """Bad keys, a code twice and overlapping periods are refused as in the NX text."""
    with pytest.raises(ImportInvalid) as raised:
        read_official(dbf.write_tables(tmp_path, codes))
    assert (raised.value.facts["record"], raised.value.facts["reason"]) == (record, reason)


def test_a_deleted_record_counts_but_is_not_read(tmp_path: Path) -> None:
    """A table marks a removed record with a star and keeps it."""
    first = dbf.write_tables(tmp_path, BASE)
    data = bytearray(first.read_bytes())
    width = 1 + sum(column.width for column in dbf.CODES)
    data[32 + 32 * len(dbf.CODES) + 1 + 9 * width] = ord("*")
    first.write_bytes(bytes(data))
    with pytest.raises(ImportInvalid) as raised:
        read_official(tmp_path)
    assert raised.value.facts["reason"] == "no_such_code"
