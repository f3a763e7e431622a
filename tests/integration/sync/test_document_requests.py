"""An insurer asks for a document, the shop decides, the insurer reads the answer; nothing is pulled."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from sync.crypto.commitments import opens
from sync.daemon import drain_now
from terminal.cli import main
from terminal.domain.errors import InputInvalid
from terminal.vault.acts import Act
from terminal.workflow.answer_request import (
    RequestDecided,
    RequestUnknown,
    document_requests,
    provide,
    refuse,
)
from terminal.workflow.types import Provided
from terminal.workflow.verify import verify_home
from tests.shop_fixture import PIN, USER, Shop, run_command
from tests.tui.playing import playing


def asked(shop: Shop, insurers: Any, place: int, document: str) -> tuple[str, str]:
    """A claim at the insurer of this place, and a request about it: ids of both. The terminal has fetched it."""
    claim_id = shop.counter.submit(shop.draft(insurer=place)).claim_id
    assert not drain_now(shop.desk.home).errors
    folder = ("--dir", str(insurers[place].folder))
    about = ("--claim", claim_id, "--document", document, "--ground", "contrôle, art. 1", "--deadline", "2026-12-31")
    request = run_command("request-document", *folder, *about)["request"]
    assert not drain_now(shop.desk.home).errors
    return claim_id, request["request_id"]


def answers(insurers: Any, place: int) -> dict[str, dict[str, Any]]:
    """What the opener of an insurer read, by request."""
    found = run_command("documents", "--dir", str(insurers[place].folder))["documents"]
    return {one["request"]["request_id"]: one["answer"] for one in found}


def test_codes_are_told_by_opening_what_was_committed(shop: Shop, insurers: Any) -> None:
    """At the insurer that gets groups: individual codes and salts open the commitments of the very claim."""
    claim_id, request_id = asked(shop, insurers, 1, "lpp_code")
    (shown,) = document_requests(shop.desk)
    assert (shown.request_id, shown.claim_id, shown.state, shown.ground) == (
        request_id,
        claim_id,
        "open",
        "contrôle, art. 1",
    )
    assert shown.deadline is not None
    assert answers(insurers, 1)[request_id] is None
    provide(shop.desk, request_id, Provided())
    drain_now(shop.desk.home)
    answer = answers(insurers, 1)[request_id]
    claim = next(one for one in insurers[1].claims() if one["claim_id"] == claim_id)
    committed = {one["line"]: one["commitment"] for one in claim["message"]["evidence"]}
    assert len(answer["openings"]) == len(committed) == 3
    assert all(opens(committed[one["line"]], one["code"], bytes.fromhex(one["salt"])) for one in answer["openings"])
    noted = [(one.what, one.subject) for one in shop.desk.vault.journal.entries()][-3:]
    assert (Act.REQUEST_RECEIVED, claim_id) in noted
    assert (Act.REQUEST_ANSWERED, claim_id) in noted
    assert [item.claim_id for item in shop.counter.worklist()] == [claim_id], "an answer is no claim"
    assert shop.counter.totals_today().registered == 1
    assert all(check.ok for check in verify_home(shop.desk))


def test_a_refusal_is_an_answer_and_each_is_decided_once(shop: Shop, insurers: Any) -> None:
    """Refused with a reason, read by the insurer; a second decision, and one about nothing, change nothing."""
    _, request_id = asked(shop, insurers, 0, "invoice_reference")
    document_requests(shop.desk)
    with pytest.raises(InputInvalid):
        provide(shop.desk, request_id, Provided(early_renewal=True))
    refuse(shop.desk, request_id, "not_needed")
    with pytest.raises(RequestDecided):
        provide(shop.desk, request_id, Provided(invoice_reference="F-1"))
    with pytest.raises(RequestUnknown):
        refuse(shop.desk, "nothing", "not_held")
    drain_now(shop.desk.home)
    answer = answers(insurers, 0)[request_id]
    assert (answer["verdict"], answer["reason"]) == ("refused", "not_needed")
    outcomes = [one.outcome for one in shop.desk.vault.journal.entries()][-4:]
    assert outcomes == ["input_invalid", "done", "request_decided", "request_unknown"]


async def test_the_screen_shows_exactly_what_the_insurer_reads(shop: Shop, insurers: Any) -> None:
    """From home to the opener of the insurer: each code under "ce qui part" and no other, decided by keys."""
    claim_id, request_id = asked(shop, insurers, 1, "lpp_code")
    shop.desk.vault.lock()
    async with playing(shop.counter) as player:
        await player.unlock(PIN)
        await player.sees("1 justificatif(s) à décider avant le 31/12/2026")
        player.press("f9", "enter", "enter")
        await player.sees("CE QUI PART")
        shown = player.text()
        player.press("f10", "f10")
        await player.sees("Justificatif scellé")
        await player.settle()
        assert shop.counter.requests() == ()
    drain_now(shop.desk.home)
    answer = answers(insurers, 1)[request_id]
    assert re.findall(r"code (\d{7})", shown) == [one["code"] for one in answer["openings"]]
    assert all(str(answer[name]) in shown for name in ("claim_id", "request_id", "shop", "convention"))
    told = {"schema", "answer_id", "verdict", "document", "insurer", "openings"}
    assert {name for name, value in answer.items() if value} - told == {"claim_id", "request_id", "shop", "convention"}
    noted = [(one.what, one.subject) for one in shop.desk.vault.journal.entries()]
    assert noted.count((Act.DOSSIER_OPENED, claim_id)) == 1
    assert noted.count((Act.REQUEST_ANSWERED, claim_id)) == 1
    assert all(check.ok for check in verify_home(shop.desk))


def test_events_come_exactly_once(shop: Shop, insurers: Any) -> None:
    """Fetched again and again, and after a lost answer, each is there once, by number, and is shown once."""
    asked(shop, insurers, 0, "invoice_reference")
    asked(shop, insurers, 0, "early_renewal")
    for _ in range(3):
        drain_now(shop.desk.home)
        kept = shop.desk.home.inbox.after(insurers[0].amc, 0)
        assert [one.seq for one in kept] == [1, 2]
        assert len(document_requests(shop.desk)) == 2


def test_the_command_line_decides_for_the_responsible_person_alone(
    shop: Shop, insurers: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`request list`, `answer`, `refuse`; staff see requests and decide none."""
    _, request_id = asked(shop, insurers, 0, "early_renewal")
    (tmp_path / "pin").write_text(PIN)
    (tmp_path / "staff").write_text("1357")
    home = ("--home", str(shop.home), "--json")
    login = ("--user", USER, "--pin-file", str(tmp_path / "pin"))
    staff = ("--user", "nadia", "--pin-file", str(tmp_path / "staff"))
    new = ("user", "add", "nadia", "Nadia K.", "--new-pin-file", str(tmp_path / "staff"))
    assert main([*new, *login, *home]) == 0
    capsys.readouterr()
    assert main(["request", "list", *staff, *home]) == 0
    (listed,) = json.loads(capsys.readouterr().out)["requests"]
    assert (listed["request_id"], listed["document"], listed["deadline"]) == (request_id, "early_renewal", "2026-12-31")
    assert main(["request", "answer", request_id, "--early-renewal", *staff, *home]) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "role_refused"
    assert main(["request", "answer", request_id, "--early-renewal", *login, *home]) == 0
    drain_now(shop.desk.home)
    assert answers(insurers, 0)[request_id]["early_renewal"] is True
