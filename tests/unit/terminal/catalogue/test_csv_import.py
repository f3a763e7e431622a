"""Our own table of tariffs, and how the form of a file is told."""

from collections.abc import Callable
from datetime import date
from pathlib import Path
from zipfile import ZipFile

import pytest

from terminal.catalogue.official import Official
from terminal.catalogue.own_csv import COLUMNS
from terminal.catalogue.reading import MAX_BYTES, read_official
from terminal.domain.errors import ImportInvalid, ImportUnreadable
from tests.vectors.lpp import dbf
from tests.vectors.lpp.codes import BASE
from tests.vectors.lpp.nx import nx_file

HEADER = ",".join(COLUMNS)
ROW = "2249229,VERRE PROGRESSIF A,2026-01-01,,V03,90.00,27.00,haute,Tarif fabricant 10/2026"
ReadRows = Callable[..., Official]


@pytest.fixture
def read_rows(tmp_path: Path) -> ReadRows:
    """Write these lines as a table, and read it back."""

    def read(*lines: str, header: str = HEADER, encoding: str = "utf-8") -> Official:
        path = tmp_path / "tarifs.csv"
        path.write_text("\n".join([header, *lines]) + "\n", encoding=encoding)
        return read_official(path)

    return read


def test_a_row_is_a_period(read_rows: ReadRows) -> None:
    """Code, label, days, nature, amounts, confidence and source are those of the row."""
    official = read_rows(ROW, ROW.replace("2026-01-01,", "2025-01-01,2025-12-31").replace("90.00", "95.00"))
    assert (official.form, official.whole) == ("csv", False)
    code = official.codes[0]
    assert (str(code.code), code.label, code.ended, code.tree) == ("2249229", "VERRE PROGRESSIF A", None, None)
    one, other = code.tariffs
    assert (one.start, one.end, one.nature, one.plv, one.base) == (date(2026, 1, 1), None, "V03", 9000, 2700)
    assert (one.confidence, one.source, one.record, one.on_quote) == ("high", "Tarif fabricant 10/2026", 1, False)
    assert (other.start, other.end, other.plv, other.record) == (date(2025, 1, 1), date(2025, 12, 31), 9500, 2)


def test_semicolons_and_decimal_commas(read_rows: ReadRows) -> None:
    """What a French spreadsheet writes, byte order mark included, is the same table."""
    french = ROW.replace(",", ";").replace("90.00", "90,00").replace("27.00", "27,0")
    found = read_rows(french, header=HEADER.replace(",", ";"), encoding="utf-8-sig")
    assert found.codes == read_rows(ROW).codes


def test_one_amount_is_enough(read_rows: ReadRows) -> None:
    """A ceiling without a base, or a base without a ceiling."""
    tariffs = [read_rows(ROW.replace(cell, "")).codes[0].tariffs[0] for cell in ("27.00", "90.00")]
    assert [(one.plv, one.base) for one in tariffs] == [(9000, None), (None, 2700)]


