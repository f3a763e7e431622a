"""B2-shaped records: every one has 128 characters, totals are the sums of the lines, and nothing is cut or guessed."""

import csv
import io
import unicodedata
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date
from pathlib import Path

import msgspec
import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st

from sync.contract.message import Beneficiary, ClaimMessage, Member
from sync.errors import ContractError
from sync.receiver.exports.b2 import NotWritten, head, invoice, invoice_number, write_record
from sync.receiver.exports.b2_layout import BUILT_IN, RECORDS, Field, Kind, Layout, read_layout
from tests.unit.sync.contract.records import MESSAGE
from tests.unit.sync.receiver.visitor import AMC, claim_message, new_claim_id

DAY = date(2026, 11, 22)
LAYOUT = read_layout()
NIR = "2840575999042"
COLUMNS = ("record", "field", "start", "length", "kind", "source")


def read(layout: Layout, record: str, name: str, kind: str) -> str:
    """What stands in a field of a record, by the table's positions."""
    found = next(one for one in layout[kind] if one.name == name)
    return record[found.start - 1 : found.start - 1 + found.length]


def amounts(records: Sequence[str], kind: str, name: str) -> list[int]:
    """A number of each record of a kind."""
    chosen = [record for record in records if kind_of(record) == kind]
    return [int(read(LAYOUT, record, name, kind)) for record in chosen]


def kind_of(record: str) -> str:
    """Which record of the table this is."""
    if record.startswith("000"):
        return "000"
    return "3F" if record[0] == "3" and record[35] == "F" and record[26:29] != "000" else record[0]


def coherent(message: ClaimMessage) -> ClaimMessage:
    """The same claim as an invoice whose prices are the sums of their shares."""
    lines = [
        msgspec.structs.replace(line, price=line.amo + line.amc + line.reste_a_charge)
        for line in (msgspec.structs.replace(one, amo=one.amo // 4, amc=one.amc // 4) for one in message.lines)
    ]
    lines = [msgspec.structs.replace(line, price=min(line.price, 9_999_999)) for line in lines]
    return msgspec.structs.replace(message, kind="claim", lines=tuple(lines))


def written_or_refused(message: ClaimMessage) -> tuple[tuple[str, ...], str]:
    """The records of a claim, or why there are none."""
    try:
        return invoice(LAYOUT, message, DAY), ""
    except NotWritten as refused:
        return (), str(refused.facts.get("reason", refused.facts.get("field")))


@settings(max_examples=60)
@given(message=st.one_of(MESSAGE, MESSAGE.map(coherent)))
def test_every_record_is_128_characters_and_totals_are_the_sums(message: ClaimMessage) -> None:
    """Any claim gives records of 128 upper-case ASCII characters whose total is that of its lines, or is refused."""
    records, why = written_or_refused(message)
    event(f"refused: {why}" if why else "written")
    assert bool(why) != bool(records)
    if not records:
        return
    assert {len(record) for record in records} == {128}
    assert all(record.isascii() and record.isprintable() and record == record.upper() for record in records)
    kinds = [kind_of(record) for record in records]
    assert kinds == ["2", *["3", "3F"] * len(message.lines), "5"]
    assert amounts(records, "5", "records") == [2 * len(message.lines)]
    for total, part, own in (
        ("base_total", "reimbursement_base", "base"),
        ("amo_total", "amo_amount", "amo"),
        ("amc_total", "amc_amount", "amc"),
        ("expense_total", "expense_total", "price"),
    ):
        lines = amounts(records, "3", part)
        assert amounts(records, "5", total) == [sum(lines)]
        assert lines == [getattr(line, own) for line in message.lines]
    assert amounts(records, "3F", "total_invoiced") == [line.price for line in message.lines]
    price, amo = (sum(getattr(line, name) for line in message.lines) for name in ("price", "amo"))
    assert amounts(records, "5", "insured_share") == [price - amo]


@given(text=st.text(max_size=40), length=st.integers(1, 40))
def test_a_text_is_folded_whole_or_refused(text: str, length: int) -> None:
    """Accents go, capitals come, the rest is blanks; what is not a letter, a figure or a plain sign is refused."""
    record = ""
    with suppress(NotWritten):
        record = write_record(_one_field("text", length), {"invoice.name": text})
    event("written" if record else "refused")
    if not record:
        return
    written = record[:length]
    plain = unicodedata.normalize("NFKD", text.replace("’", "'")).casefold()
    kept = "".join(sign for sign in plain if not unicodedata.combining(sign))
    if kept.isascii():
        assert written.rstrip() == kept.upper().rstrip()
    assert written.isascii()
    assert record[length:] == " " * (128 - length)


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("Éléonore D'Àrçon", "ELEONORE D'ARCON"),
        ("Œuvrard-Noël", "OEUVRARD-NOEL"),
        ("L’Haÿ", "L'HAY"),
        ("Strauß", "STRAUSS"),
        ("Ærø", "AERO"),
    ],
)
def test_names_are_written_as_a_clerk_would(name: str, written: str) -> None:
    """Accents, ligatures and the typographic apostrophe have one spelling each."""
    assert write_record(_one_field("text", 30), {"invoice.name": name})[:30] == written.ljust(30)


