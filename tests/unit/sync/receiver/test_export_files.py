"""What an export leaves on the disk: a whole file or none, for its owner alone, and a note that cannot be unmade."""

import contextlib
import errno
import hashlib
import io
import json
import os
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest
from fhir.resources.R4B.claim import Claim
from sqlalchemy import update

from sync.contract.envelope import Envelope, Package, decode, digest
from sync.contract.exchange import ReceiptAnswer
from sync.contract.message import encode_message
from sync.crypto.claims import seal_claim
from sync.crypto.sealing import OpeningKey
from sync.errors import DiskFull
from sync.receiver.cli import main
from sync.receiver.db import UNSIGNED, Ledger, claims
from sync.receiver.enrol import invite
from sync.receiver.exports import Exported, Note, Wanted, export, notes
from sync.receiver.exports.lines import ExportLine
from sync.receiver.exports.noted import Form, NotesBroken
from sync.receiver.folder import database_of, open_intake, open_opener
from sync.receiver.intake import Intake
from tests.unit.sync.receiver.visitor import AMC, ORIGIN, SHOP, Clock, Visitor, claim_message

START = datetime(1970, 1, 1, tzinfo=UTC)


class Desk:
    """An insurer with claims in its database, and its opener's room."""

    def __init__(self, folder: Path) -> None:
        about = ("--name", "Mutuelle d'essai", "--convention", "OPTI", "--hosting", "ici", "--code-level", "lpp")
        with contextlib.redirect_stdout(io.StringIO()):
            assert main(["init", "--dir", str(folder), "--amc", AMC, "--endpoint", ORIGIN, *about]) == 0
        self.folder, self.clock = folder, Clock()
        self.opening: OpeningKey = open_opener(folder)
        self.ledger = Ledger.at(database_of(folder))
        self.intake = Intake(self.ledger, open_intake(folder), ORIGIN, self.clock)
        self.visitor = Visitor(self.opening.public, self.clock)
        self.visitor.keep(self.intake.enrol(self.visitor.enrolment(invite(self.ledger, SHOP, self.clock()))).body)

    def push(self, shop: str = SHOP) -> tuple[str, str]:
        """One more claim: its id, and its receipt."""
        package = self.visitor.package(shop=shop)
        answer = self.visitor.push(self.intake, package)
        return decode(package, Package).envelope.claim_id, decode(answer.body, ReceiptAnswer).receipt

    def export(self, form: Form, out: Path | None, since: datetime = START, stdout: Any = None) -> Exported:
        """One export."""
        wanted = Wanted(form, since, out, AMC, self.clock())
        return export(self.ledger, self.opening, self.folder / "opener", wanted, stdout or io.BytesIO())


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An insurer without claims."""
    made = Desk(tmp_path / "insurer")
    yield made
    made.ledger.close()


def test_a_line_says_what_was_signed_and_names_its_receipt(desk: Desk, tmp_path: Path) -> None:
    """Each line is one claim as the opener reads it, with the digests of receipt and signed claim."""
    pushed = dict(desk.push() for _ in range(3))
    done = desk.export("jsonl", tmp_path / "claims.jsonl")
    content = (tmp_path / "claims.jsonl").read_bytes()
    lines = [decode(line, ExportLine) for line in content.splitlines()]
    assert {line.claim_id: line.receipt for line in lines} == {
        claim_id: digest(receipt.encode()) for claim_id, receipt in pushed.items()
    }
    assert [line.message for line in lines] == [claim_message(line.claim_id) for line in lines]
    assert {(line.device, line.shop, line.received_at) for line in lines} == {
        (desk.visitor.signer.kid, SHOP, "2026-11-21T12:00:00Z")
    }
    assert (done.claims, done.cents, done.left_out) == (3, 3 * 2460, [])


@pytest.mark.parametrize("form", ["jsonl", "fhir", "b2"])
def test_a_file_is_private_whole_and_noted(desk: Desk, tmp_path: Path, form: Form) -> None:
    """Mode 0600, the digest of the note is the file's, nothing else lies beside it, and a second export is chained."""
    desk.push()
    out = tmp_path / "out" / "claims"
    out.parent.mkdir()
    desk.export(form, out)
    desk.push()
    desk.export(form, out)
    first, second = notes(desk.folder / "opener")
    content = out.read_bytes()
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert [path.name for path in out.parent.iterdir()] == ["claims"]
    assert (second.sha256, second.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert (first.claims, second.claims, second.file, second.form) == (1, 2, "claims", form)
    assert second.prev == digest(msgspec.json.encode(first, order="sorted"))
    assert stat.S_IMODE((desk.folder / "opener" / "exports.jsonl").stat().st_mode) == 0o600


def test_the_three_forms_hold_the_same_claims(desk: Desk, tmp_path: Path) -> None:
    """Lines, resources and invoices are of the same claims, joined by id and invoice number."""
    for _ in range(3):
        desk.push()
    lines, resources, records = (tmp_path / name for name in ("a", "b", "c"))
    desk.export("jsonl", lines)
    desk.export("fhir", resources)
    done = desk.export("b2", records)
    told = [decode(line, ExportLine) for line in lines.read_bytes().splitlines()]
    claims: list[Any] = [Claim.model_validate_json(line) for line in resources.read_bytes().splitlines()]
    written = records.read_text("ascii").splitlines()
    assert [claim.identifier[0].value for claim in claims] == [f"urn:uuid:{line.claim_id}" for line in told]
    assert [record[29:38] for record in written if record.startswith("2")] == [line.invoice for line in told]
    assert {len(record) for record in written} == {128}
    assert len(written) == 1 + 4 * 3
    assert done.claims == 3


def test_since_takes_what_came_then_or_later(desk: Desk, tmp_path: Path) -> None:
    """A claim received before the instant is not in the file; the one at the instant is."""
    desk.push()
    desk.clock.pass_time(days=1)
    later, _ = desk.push()
    desk.export("jsonl", tmp_path / "claims", since=desk.clock())
    assert [json.loads(line)["claim_id"] for line in (tmp_path / "claims").read_bytes().splitlines()] == [later]
    assert desk.export("jsonl", tmp_path / "none", since=desk.clock() + timedelta(seconds=1)).claims == 0
    assert (tmp_path / "none").read_bytes() == b""


def test_a_claim_that_does_not_open_is_named_and_hides_no_other(desk: Desk, tmp_path: Path) -> None:
    """A claim signed for another shop is left out with its code."""
    desk.push()
    foreign, _ = desk.push(shop="759999992")
    desk.push()
    done = desk.export("jsonl", tmp_path / "claims")
    assert done.claims == 2
    assert [(one.claim_id, one.code) for one in done.left_out] == [(foreign, "shop_mismatch")]
    assert notes(desk.folder / "opener")[0].left_out == 1


def test_a_claim_without_a_receipt_is_not_exported_yet(desk: Desk, tmp_path: Path) -> None:
    """What the shop holds no receipt for is no claim of the insurer's yet."""
    desk.push()
    desk.ledger.write(lambda connection: connection.execute(update(claims).values(receipt=UNSIGNED)))
    done = desk.export("jsonl", tmp_path / "claims")
    assert (done.claims, done.left_out) == (0, [])


def test_a_full_medium_leaves_neither_file_nor_note(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When the flush fails, the former file stays, nothing lies beside it, and no export is noted."""
    desk.push()
    out = tmp_path / "out" / "claims"
    out.parent.mkdir()
    desk.export("jsonl", out)
    before = out.read_bytes()
    desk.push()

    def full(_descriptor: int) -> None:
        raise OSError(errno.ENOSPC, "full")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(DiskFull):
        desk.export("jsonl", out)
    assert out.read_bytes() == before
    assert [path.name for path in out.parent.iterdir()] == ["claims"]
    assert len(notes(desk.folder / "opener")) == 1


@pytest.mark.parametrize("place", range(3))
def test_a_note_cannot_be_changed_or_taken_out(desk: Desk, tmp_path: Path, place: int) -> None:
    """A changed entry, or one missing before the last, breaks the chain; a torn last line is cut."""
    for _ in range(3):
        desk.export("jsonl", tmp_path / "claims")
    path = desk.folder / "opener" / "exports.jsonl"
    lines = path.read_bytes().splitlines(keepends=True)
    changed = [*lines]
    changed[place] = changed[place].replace(b'"claims":0', b'"claims":9')
    path.write_bytes(b"".join(changed))
    if place < 2:
        with pytest.raises(NotesBroken) as caught:
            notes(path.parent)
        assert caught.value.facts == {"number": place + 2}
        path.write_bytes(b"".join(line for number, line in enumerate(lines) if number != place))
        with pytest.raises(NotesBroken):
            desk.export("jsonl", tmp_path / "more")
        assert not (tmp_path / "more").exists()
    path.write_bytes(b"".join(lines) + b'{"at":"2026')
    desk.export("jsonl", tmp_path / "claims")
    assert [note.number for note in notes(path.parent)] == [1, 2, 3, 4]


def run(capsysbinary: pytest.CaptureFixture[bytes], *arguments: str) -> tuple[int, bytes, bytes]:
    """Status, standard output and standard error of a command."""
    status = main([*arguments])
    printed = capsysbinary.readouterr()
    return status, printed.out, printed.err


def test_the_command_writes_a_file_or_says_that_it_prints(
    desk: Desk, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """To a file: what was done on standard output. With --stdout: the claims there, what was done on standard error."""
    claim_id, _ = desk.push()
    where = ("--dir", str(desk.folder))
    status, out, _ = run(capsysbinary, "export", *where, "--format", "b2", "--out", str(tmp_path / "b2"), "--json")
    told = json.loads(out)
    assert (status, told["claims"], told["amc"], told["label"]) == (0, 1, 2460, "B2-shaped, not a NOEMIE exchange")
    status, out, err = run(capsysbinary, "export", *where, "--format", "jsonl", "--stdout", "--since", "2026-11-21")
    assert (status, json.loads(out)["claim_id"]) == (0, claim_id)
    assert b"1 claims" in err
    listed = json.loads(run(capsysbinary, "exports", *where, "--json")[1])["exports"]
    assert [(note["form"], note["file"], note["since"][:4]) for note in listed] == [
        ("b2", "b2", "1970"),
        ("jsonl", "-", "2026"),
    ]
    assert msgspec.convert(listed[0], Note).by
    assert b"b2" in run(capsysbinary, "exports", *where)[1]


def test_the_command_refuses_what_is_unclear(
    desk: Desk, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """Neither file nor --stdout is bad usage; a time that is none, or without a zone, is refused."""
    where = ("export", "--dir", str(desk.folder), "--format", "jsonl")
    with pytest.raises(SystemExit) as caught:
        main([*where])
    assert caught.value.code == 2
    for since in ("yesterday", "2026-11-21T10:00:00"):
        status, out, _ = run(capsysbinary, *where, "--out", str(tmp_path / "x"), "--since", since, "--json")
        assert (status, json.loads(out)["error"]["code"]) == (1, "contract_invalid")
    assert not (tmp_path / "x").exists()


def test_without_the_opener_nothing_is_exported(
    desk: Desk, tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """On the intake's machine, which has not the opener's folder, the command ends with status 3."""
    (desk.folder / "opener").rename(tmp_path / "elsewhere")
    where = ("export", "--dir", str(desk.folder), "--format", "jsonl", "--out", str(tmp_path / "x"), "--json")
    status, out, _ = run(capsysbinary, *where)
    assert (status, json.loads(out)["error"]["code"]) == (3, "insurer_folder_missing")


def test_what_is_no_invoice_is_told_and_is_no_failure(desk: Desk, tmp_path: Path) -> None:
    """A cancellation is in the lines and left out of the invoices, with its reason."""
    message = msgspec.structs.replace(claim_message("01980000-0000-7000-8000-0000000000aa"), kind="cancellation")
    sealed = decode(seal_claim(message, desk.visitor.signer, desk.opening.public).envelope, Envelope)
    desk.visitor.push(desk.intake, desk.visitor.pack(sealed, desk.visitor.dispatch_of(sealed)))
    assert desk.export("jsonl", tmp_path / "a").claims == 1
    assert encode_message(message) in (tmp_path / "a").read_bytes()
    done = desk.export("b2", tmp_path / "b")
    assert (done.claims, done.left_out[0].facts) == (0, {"reason": "kind_cancellation"})
    status = main(
        ["export", "--dir", str(desk.folder), "--format", "b2", "--out", str(tmp_path / "c"), "--json"]
    )  # fmt: skip
    assert status == 0
