"""The base as NX text: records of 128 bytes, latin-1, at the published positions.

Rules: a field is (length, text); numbers are zero-padded on the left, text is padded with blanks on the right; each
record ends exactly at byte 128. `ways` are what no publication says: whether 199 counts itself and 999 the outer two.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from tests.vectors.lpp.codes import Code, Tariff

RECORD = 128


@dataclass(frozen=True)
class Ways:
    """How counts are meant, whether lines end, and how the on-quote flag is written."""

    end_counts_itself: bool = True
    total_counts_outer: bool = True
    line_end: str = ""
    digits_for_flags: bool = False


def nx_file(codes: Iterable[Code], ways: Ways = Ways()) -> bytes:
    """The whole file."""
    found = list(codes)
    groups = [code_records(code, ways) for code in found]
    records = [header(), *(record for group in groups for record in group)]
    total = len(records) + 1 if ways.total_counts_outer else len(records) - 1
    records.append(trailer(total, len(found)))
    return "".join(record + ways.line_end for record in records).encode("latin-1")


def header() -> str:
    """Record 000."""
    return _record("000", (49, "CN000000000000013TIPS  OP"), (6, "261120"), (24, ""), (5, "00001"), (1, "T"), (1, "E"))


def trailer(records: int, codes: int) -> str:
    """Record 999."""
    return _record("999", (49, ""), (8, f"{records:08}"), (6, f"{codes:06}"), (10, "0000000000"))


def code_records(code: Code, ways: Ways) -> list[str]:
    """The records of one code, 199 included."""
    tree = "".join(level.rjust(6, "0") for level in code.tree).ljust(60, "0")
    records = [
        _record("1010101", (13, code.code), (80, code.label), (25, "")),
        _record("1010102", (8, _day(code.ended)), (3, f"{code.age_max:03}"), (1, "A"), (1, "N"), (60, tree), (16, "")),
        *(tariff_record(rank, tariff, ways) for rank, tariff in enumerate(code.tariffs, start=1)),
        _record("1200101", (117, code.code.ljust(13))),
    ]
    count = len(records) + ways.end_counts_itself
    return [*records, _record("1990101", (5, f"{count:05}"))]


def tariff_record(rank: int, tariff: Tariff, ways: Ways) -> str:
    """Record 110."""
    quoted = {"O": "1", "N": "0"}[tariff.quoted] if ways.digits_for_flags else tariff.quoted
    return _record(
        f"11001{rank:02}",
        (8, _day(tariff.start)),
        (8, _day(tariff.end)),
        (3, tariff.nature),
        (1, "N"),
        (16, "2019123120191231"),
        (1, quoted),
        (10, f"{tariff.base:010}"),
        (24, "1000" * 6),
        (3, f"{tariff.quantity_max:03}"),
        (10, "0" * 10),
        (10, f"{tariff.plv:010}"),
        (6, ""),
    )


def _record(start: str, *fields: tuple[int, str]) -> str:
    body = start + "".join(text.ljust(length) for length, text in fields)
    assert len(body) <= RECORD
    return body.ljust(RECORD)


def _day(day: date | None) -> str:
    return day.strftime("%Y%m%d") if day else "00000000"
