"""The CNAM's base as dBase III tables: the codes (lpp_fiche_tot) and their tariffs (lpp_histo_tot), read by dbfread.

Rules: a table must have the columns that are needed and as many records as its header says; every tariff belongs to a
code. Text is cp850; a byte it does not have, a wrong number or a wrong date refuses the whole with the record. The
tables of excluded and needed codes are not read. Records count from 1 in their own table, `table` names it.
"""

import struct
from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import Any, Final

from dbfread import DBF, FieldParser

from terminal.catalogue.official import Official, OfficialCode, OfficialTariff, checked, code_at, day_at, invalid
from terminal.domain.errors import ImportInvalid
from terminal.domain.money import Cents

CODES, TARIFFS = "fiche", "histo"
SENTINEL: Final = 10_000_000_000
"""One hundred million euros, in cents: on quote."""
_NEEDED: Final[Mapping[str, tuple[str, ...]]] = {
    CODES: ("CODE_TIPS", "NOM_COURT", "DATE_FIN", "AGE_MAX", "ARBO1", "ARBO2"),
    TARIFFS: ("CODE_TIPS", "DEBUTVALID", "FINHISTO", "NAT_PREST", "PUDEVIS", "TARIF", "QTE_MAX", "PUREGLEMEN"),
}
_QUOTED: Final = {"O": True, "1": True, "N": False, "0": False, "": False}
Row = Mapping[str, str]


class _AsText(FieldParser):  # type: ignore[misc]  # dbfread has no types
    """Every field as its text: what it means is judged here, with its record."""

    def parse(self, field: Any, data: bytes) -> str:  # noqa: ARG002 - the signature is dbfread's
        return data.decode("cp850").strip("\0 ")


def read_dbf(codes: Path, tariffs: Path, name: str, sha256: str) -> Official:
    """The base in the two tables; ImportInvalid with table and record for anything that does not hold."""
    by_code: dict[str, list[OfficialTariff]] = {}
    places: dict[str, int] = {}
    for record, row in _rows(tariffs, TARIFFS):
        by_code.setdefault(row["CODE_TIPS"], []).append(_located(TARIFFS, record, row, _tariff))
        places.setdefault(row["CODE_TIPS"], record)
    found = []
    for record, row in _rows(codes, CODES):
        own = tuple(by_code.pop(row["CODE_TIPS"], ()))
        found.append(_located(CODES, record, row, lambda record, row, own=own: _code(record, row, own)))
    for code in by_code:
        raise invalid(places[code], "no_such_code", table=TARIFFS)
    return Official("dbf", name, sha256, checked(found), whole=True)


def _rows(path: Path, kind: str) -> Iterator[tuple[int, Row]]:
    try:
        table = DBF(path, encoding="cp850", parserclass=_AsText, ignore_missing_memofile=True, lowernames=False)
        missing = [name for name in _NEEDED[kind] if name not in table.field_names]
        if missing:
            raise invalid(1, "column", table=kind, accepted=", ".join(missing))
        _check_size(path, table, kind)
        rows = [dict(row) for row in table]
    except (OSError, ValueError, struct.error, TypeError) as error:
        raise invalid(1, "table", table=kind) from error
    if len(rows) + len(table.deleted) != table.header.numrecords:
        raise invalid(len(rows) + 1, "count", table=kind, found=len(rows))
    yield from enumerate(rows, start=1)


def _check_size(path: Path, table: Any, kind: str) -> None:
    """A table that is shorter than its header says was cut."""
    header = table.header
    records = (path.stat().st_size - header.headerlen) // max(1, header.recordlen)
    if records < header.numrecords:
        raise invalid(max(0, records) + 1, "length", table=kind, found=max(0, records))


def _located(table: str, record: int, row: Row, read: Any) -> Any:
    try:
        return read(record, row)
    except ImportInvalid as error:
        error.facts["table"] = table
        raise


def _code(record: int, row: Row, tariffs: tuple[OfficialTariff, ...]) -> OfficialCode:
    tree = tuple(row[f"ARBO{level}"].lstrip("0") for level in range(1, 11) if row.get(f"ARBO{level}", "").strip("0"))
    return OfficialCode(
        code=code_at(record, row["CODE_TIPS"]),
        label=" ".join(row["NOM_COURT"].split()),
        ended=day_at(record, row["DATE_FIN"]),
        age_max=_number(record, row["AGE_MAX"]) or None,
        tree=tree,
        tariffs=tariffs,
        record=record,
    )


def _tariff(record: int, row: Row) -> OfficialTariff:
    start = day_at(record, row["DEBUTVALID"])
    if start is None:
        raise invalid(record, "start")
    if row["PUDEVIS"] not in _QUOTED:
        raise invalid(record, "on_quote", accepted="O, N, 1, 0")
    base = _cents(record, row["TARIF"])
    on_quote = _QUOTED[row["PUDEVIS"]] or base == SENTINEL
    return OfficialTariff(
        start=start,
        end=day_at(record, row["FINHISTO"]),
        nature=row["NAT_PREST"] or None,
        on_quote=on_quote,
        base=None if on_quote else (base or None),
        plv=_cents(record, row["PUREGLEMEN"]) or None,
        quantity_max=_number(record, row["QTE_MAX"]) or None,
        record=record,
    )


def _cents(record: int, text: str) -> Cents:
    """Euros as cents, exactly."""
    cents = _decimal(record, text) * 100
    if cents != int(cents) or cents < 0:
        raise invalid(record, "amount")
    return Cents(int(cents))


def _number(record: int, text: str) -> int:
    number = _decimal(record, text)
    if number != int(number) or number < 0:
        raise invalid(record, "number")
    return int(number)


def _decimal(record: int, text: str) -> Decimal:
    try:
        number = Decimal(text or "0")
    except InvalidOperation as error:
        raise invalid(record, "number") from error
    if not number.is_finite():
        raise invalid(record, "number")
    return number
