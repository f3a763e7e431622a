"""Claims as B2-shaped records: a head, then for each invoice its head, its lines with their codes, and its total.

Rules: positions and sources are the layout's; every record has 128 characters of upper-case ASCII; numbers are zeros
and figures from the right, texts are blanks from the left with accents folded; an identifier is never folded; what does
not fit its field or cannot be written so is refused with the field's name, and that claim is left out whole: nothing is
cut. The records 1, 6 and 999 of the standard are not here, because their layout is not public. An invoice's number
follows from the claim's id, so the same claim has the same number in every export.
"""

import hashlib
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date
from typing import Final

from sync.contract.message import ClaimMessage, Line
from sync.errors import ContractError
from sync.receiver.exports.b2_layout import FOOT, HEAD, INVOICE, LINE, LINE_CODE, WIDTH, Field, Kind, Layout

_INVOICES: Final = ("claim", "correction")
_LETTERS: Final = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_NUMBER_LENGTH: Final = 9
_TEXT: Final = frozenset(_LETTERS + " '-./")
_IDENTIFIER: Final = frozenset(_LETTERS + "-")
_LIGATURES: Final = str.maketrans({"œ": "oe", "Œ": "OE", "æ": "ae", "Æ": "AE", "ß": "ss", "ø": "o", "Ø": "O"})
_QUOTES: Final = str.maketrans({"’": "'", "‐": "-", "‑": "-", "\u00a0": " ", "\u202f": " "})
Values = Mapping[str, str | int]


class NotWritten(ContractError):
    """A claim that these records cannot hold; `facts` name record and field, or why it is no invoice."""

    code = "b2_not_written"


def head(layout: Layout, insurer: str, day: date) -> str:
    """The first record of a file."""
    return write_record(layout[HEAD], _file_values(insurer, day))


def invoice(layout: Layout, message: ClaimMessage, day: date) -> tuple[str, ...]:
    """The records of one claim: 2, then 3 and 3F for each line, then 5; NotWritten."""
    if message.kind not in _INVOICES:
        raise NotWritten("not an invoice", reason=f"kind_{message.kind}")
    shared = {**_file_values(message.insurer, day), **_invoice_values(message)}
    lines = [record for number, line in enumerate(message.lines, 1) for record in _line(layout, shared, number, line)]
    totals = {**shared, **_totals(message.lines, len(lines))}
    return (write_record(layout[INVOICE], shared), *lines, write_record(layout[FOOT], totals))


def invoice_number(claim_id: str) -> str:
    """Nine figures and capitals that follow from the claim's id (46 bits of its SHA-256)."""
    rest, signs = int.from_bytes(hashlib.sha256(claim_id.encode("ascii")).digest()), ""
    for _ in range(_NUMBER_LENGTH):
        rest, place = divmod(rest, len(_LETTERS))
        signs = _LETTERS[place] + signs
    return signs


def write_record(fields: Iterable[Field], values: Values) -> str:
    """One record of 128 characters; NotWritten."""
    record = "".join(_written(field, values) for field in fields)
    if len(record) != WIDTH:
        raise ContractError("a record has 128 characters")
    return record


def _written(field: Field, values: Values) -> str:
    value = values[field.source] if field.constant is None and field.source else field.constant or ""
    try:
        written = _FORMS[field.kind](value, field.length)
    except ValueError as error:
        raise NotWritten("a value that its field cannot hold", record=field.record, field=field.name) from error
    if len(written) != field.length:
        raise NotWritten("a value longer than its field", record=field.record, field=field.name)
    return written


def _number(value: str | int, length: int) -> str:
    figures = str(value)
    if not (figures.isascii() and figures.isdigit()):
        raise ValueError
    return figures.zfill(length)


def _text(value: str | int, length: int) -> str:
    """Capitals without accents (NFD, ligatures spelled out); ValueError for any other sign."""
    spelled = unicodedata.normalize("NFD", str(value).translate(_QUOTES).translate(_LIGATURES))
    folded = "".join(sign for sign in spelled if not unicodedata.combining(sign)).upper()
    if not _TEXT.issuperset(folded):
        raise ValueError
    return folded.ljust(length)


def _identifier(value: str | int, length: int) -> str:
    if not _IDENTIFIER.issuperset(str(value)):
        raise ValueError
    return str(value).ljust(length)


def _date(value: str | int, length: int) -> str:
    """YYMMDD of YYYY-MM-DD, which may be a lunar date."""
    figures = str(value).replace("-", "")
    if len(figures) != 8:
        raise ValueError
    return _number(figures[2:], length)


_FORMS: Final[Mapping[Kind, Callable[[str | int, int], str]]] = {
    "text": _text,
    "identifier": _identifier,
    "number": _number,
    "date": _date,
    "blank": lambda _value, length: " " * length,
}


def _file_values(insurer: str, day: date) -> dict[str, str | int]:
    return {"file.insurer": insurer, "file.date": day.isoformat()}


def _invoice_values(message: ClaimMessage) -> dict[str, str | int]:
    nir = message.member.value if message.member.kind == "nir" else ""
    return {
        "invoice.shop": message.shop,
        "invoice.number": invoice_number(message.claim_id),
        "invoice.nir": nir,
        "invoice.nir_key": _key(nir) if nir else "",
        "invoice.member": message.member.value,
        "invoice.name": message.beneficiary.name or "",
        "invoice.birth_date": message.beneficiary.birth_date,
        "invoice.rank": message.beneficiary.rank,
        "invoice.service_date": message.service_date.isoformat(),
        "invoice.amo_rate": message.amo_rate,
    }


def _key(nir: str) -> str:
    """The NIR's two check figures: 97 less the remainder by 97; Corsica's 2A counts as 19, 2B as 18."""
    figures = nir[:5] + {"2A": "19", "2B": "18"}.get(nir[5:7], nir[5:7]) + nir[7:]
    if len(nir) != 13 or not (figures.isascii() and figures.isdigit()):
        raise NotWritten("a NIR has 13 signs", record=INVOICE, field="nir")
    return f"{97 - int(figures) % 97:02d}"


def _line(layout: Layout, shared: Values, number: int, line: Line) -> Iterator[str]:
    exact = line.price % line.quantity == 0
    values = {
        **shared,
        "line.number": number,
        "line.code": line.code,
        "line.quantity": line.quantity,
        "line.unit_price": line.price // line.quantity if exact else 0,
        "line.price": line.price,
        "line.base": line.base,
        "line.amo": line.amo,
        "line.amc": line.amc,
    }
    yield write_record(layout[LINE], values)
    yield write_record(layout[LINE_CODE], values)


def _totals(lines: tuple[Line, ...], records: int) -> dict[str, int]:
    price, base, amo, amc = (sum(getattr(line, name) for line in lines) for name in ("price", "base", "amo", "amc"))
    return {
        "total.records": records,
        "total.price": price,
        "total.base": base,
        "total.amo": amo,
        "total.after_amo": price - amo,
        "total.amc": amc,
    }
