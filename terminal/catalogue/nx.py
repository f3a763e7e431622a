"""The CNAM's base as NX text (LPPTOT): records of exactly 128 bytes, latin-1, usually without line ends.

Rules: 000 opens the file and 999 closes it; a code is 101 01 01 (label), 101 01 02 (end, age, tree), any number of 110
(a tariff each), 120 and 130 (codes that exclude or need each other, not kept), and 199 with the number of its records;
999 gives the number of all records and of codes. Whether 199 counts itself, and 999 the two outer records, is published
nowhere: either way is accepted, the same way in the whole file. The on-quote flag is written O/N or 1/0. Amounts have
two implied decimals; zero is "not set". Every failure refuses the file with the record. Positions: tests/vectors/lpp.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from terminal.catalogue.official import Official, OfficialCode, OfficialTariff, checked, code_at, day_at, invalid
from terminal.domain.money import Cents

RECORD: Final = 128
_LABEL, _FILE, _TARIFF, _OTHERS, _END = "1010101", "1010102", "11001", ("12001", "13001"), "199"
_QUOTED: Final = {"O": True, "1": True, "N": False, "0": False, " ": False}
_TREE_LEVELS, _TREE_WIDTH = 10, 6


@dataclass(frozen=True, slots=True)
class _Record:
    """Record `number` (from 1); `at(start, length)` uses the published positions, from 1."""

    number: int
    text: str

    def at(self, start: int, length: int) -> str:
        return self.text[start - 1 : start - 1 + length]

    def number_at(self, start: int, length: int) -> int:
        """A number, blank for zero."""
        text = self.at(start, length).strip() or "0"
        if not (text.isascii() and text.isdigit()):
            raise invalid(self.number, "number", position=start)
        return int(text)


def read_nx(data: bytes, name: str, sha256: str) -> Official:
    """The base in `data`; ImportInvalid with the record for anything that is not as published."""
    records = _records(data)
    if len(records) < 2 or not records[0].text.startswith("000"):
        raise invalid(1, "header")
    if not records[-1].text.startswith("999"):
        raise invalid(len(records), "trailer")
    groups = tuple(_groups(records[1:-1]))
    _check_counts(groups)
    _check_totals(records, groups)
    return Official("nx", name, sha256, checked(_code(group) for group in groups), whole=True)


def _records(data: bytes) -> list[_Record]:
    """The records; a line end, where there are any, is no part of them."""
    stream = data.replace(b"\r", b"").replace(b"\n", b"")
    whole, rest = divmod(len(stream), RECORD)
    if rest or not whole:
        raise invalid(whole + 1, "length", accepted=str(RECORD))
    text = stream.decode("latin-1")
    return [_Record(number + 1, text[number * RECORD : (number + 1) * RECORD]) for number in range(whole)]


def _groups(records: Sequence[_Record]) -> Iterator[list[_Record]]:
    """The records of each code, its end included."""
    group: list[_Record] = []
    for record in records:
        if bool(group) == record.text.startswith(_LABEL):
            raise invalid(record.number, "order")
        group.append(record)
        if record.text.startswith(_END):
            yield group
            group = []
    if group:
        raise invalid(group[-1].number, "unfinished")


def _check_counts(groups: Sequence[Sequence[_Record]]) -> None:
    """199 says how many records the code has, counting itself or not, always the same way."""
    ways = {len(group) - group[-1].number_at(8, 5): group[-1].number for group in reversed(groups)}
    for way, number in ways.items():
        if way not in (0, 1):
            raise invalid(number, "count")
    if len(ways) > 1:
        raise invalid(max(ways.values()), "count")


def _check_totals(records: Sequence[_Record], groups: Sequence[Sequence[_Record]]) -> None:
    last = records[-1]
    if last.number_at(53, 8) not in (len(records), len(records) - 2):
        raise invalid(last.number, "total_records", found=len(records))
    if last.number_at(61, 6) != len(groups):
        raise invalid(last.number, "total_codes", found=len(groups))


def _code(group: Sequence[_Record]) -> OfficialCode:
    first, second = group[0], group[1]
    if not second.text.startswith(_FILE):
        raise invalid(second.number, "order")
    tariffs = []
    for record in group[2:-1]:
        if record.text.startswith(_TARIFF):
            tariffs.append(_tariff(record))
        elif not record.text.startswith(_OTHERS):
            raise invalid(record.number, "order")
    tree = [second.at(21 + _TREE_WIDTH * level, _TREE_WIDTH).strip() for level in range(_TREE_LEVELS)]
    return OfficialCode(
        code=code_at(first.number, first.at(8, 13).strip()),
        label=" ".join(first.at(21, 80).split()),
        ended=day_at(second.number, second.at(8, 8)),
        age_max=second.number_at(16, 3) or None,
        tree=tuple(level.lstrip("0") for level in tree if level.strip("0")),
        tariffs=tuple(tariffs),
        record=first.number,
    )


def _tariff(record: _Record) -> OfficialTariff:
    start = day_at(record.number, record.at(8, 8))
    if start is None:
        raise invalid(record.number, "start")
    if record.at(44, 1) not in _QUOTED:
        raise invalid(record.number, "on_quote", accepted="O, N, 1, 0")
    on_quote = _QUOTED[record.at(44, 1)]
    return OfficialTariff(
        start=start,
        end=day_at(record.number, record.at(16, 8)),
        nature=record.at(24, 3).strip() or None,
        on_quote=on_quote,
        base=None if on_quote else (Cents(record.number_at(45, 10)) or None),
        plv=Cents(record.number_at(92, 10)) or None,
        quantity_max=record.number_at(79, 3) or None,
        record=record.number,
    )
