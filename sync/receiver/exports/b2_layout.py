"""The table that says where each field of a B2-shaped record lies: data, judged before a claim is read.

Rules: a record is 128 characters, its fields touch and fill it; a field takes a constant (`=…`) or one of the values
named here, and nothing else; a table that does not hold is refused whole. The table of this package holds the
positions of the hospital variant, generation 2005-E, which is what can be read in public; whoever has the licence for
another one writes another table.
"""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Final, Literal, get_args

from sync.errors import ContractError

LABEL: Final = "B2-shaped, not a NOEMIE exchange"
WIDTH: Final = 128
BUILT_IN: Final = Path(__file__).with_name("b2_layout.csv")
HEAD, INVOICE, LINE, LINE_CODE, FOOT = RECORDS = ("000", "2", "3", "3F", "5")
Kind = Literal["text", "identifier", "number", "date", "blank"]
FILE_SOURCES: Final = ("file.insurer", "file.date")
INVOICE_SOURCES: Final = (
    "invoice.shop",
    "invoice.number",
    "invoice.nir",
    "invoice.nir_key",
    "invoice.member",
    "invoice.name",
    "invoice.birth_date",
    "invoice.rank",
    "invoice.service_date",
    "invoice.amo_rate",
)
LINE_SOURCES: Final = tuple(
    f"line.{name}" for name in ("number", "code", "quantity", "unit_price", "price", "base", "amo", "amc")
)
TOTAL_SOURCES: Final = tuple(f"total.{name}" for name in ("records", "price", "base", "amo", "after_amo", "amc"))
_OF_RECORD: Final[Mapping[str, tuple[str, ...]]] = {
    HEAD: FILE_SOURCES,
    INVOICE: FILE_SOURCES + INVOICE_SOURCES,
    LINE: FILE_SOURCES + INVOICE_SOURCES + LINE_SOURCES,
    LINE_CODE: FILE_SOURCES + INVOICE_SOURCES + LINE_SOURCES,
    FOOT: FILE_SOURCES + INVOICE_SOURCES + TOTAL_SOURCES,
}
_COLUMNS: Final = ["record", "field", "start", "length", "kind", "source"]


@dataclass(frozen=True, slots=True)
class Field:
    """One field: its first position (from 1), its length, how it is written, and a constant or the name of a value."""

    record: str
    name: str
    start: int
    length: int
    kind: Kind
    source: str

    @property
    def constant(self) -> str | None:
        """What the field always holds, if it is a constant."""
        return self.source[1:] if self.source.startswith("=") else None


Layout = Mapping[str, tuple[Field, ...]]


def read_layout(path: Path = BUILT_IN) -> Layout:
    """The fields of each record, in order; ContractError (`record`, `field`) when the table does not hold."""
    try:
        table = csv.DictReader(io.StringIO(path.read_text(encoding="utf-8")), strict=True)
        rows = list(table)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ContractError("the layout cannot be read", file=path.name) from error
    if table.fieldnames != _COLUMNS:
        raise ContractError("a layout has the columns " + ", ".join(_COLUMNS), file=path.name)
    fields = [_field(row) for row in rows]
    layout = {record: tuple(group) for record, group in groupby(fields, key=lambda field: field.record)}
    if sorted(layout) != sorted(RECORDS) or sum(map(len, layout.values())) != len(fields):
        raise ContractError("a layout has the records " + ", ".join(RECORDS) + ", each once", file=path.name)
    for record in layout.values():
        _check_filled(record)
    return layout


def _field(row: dict[str, str]) -> Field:
    where = {"record": str(row["record"]), "field": str(row["field"])}
    try:
        kind, start, length = row["kind"], int(row["start"]), int(row["length"])
    except (TypeError, ValueError) as error:
        raise ContractError("a field has a start and a length in figures", **where) from error
    found = Field(row["record"], row["field"], start, length, kind, row["source"])  # type: ignore[arg-type]  # below
    if kind not in get_args(Kind) or length < 1:
        raise ContractError("a field has a kind and a length", **where)
    if (kind == "blank") == bool(found.source):
        raise ContractError("a field has a source, and a blank has none", **where)
    if found.constant is None and found.source not in (*_OF_RECORD.get(found.record, ()), ""):
        raise ContractError("no such value in this record", source=found.source, **where)
    return found


def _check_filled(record: tuple[Field, ...]) -> None:
    expected = 1
    for field in record:
        if field.start != expected:
            raise ContractError("fields leave a gap or overlap", record=field.record, field=field.name)
        expected += field.length
    if expected != WIDTH + 1:
        raise ContractError("a record has 128 characters", record=record[0].record, field=record[-1].name)
