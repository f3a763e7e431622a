"""Our own table of tariffs: what a shop or a maker writes when the CNAM's base is not at hand.

Rules: UTF-8, the header below, separated by semicolons or by commas; a semicolon where amounts have a decimal comma.
Each row is one period of one code; every row names its source and how sure it is (haute, moyenne, basse). The periods
are laid over those that are known: what is known before the first day stays. Anything else refuses the whole table with
its row, the header being row 0.
"""

import csv
import io
import re
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Final

from terminal.catalogue.official import Official, OfficialCode, OfficialTariff, checked, code_at, day_at, invalid
from terminal.domain.lpp import Confidence
from terminal.domain.money import Cents

COLUMNS: Final = (
    "code_lpp",
    "libelle",
    "debut",
    "fin",
    "nature",
    "plv_ttc",
    "base_remboursement",
    "confiance",
    "source",
)
_CONFIDENCES: Final[dict[str, Confidence]] = {"haute": "high", "moyenne": "medium", "basse": "low"}
Row = dict[str, str]


def read_csv(data: bytes, name: str, sha256: str) -> Official:
    """The table in `data`; ImportInvalid with the row for anything that is not as described above."""
    labels: dict[str, tuple[str, int]] = {}
    tariffs: dict[str, list[OfficialTariff]] = {}
    for record, row in enumerate(_rows(data), start=1):
        code = str(code_at(record, row["code_lpp"]))
        label = labels.setdefault(code, (row["libelle"], record))[0]
        if row["libelle"] != label:
            raise invalid(record, "label_differs", code)
        tariffs.setdefault(code, []).append(_tariff(record, row))
    codes = (_code(code, *labels[code], tuple(found)) for code, found in tariffs.items())
    return Official("csv", name, sha256, checked(codes), whole=False)


def _rows(data: bytes) -> list[Row]:
    try:
        text = data.decode("utf-8-sig")
        delimiter = ";" if ";" in text.partition("\n")[0] else ","
        reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
        rows = list(reader)
    except (UnicodeDecodeError, csv.Error) as error:
        raise invalid(0, "form", accepted="CSV, UTF-8") from error
    if tuple(reader.fieldnames or ()) != COLUMNS:
        raise invalid(0, "header", accepted=",".join(COLUMNS))
    for record, row in enumerate(rows, start=1):
        # csv pads a short row with None and files the rest of a long one under None
        if None in row or None in row.values():
            raise invalid(record, "length", accepted=str(len(COLUMNS)))
    return [{name: cell.strip() for name, cell in row.items()} for row in rows]


def _code(code: str, label: str, record: int, tariffs: tuple[OfficialTariff, ...]) -> OfficialCode:
    return OfficialCode(code_at(record, code), label, None, None, None, tariffs, record)


def _tariff(record: int, row: Row) -> OfficialTariff:
    start = _day(record, row["debut"])
    if start is None:
        raise invalid(record, "start", accepted="AAAA-MM-JJ")
    if row["confiance"] not in _CONFIDENCES:
        raise invalid(record, "confidence", accepted=", ".join(_CONFIDENCES))
    if not row["source"]:
        raise invalid(record, "source")
    base, plv = _cents(record, row["base_remboursement"]), _cents(record, row["plv_ttc"])
    if base is None and plv is None:
        raise invalid(record, "amount", accepted="plv_ttc, base_remboursement")
    return OfficialTariff(
        start=start,
        end=_day(record, row["fin"]),
        nature=row["nature"] or None,
        on_quote=False,
        base=base,
        plv=plv,
        quantity_max=None,
        record=record,
        confidence=_CONFIDENCES[row["confiance"]],
        source=row["source"],
    )


def _day(record: int, text: str) -> date | None:
    if text and re.fullmatch(r"\d{4}-\d{2}-\d{2}", text, re.ASCII) is None:
        raise invalid(record, "date", accepted="AAAA-MM-JJ")
    return day_at(record, text.replace("-", ""))


def _cents(record: int, text: str) -> Cents | None:
    """Euros with a decimal point or comma as cents, exactly; None for an empty cell."""
    if not text:
        return None
    try:
        cents = Decimal(text.replace(",", ".")) * 100
    except InvalidOperation as error:
        raise invalid(record, "amount") from error
    if not cents.is_finite() or cents != int(cents) or cents <= 0:
        raise invalid(record, "amount", accepted="32.50")
    return Cents(int(cents))
