"""The settlement file of a day: made by the real receiver, read at the real terminal, believed where it verifies."""

import base64
import json
import stat
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.contract.settlement import Settlement, SettlementFile, SettlementLine
from sync.crypto.sealing import OpeningKey
from sync.crypto.settlements import read_settlement_file, seal_settlement
from sync.crypto.signing import SigningKey
from sync.daemon import drain_now
from sync.trust import trusted_keys
from terminal.cli import main
from terminal.cli.demo_insurers import DemoInsurer
from terminal.workflow.settlement import SettlementInvalid, read_settlement
from tests.integration.outcomes.insurer_side import decide, pay, state
from tests.shop_fixture import PIN, USER, OpenShop, Shop, run_command
from tests.unit.sync.receiver.visitor import new_claim_id


def today() -> date:
    """The day on which the receiver says what it says: read each time, for a run may pass midnight."""
    return datetime.now(UTC).date()


def sent(shop: Shop, count: int) -> list[str]:
    """Claims that the first insurer has."""
    ids = [shop.counter.submit(shop.draft()).claim_id for _ in range(count)]
    drain_now(shop.desk.home)
    return ids


def states(shop: Shop, ids: Sequence[str]) -> list[str]:
    """Where claims stand."""
    return [state(shop, claim_id) for claim_id in ids]


def made(insurer: DemoInsurer, shop: Shop, folder: Path, day: date | None = None) -> Path:
    """The file of a day for this terminal."""
    asked = ("settlement", "--dir", str(insurer.folder), "--day", (day or today()).isoformat(), "--out", str(folder))
    return folder / str(run_command(*asked)["files"][shop.desk.home.signer.kid])


def decided(shop: Shop, insurer: DemoInsurer) -> list[str]:
    """Four claims: paid, partly accepted, refused, and one without a word; the terminal fetched none of it."""
    ids = sent(shop, 4)
    decide(insurer, ids[0], "--accept")
    pay(insurer, ids[0])
    decide(insurer, ids[1], "--line", "0:1000:ceiling_reached", "--line", "1:2665", "--line", "2:2665")
    decide(insurer, ids[2], "--refuse", "--reason", "rights_closed")
    return ids