@pytest.mark.parametrize("name", ["Иванова", "李", "A_B", "A\nB", "x" * 31])
def test_a_name_that_cannot_be_written_is_refused(name: str) -> None:
    """Another alphabet, a sign of control or a name too long leaves the claim out; it is never mangled."""
    with pytest.raises(NotWritten):
        write_record(_one_field("text", 30), {"invoice.name": name})


@pytest.mark.parametrize("value", ["a1", "É", "A 1", "A'1"])
def test_an_identifier_is_never_folded(value: str) -> None:
    """`a1` and `A1` are two members: what cannot stand as it is, is refused."""
    with pytest.raises(NotWritten):
        write_record(_one_field("identifier", 30), {"invoice.name": value})


def _one_field(kind: Kind, length: int) -> tuple[Field, ...]:
    rest = (Field("2", "rest", length + 1, 128 - length, "blank", ""),)
    return (Field("2", "tried", 1, length, kind, "invoice.name"), *rest)


def test_a_claim_at_its_positions() -> None:
    """One claim, written out by hand from the reference's positions."""
    message = msgspec.structs.replace(
        claim_message("01980000-0000-7000-8000-000000000001"), member=Member(kind="nir", value=NIR)
    )
    number = invoice_number(message.claim_id)
    key = f"{97 - int(NIR) % 97:02d}"
    start = f"759999991 {NIR}{key}"
    first, line, code, total = invoice(LAYOUT, message, DAY)
    assert (
        first
        == (f"2{start}000{number}1         000000000 " + "0" * 18 + "10 " + "0" * 6 + " " * 10 + "8405011" + "0" * 16)
        + f"{AMC}  "
    )
    assert line == (
        f"3{start}000{number}00000261120261120OPT  001 00100 1000000030000000090006000000540000030000000000     0002460"
    )
    assert code == f"3{start}{number}F01    2222124      " + " " * 14 + "0100030000003000" + "0" * 21 + " " * 22
    assert total == (
        f"5{start}000{number}00200000900000005400000000000000000000024600000246000000000" + " " * 17 + "00003000      "
    )
    assert head(LAYOUT, AMC, DAY) == (
        f"000  {AMC}      CPTOIR  {AMC}              001261122" + " " * 24 + "00001 E" + " " * 39
    )


@pytest.mark.parametrize(("nir", "key"), [("2840575999042", ""), ("284052A999042", "19"), ("284052B999042", "18")])
def test_the_key_of_a_nir_knows_corsica(nir: str, key: str) -> None:
    """2A counts as 19 and 2B as 18; the key completes the number to a multiple of 97."""
    message = msgspec.structs.replace(claim_message(new_claim_id()), member=Member(kind="nir", value=nir))
    first = invoice(LAYOUT, message, DAY)[0]
    figures = nir.replace("2A", key).replace("2B", key) if key else nir
    assert (int(figures) + int(read(LAYOUT, first, "nir_key", "2"))) % 97 == 0


def test_who_sends_no_nir_has_none() -> None:
    """An adherent number or a pseudonym is not put where a NIR would be; the invoice number finds the claim again."""
    first = invoice(LAYOUT, claim_message(new_claim_id()), DAY)[0]
    assert read(LAYOUT, first, "nir", "2") == " " * 13
    assert read(LAYOUT, first, "nir_key", "2") == "  "