@pytest.mark.parametrize(
    ("lines", "record", "reason"),
    [
        ([ROW.replace("2249229", "2249228")], 1, "code_key"),
        ([ROW.replace("2249229", "")], 1, "code_form"),
        ([ROW.replace("2026-01-01", "01/01/2026")], 1, "date"),
        ([ROW.replace("2026-01-01", "20260101")], 1, "date"),
        ([ROW.replace("2026-01-01", "2026-02-30")], 1, "date"),
        ([ROW.replace("2026-01-01", "")], 1, "start"),
        ([ROW.replace("haute", "sûre")], 1, "confidence"),
        ([ROW.replace("Tarif fabricant 10/2026", " ")], 1, "source"),
        ([ROW.replace("90.00", "90.005")], 1, "amount"),
        ([ROW.replace("90.00", "-90")], 1, "amount"),
        ([ROW.replace("90.00", "0")], 1, "amount"),
        ([ROW.replace("90.00", "neuf")], 1, "amount"),
        ([ROW.replace("90.00", "Infinity")], 1, "amount"),
        ([ROW.replace("90.00", "").replace("27.00", "")], 1, "amount"),
        ([ROW, ROW + ",de trop"], 2, "length"),
        ([ROW, "2249229,VERRE"], 2, "length"),
        ([ROW, ROW.replace("PROGRESSIF A", "AUTRE").replace("2026", "2027")], 2, "label_differs"),
        ([ROW, ROW], 2, "periods_overlap"),
        ([ROW, ROW.replace("2026-01-01", "2027-01-01")], 2, "periods_overlap"),
        ([ROW.replace(",,V03", ",2025-01-01,V03")], 1, "period_backwards"),
        ([], 1, "no_code"),
        (['"' + ROW], 0, "form"),
    ],
)
def test_anything_else_refuses_the_whole_table(lines: list[str], record: int, reason: str, read_rows: ReadRows) -> None:
    """The row and the rule; rows count from 1 after the header."""
    with pytest.raises(ImportInvalid) as raised:
        read_rows(*lines)
    assert (raised.value.facts["record"], raised.value.facts["reason"]) == (record, reason)


def test_a_wrong_header_or_encoding_is_refused(read_rows: ReadRows) -> None:
    """The columns that are expected are named; another encoding is not guessed."""
    with pytest.raises(ImportInvalid) as raised:
        read_rows(ROW, header="code_lpp,prix")
    assert raised.value.facts == {"record": 0, "reason": "header", "accepted": HEADER}
    with pytest.raises(ImportInvalid) as raised:
        read_rows(ROW.replace("haute", "é"), encoding="latin-1")
    assert raised.value.facts["reason"] == "form"


def test_the_form_is_told_by_the_content(tmp_path: Path) -> None:
    """A text, and the same text or tables in a zip, whatever their names."""
    text = tmp_path / "whatever.bin"
    text.write_bytes(nx_file(BASE))
    tables = tmp_path / "tables"
    tables.mkdir()
    dbf.write_tables(tables, BASE)
    (tables / "LISEZMOI.TXT").write_text("not read")
    for name, members in (("text.zip", [text]), ("tables.zip", sorted(tables.iterdir()))):
        with ZipFile(tmp_path / name, "w") as archive:
            for member in members:
                archive.write(member, f"LPP/{member.name}")
    found = [read_official(tmp_path / name) for name in ("whatever.bin", "text.zip", "tables.zip")]
    assert [official.form for official in found] == ["nx", "nx", "dbf"]
    assert len({official.sha256 for official in found}) == 3
    assert all(len(official.codes) == len(BASE) for official in found)


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    """Missing, of no known form, a damaged zip, tables that are not two, too large: the forms are named."""
    other, zipped, large = tmp_path / "a.txt", tmp_path / "a.zip", tmp_path / "large"
    other.write_bytes(b"Bonjour")
    zipped.write_bytes(b"PK\x03\x04 not a zip")
    with large.open("wb") as file:
        file.truncate(MAX_BYTES + 1)
    cases = {tmp_path / "none": "missing", other: "form", zipped: "zip", tmp_path: "table_fiche", large: "too_large"}
    for path, reason in cases.items():
        with pytest.raises(ImportUnreadable) as raised:
            read_official(path)
        assert raised.value.facts["reason"] == reason
        assert raised.value.facts["accepted"]


def test_a_zip_that_would_grow_too_large_is_not_opened(tmp_path: Path) -> None:
    """Its members are counted before any is read."""
    path = tmp_path / "bomb.zip"
    with ZipFile(path, "w", compression=8, compresslevel=1) as archive, archive.open("zeros", "w") as member:
        for _ in range(MAX_BYTES // (1 << 20) + 1):
            member.write(bytes(1 << 20))
    with pytest.raises(ImportUnreadable) as raised:
        read_official(path)
    assert raised.value.facts["reason"] == "too_large"