def test_a_shop_without_a_line_learns_what_became_of_its_claims(
    shop: Shop, insurers: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """States move by the events in the file; again, by the command, and fetched later, nothing happens twice."""
    ids = decided(shop, insurers[0])
    file = made(insurers[0], shop, tmp_path)
    assert states(shop, ids) == ["acknowledged"] * 4
    found = read_settlement(shop.desk, file.read_bytes())
    after = ["paid", "partial", "refused", "acknowledged"]
    assert states(shop, ids) == after
    assert (found.events, found.gap, found.agrees) == (4, False, True)
    assert {one.line.claim_id: (one.line.state, one.line.paid) for one in found.lines} == {
        ids[0]: ("paid", 7790), ids[1]: ("partial", 0), ids[2]: ("refused", 0)
    }  # fmt: skip
    assert (found.settlement.agreed, found.settlement.paid) == (7790 + 6330, 7790)
    assert (found.no_word, found.not_received) == ((ids[3],), ())
    again = read_settlement(shop.desk, file.read_bytes())
    assert (again.events, again.agrees, states(shop, ids)) == (0, True, after)
    assert drain_now(shop.desk.home).errors == {}
    assert shop.desk.home.inbox.cursor(insurers[0].amc) == 4
    pin = tmp_path / "pin"
    pin.write_text(PIN)
    login = ["--home", str(shop.home), "--user", USER, "--pin-file", str(pin)]
    capsys.readouterr()
    assert main(["settlement", "read", str(file), *login]) == 0
    said = capsys.readouterr().out.replace("\u00a0", " ")
    assert [word in said for word in ("payé 77,90", "pas encore décidée", shop.person().surname)] == [True, True, False]
    file.write_bytes(b"a.b.c")
    assert main(["settlement", "read", str(file), "--json", *login]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "settlement_invalid"


def flipped(text: bytes, place: int) -> bytes:
    """The file with another sign at one place."""
    return text[:place] + (b"A" if text[place : place + 1] != b"A" else b"B") + text[place + 1 :]


def tells(shop: Shop, insurer: DemoInsurer, file: Path, ids: Sequence[str]) -> list[str]:
    """What can be read in a file without the shop key."""
    record = shop.desk.home.insurers.get(insurer.amc)
    clear = read_settlement_file(file.read_text("ascii"), trusted_keys(record))
    parts = [base64.urlsafe_b64decode(part + "==") for one in clear.events for part in one.split(".")[:2]]
    readable = msgspec.json.encode(clear) + b"".join(parts)
    return [word for word in (*ids, "7790", "partial", "refused", "VIR-2026-11") if word.encode() in readable]


def test_a_file_that_does_not_verify_does_nothing(
    shop: Shop, open_shop: OpenShop, insurers: Any, tmp_path: Path
) -> None:
    """Changed anywhere, of another terminal, by another insurer or nobody: refused with its reason, no state moves."""
    ids = decided(shop, insurers[0])
    file = made(insurers[0], shop, tmp_path)
    content = file.read_bytes()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert tells(shop, insurers[0], file, ids) == []
    for place in range(5, len(content) - 2, len(content) // 40):
        assert refused(shop, flipped(content, place)) == "signature"
    for junk in (b"", b"\xff" * 9, b"a.b", b"{}", b"PK\x03\x04"):
        assert refused(shop, junk) == "form"
    assert refused(open_shop(name="other"), content) == "terminal"
    forger = SigningKey.generate()
    assert refused(shop, sealed(shop, forger, insurers[0].amc, ids[:1]).encode()) == "signature"
    own = key_of(insurers[1])
    assert refused(shop, sealed(shop, own, insurers[0].amc, ids[:1]).encode()) == "signature"
    assert states(shop, ids) == ["acknowledged"] * 4
    assert shop.desk.home.inbox.cursor(insurers[0].amc) == 0


def refused(shop: Shop, content: bytes) -> str:
    """Why a file is refused."""
    with pytest.raises(SettlementInvalid) as caught:
        read_settlement(shop.desk, content)
    return str(caught.value.facts["reason"])


def key_of(insurer: DemoInsurer) -> SigningKey:
    """An insurer's signing key."""
    return SigningKey.from_bytes((insurer.folder / "intake" / "signing.key").read_bytes())


def sealed(shop: Shop, signer: SigningKey, insurer: str, ids: Sequence[str], events: Sequence[str] = ()) -> str:
    """A file that says that these claims are paid, signed by somebody."""
    lines = tuple(SettlementLine(claim_id=claim_id, state="paid", agreed=1, paid=1) for claim_id in ids)
    settlement = Settlement(
        schema="comptoir/settlement/v1",
        insurer=insurer,
        device=shop.desk.home.signer.kid,
        day=today(),
        lines=lines,
        agreed=len(lines),
        paid=len(lines),
    )
    return seal_settlement(settlement, events, signer, OpeningKey.from_seed(shop.desk.vault.seed).public)


def test_what_is_missing_on_either_side_is_named(shop: Shop, insurers: Any) -> None:
    """Lines move nothing: a claim that is not here, one that stands elsewhere, one without word or receipt."""
    first, second = sent(shop, 2)
    lost = shop.counter.submit(shop.draft()).claim_id
    amc = insurers[0].amc
    shop.desk.home.outbox.dispatch(amc, [lost], shop.desk.home.signer, shop.desk.now())
    unknown = new_claim_id()
    found = read_settlement(shop.desk, sealed(shop, key_of(insurers[0]), amc, [unknown, first]).encode())
    assert {one.line.claim_id: one.finding for one in found.lines} == {unknown: "unknown_here", first: "differs"}
    assert (found.no_word, found.not_received, found.agrees) == ((second,), (lost,), False)
    assert states(shop, [first, second, lost]) == ["acknowledged", "acknowledged", "sending"]


def test_events_that_do_not_continue_are_left(shop: Shop, insurers: Any, tmp_path: Path) -> None:
    """A file without its first event takes none; fetched over the line, all of them come."""
    ids = decided(shop, insurers[0])
    record = shop.desk.home.insurers.get(insurers[0].amc)
    whole: SettlementFile = read_settlement_file(
        made(insurers[0], shop, tmp_path).read_text("ascii"), trusted_keys(record)
    )
    torn = sealed(shop, key_of(insurers[0]), record.amc, ids[:1], whole.events[1:])
    found = read_settlement(shop.desk, torn.encode())
    assert (found.gap, found.events, found.agrees) == (True, 0, False)
    assert states(shop, ids) == ["acknowledged"] * 4
    assert drain_now(shop.desk.home).errors == {}
    assert read_settlement(shop.desk, torn.encode()).agrees
    assert state(shop, ids[0]) == "paid"
