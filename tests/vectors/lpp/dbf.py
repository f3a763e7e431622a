"""The base as two dBase III tables, header and records byte by byte, text in cp850.

Rules: header of 32 bytes, 32 more for each column, 0x0D; each record is a flag (blank: kept) and its columns, fixed in
width; 0x1A ends the file. Numbers are right-justified text with a decimal point, dates YYYYMMDD or blank.
"""

import struct
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from tests.vectors.lpp.codes import Code


@dataclass(frozen=True)
class Column:
    """A column: type C, N or D, and width; `decimals` for N."""

    name: str
    kind: str
    width: int
    decimals: int = 0


CODES = (
    Column("CODE_TIPS", "C", 13), Column("NOM_COURT", "C", 80), *(Column(f"RMO{n}", "C", 5) for n in range(1, 6)),
    Column("DATE_FIN", "D", 8), Column("AGE_MAX", "N", 3), Column("TYPE_PREST", "C", 1), Column("INDICATION", "C", 1),
    *(Column(f"ARBO{n}", "N", 6) for n in range(1, 11)), Column("PLACE", "N", 12), Column("PROTHESE", "C", 4),
    Column("OLD_CODE", "C", 13),
)  # fmt: skip
TARIFFS = (
    Column("CODE_TIPS", "C", 13), Column("DEBUTVALID", "D", 8), Column("FINHISTO", "D", 8), Column("NAT_PREST", "C", 3),
    Column("ENTENTE", "C", 1), Column("ARRETE", "D", 8), Column("JO", "D", 8), Column("PUDEVIS", "C", 1),
    Column("TARIF", "N", 13, 2), *(Column(f"MAJO_DOM{n}", "N", 5, 3) for n in range(1, 7)), Column("QTE_MAX", "N", 3),
    Column("MT_MAX", "N", 13, 2), Column("PUREGLEMEN", "N", 13, 2), *(Column(f"PECP0{n}", "C", 2) for n in range(1, 4)),
)  # fmt: skip


def write_tables(folder: Path, codes: Iterable[Code], number: int = 905) -> Path:
    """Both tables in `folder`; the path of the table of codes."""
    found = list(codes)
    first = folder / f"lpp_fiche_tot{number}.dbf"
    first.write_bytes(table(CODES, [code_row(code) for code in found]))
    rows = [row for code in found for row in tariff_rows(code)]
    (folder / f"lpp_histo_tot{number}.dbf").write_bytes(table(TARIFFS, rows))
    return first


def code_row(code: Code) -> dict[str, str]:
    """The row of one code."""
    tree = {f"ARBO{level}": value for level, value in enumerate(code.tree, start=1)}
    return {
        "CODE_TIPS": code.code,
        "NOM_COURT": code.label,
        "DATE_FIN": _day(code.ended),
        "AGE_MAX": str(code.age_max),
        "TYPE_PREST": "A",
        "INDICATION": "N",
        **tree,
    }


def tariff_rows(code: Code) -> list[dict[str, str]]:
    """The rows of its tariffs."""
    return [
        {
            "CODE_TIPS": code.code,
            "DEBUTVALID": _day(tariff.start),
            "FINHISTO": _day(tariff.end),
            "NAT_PREST": tariff.nature,
            "ENTENTE": "N",
            "PUDEVIS": tariff.quoted,
            "TARIF": f"{tariff.base / 100:.2f}",
            "QTE_MAX": str(tariff.quantity_max),
            "PUREGLEMEN": f"{tariff.plv / 100:.2f}",
        }
        for tariff in code.tariffs
    ]


def table(columns: Sequence[Column], rows: Sequence[Mapping[str, str]]) -> bytes:
    """One table: header, columns, records, end."""
    width = 1 + sum(column.width for column in columns)
    head = struct.pack("<BBBBIHH20x", 3, 126, 11, 20, len(rows), 32 + 32 * len(columns) + 1, width)
    described = b"".join(
        struct.pack("<11sc4xBB14x", column.name.encode(), column.kind.encode(), column.width, column.decimals)
        for column in columns
    )
    return head + described + b"\r" + b"".join(_record(columns, row) for row in rows) + b"\x1a"


def _record(columns: Sequence[Column], row: Mapping[str, str]) -> bytes:
    cells = []
    for column in columns:
        text = row.get(column.name, "")
        cell = text.rjust(column.width) if column.kind == "N" else text.ljust(column.width)
        cells.append(cell.encode("cp850"))
        assert len(cells[-1]) == column.width
    return b" " + b"".join(cells)


def _day(day: date | None) -> str:
    return day.strftime("%Y%m%d") if day else ""