def test_a_lunar_birth_date_is_written_as_it_stands() -> None:
    """A month that no calendar has is kept."""
    message = msgspec.structs.replace(
        claim_message(new_claim_id()), beneficiary=Beneficiary(birth_date="1984-30-00", rank=1)
    )
    assert read(LAYOUT, invoice(LAYOUT, message, DAY)[0], "birth_date", "2") == "843000"


@pytest.mark.parametrize("kind", ["preauthorisation", "cancellation"])
def test_what_is_no_invoice_is_not_written_as_one(kind: str) -> None:
    """A demand for agreement and a cancellation have no place among invoices, and are named."""
    message = msgspec.structs.replace(claim_message(new_claim_id()), kind=kind)
    with pytest.raises(NotWritten) as caught:
        invoice(LAYOUT, message, DAY)
    assert caught.value.facts == {"reason": f"kind_{kind}"}


def test_an_amount_too_large_is_refused_not_cut() -> None:
    """100,000.00 euros do not fit seven figures of cents."""
    message = claim_message(new_claim_id())
    line = msgspec.structs.replace(message.lines[0], price=10_000_000)
    with pytest.raises(NotWritten) as caught:
        invoice(LAYOUT, msgspec.structs.replace(message, lines=(line,)), DAY)
    assert caught.value.facts == {"record": "3", "field": "unit_price"}


def test_the_same_claim_keeps_its_invoice_number() -> None:
    """The number follows from the claim's id alone, nine signs of 36; ten thousand ids have ten thousand numbers."""
    ids = [new_claim_id() for _ in range(10_000)]
    numbers = {invoice_number(claim_id) for claim_id in ids}
    assert len(numbers) == len(ids)
    assert all(len(number) == 9 and number.isalnum() and number == number.upper() for number in numbers)
    assert invoice_number(ids[0]) == invoice_number(ids[0])


def test_the_table_fills_every_record() -> None:
    """Fields touch, from 1 to 128, in each of the five records."""
    assert set(LAYOUT) == set(RECORDS)
    for fields in LAYOUT.values():
        assert [field.start for field in fields] == [1, *(field.start + field.length for field in fields[:-1])]
        assert fields[-1].start + fields[-1].length == 129


Row = dict[str, str]


def _drop(rows: list[Row]) -> None:
    del rows[20]


def _set(name: str, value: str, place: int = 17) -> Callable[[list[Row]], None]:
    def change(rows: list[Row]) -> None:
        rows[place][name] = value

    return change


def _last_record(rows: list[Row]) -> None:
    rows[:] = [row for row in rows if row["record"] != "5"]


@pytest.mark.parametrize(
    "change",
    [
        _drop,
        _last_record,
        _set("start", "3"),
        _set("length", "10"),
        _set("length", "0"),
        _set("start", "x"),
        _set("kind", "letters"),
        _set("source", "invoice.correction"),
        _set("source", "line.amc"),
        _set("source", ""),
        _set("source", "invoice.nir", 18),
        _set("record", "9"),
        _set("record", "2S", -1),
    ],
)
def test_a_table_that_does_not_hold_is_refused(tmp_path: Path, change: Callable[[list[Row]], None]) -> None:
    """A gap, an overlap, another length, an unknown kind or value, a record too many or too few."""
    rows = list(csv.DictReader(io.StringIO(BUILT_IN.read_text("utf-8"))))
    change(rows)
    written = io.StringIO()
    table = csv.DictWriter(written, COLUMNS)
    table.writeheader()
    table.writerows(rows)
    path = tmp_path / "layout.csv"
    path.write_text(written.getvalue(), "utf-8")
    with pytest.raises(ContractError):
        read_layout(path)


@pytest.mark.parametrize(
    "content", [b"", b"record,field\n", b"\xff\xfe", b'record,field,start,length,kind,source\n2,"x']
)
def test_what_is_no_table_is_refused(tmp_path: Path, content: bytes) -> None:
    """An empty file, other columns, no text, a quote that never ends; a file that is not there."""
    path = tmp_path / "layout.csv"
    path.write_bytes(content)
    for tried in (path, tmp_path / "none.csv"):
        with pytest.raises(ContractError):
            read_layout(tried)
