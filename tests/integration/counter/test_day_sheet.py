"""The day's sheet: amounts and states for the accountant, names only at the word of two people."""

import csv
import io
import json
import stat
import zlib
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from sync.daemon import drain_now
from terminal.cli import main
from terminal.cli.day_forms import csv_bytes, pdf_bytes
from terminal.domain.roles import Role
from terminal.vault import Account
from terminal.vault.refusals import ApprovalInvalid, SecondPersonInvalid
from terminal.workflow import four_eyes
from terminal.workflow.day import export_day, export_day_with_names, show_day, subject_of
from terminal.workflow.day_sheet import DayLine, DaySheet
from tests.shop_fixture import PIN, USER, Shop

OTHER, OTHER_PIN = "dominique", "1357"


@pytest.fixture
def served(shop: Shop) -> Shop:
    """A shop with two claims of the day, one of them acknowledged, and a cancelled one; a second person works there."""
    shop.desk.vault.accounts.add(Account(OTHER, "Dominique E.", Role.STAFF), OTHER_PIN, shop.desk.vault.seed)
    shop.counter.submit(shop.draft())
    assert not drain_now(shop.desk.home).errors
    shop.counter.submit(shop.draft(insurer=1))
    return shop


def exported(shop: Shop) -> list[tuple[str, str, str]]:
    """The journal's entries about exports: subject, whether of a person, and how it ended."""
    entries = shop.desk.vault.journal.entries(limit=200)
    return [(one.subject, "somebody" if one.whom else "", one.outcome) for one in entries if one.what == "exported"]


def rows_of(sheet: DaySheet) -> list[dict[str, str]]:
    """The CSV as a spreadsheet reads it."""
    return list(csv.DictReader(io.StringIO(csv_bytes(sheet).decode("utf-8-sig")), delimiter=";"))


def test_the_sheet_has_every_claim_of_the_day_and_no_name(served: Shop) -> None:
    """Number, insurer, amounts and state; the totals are the sums; yesterday is empty; nothing names the person."""
    today = served.counter.today()
    sheet = show_day(served.desk, today)
    person = served.person()
    assert [line.state for line in sheet.lines] == ["acknowledged", "queued"]
    assert sheet.total("price") == 2 * 9500 == sum(line.price or 0 for line in sheet.lines)
    assert all(line.price == (line.amo or 0) + (line.amc or 0) + (line.reste_a_charge or 0) for line in sheet.lines)
    assert [(row["Prix"], row["État"]) for row in rows_of(sheet)] == [("95,00", "ACCUSÉE"), ("95,00", "EN FILE")]
    for form in (csv_bytes(sheet), pdf_text(pdf_bytes(sheet))):
        assert person.surname.encode() not in form
        assert person.given_name.encode() not in form
    assert show_day(served.desk, today - timedelta(days=1)).lines == ()
    assert show_day(served.desk, today + timedelta(days=1)).lines == ()
    assert exported(served) == []


def test_names_need_two_people_and_are_noted_for_each_person(served: Shop) -> None:
    """One agreement, one export, of that day; the journal has the act and one entry for each claim."""
    today = served.counter.today()
    with pytest.raises(SecondPersonInvalid):
        four_eyes.agree(served.desk, four_eyes.Act.EXPORT, subject_of(today), USER, PIN)
    approval = four_eyes.agree(served.desk, four_eyes.Act.EXPORT, subject_of(today), OTHER, OTHER_PIN)
    with pytest.raises(ApprovalInvalid):
        export_day_with_names(served.desk, today - timedelta(days=1), approval)
    sheet = export_day_with_names(served.desk, today, approval)
    person = served.person()
    assert {row["Nom"] for row in rows_of(sheet)} == {f"{person.surname} {person.given_name}"}
    assert person.surname.encode() in pdf_text(pdf_bytes(sheet))
    with pytest.raises(ApprovalInvalid):
        export_day_with_names(served.desk, today, approval)
    day, before = subject_of(today), subject_of(today - timedelta(days=1))
    ids = [line.claim_id for line in sheet.lines]
    assert exported(served) == [
        (before, "", "approval_invalid"),
        (day, "", "done"),
        *((claim_id, "somebody", "done") for claim_id in ids),
        (day, "", "approval_invalid"),
    ]


def test_an_export_without_names_is_noted_once(served: Shop) -> None:
    """The files are an export of the shop's figures."""
    export_day(served.desk, served.counter.today())
    assert exported(served) == [(subject_of(served.counter.today()), "", "done")]


def test_the_command_writes_three_private_files(
    served: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """CSV, text and PDF, mode 0600; with --names they carry names and the JSON does not; without a second, refused."""
    pin, second, out = tmp_path / "pin", tmp_path / "second", tmp_path / "out"
    pin.write_text(PIN)
    second.write_text(OTHER_PIN)
    login = ["--home", str(served.home), "--user", USER, "--pin-file", str(pin), "--json"]
    shown = said(capsys, "day", "show", *login)
    assert (shown["total"]["price"], len(shown["claims"])) == (19_000, 2)
    plain = said(capsys, "day", "close", "--out", str(out), *login)
    assert main(["day", "close", "--out", str(out), "--names", *login]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "input_invalid"
    agreed = ["--names", "--second", OTHER, "--second-pin-file", str(second)]
    named = said(capsys, "day", "close", "--out", str(out), *agreed, *login)
    surname = served.person().surname
    assert surname not in json.dumps([shown, plain, named], ensure_ascii=False)
    for answer, expected in ((plain, False), (named, True)):
        files = [Path(file) for file in answer["files"]]
        assert [file.suffix for file in files] == [".csv", ".txt", ".pdf"]
        assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
        assert [surname in file.read_text("utf-8") for file in files[:2]] == [expected] * 2


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What a command that succeeds answers."""
    capsys.readouterr()
    assert main([*arguments]) == 0
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_an_unknown_amount_is_empty_and_a_formula_is_text(served: Shop) -> None:
    """An erased dossier has no zeros; a name that begins like a formula is quoted; any name can be printed."""
    erased = DayLine("abc", "id", "99000001", "=1+1", "paid", None, None, None, None, "Œ李 Ł'Éxémple")
    sheet = DaySheet(date(2026, 11, 22), "991000019", "Optique", served.counter.now(), with_names=True, lines=(erased,))
    (row,) = rows_of(sheet)
    assert (row["Prix"], row["Organisme"], row["Nom"]) == ("", "'=1+1", "Œ李 Ł'Éxémple")
    assert pdf_bytes(sheet).startswith(b"%PDF-")
    assert sheet.total("amc") == 0


def pdf_text(pdf: bytes) -> bytes:
    """The streams of a PDF, unfolded."""
    found = b""
    for part in pdf.split(b"stream\n")[1::2]:
        try:
            found += zlib.decompress(part.rpartition(b"\nend")[0])
        except zlib.error:
            found += part
    return found
