"""What an insurer's operator may not decide: all or nothing, once, and never a payment twice."""

import contextlib
import io
import json
from pathlib import Path
from typing import Any

import pytest

from sync.daemon import drain_now
from sync.receiver.cli import main
from tests.integration.outcomes.insurer_side import decide, hear, pay
from tests.shop_fixture import Shop, run_command


def refused(insurer: Any, *command: str) -> dict[str, Any]:
    """The error of a command that must be refused."""
    said = io.StringIO()
    name, *rest = command
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(io.StringIO()):
        assert main([name, "--dir", str(insurer.folder), *rest, "--json"]) == 1
    error: dict[str, Any] = json.loads(said.getvalue())["error"]
    return error


@pytest.fixture
def claim(shop: Shop) -> str:
    """A claim that the first insurer has."""
    claim_id = shop.counter.submit(shop.draft()).claim_id
    drain_now(shop.desk.home)
    return claim_id


def test_a_claim_is_decided_and_paid_once(shop: Shop, insurers: Any, claim: str) -> None:
    """A second decision, a payment before, of more, and again: refused with the reason; the books keep the first."""
    insurer = insurers[0]
    assert refused(insurer, "pay", "--reference", "V", "--claim", claim)["facts"]["reason"] == "undecided"
    decide(insurer, claim, "--accept")
    again = refused(insurer, "decide", "--claim", claim, "--refuse", "--reason", "other")
    assert (again["code"], again["facts"]["reason"]) == ("decision_invalid", "decided")
    more = refused(insurer, "pay", "--reference", "V", "--claim", f"{claim}=7791")
    assert more["facts"]["reason"] == "more_than_agreed"
    pay(insurer, claim)
    assert refused(insurer, "pay", "--reference", "V", "--claim", claim)["facts"]["reason"] == "not_payable"
    books = run_command("decisions", "--dir", str(insurer.folder))["decisions"]
    (row,) = [one for one in books if one["claim_id"] == claim]
    assert (row["state"], row["agreed"], row["paid"]) == ("paid", 7790, 7790)
    hear(shop)
    shop_side = shop.counter.follow_up(claim)
    assert shop_side.item.state == "paid"


@pytest.mark.parametrize(
    ("how", "reason"),
    [
        (("--line", "0:10:other"), "lines"),
        (("--line", "0:9999", "--line", "1:0", "--line", "2:0"), "more_than_asked"),
        (("--accept", "--pec", "A-1"), "no_agreement"),
        (("--cancel",), "kind"),
    ],
)
def test_what_does_not_fit_the_claim_is_refused(insurers: Any, claim: str, how: tuple[str, ...], reason: str) -> None:
    """Other lines, more than was asked, an agreement for a claim, an answer to no cancellation."""
    assert refused(insurers[0], "decide", "--claim", claim, *how)["facts"]["reason"] == reason


def test_a_refusal_needs_a_reason(insurers: Any, claim: str) -> None:
    """Nothing agreed without a code that says why is not of the contract."""
    assert refused(insurers[0], "decide", "--claim", claim, "--refuse")["code"] == "contract_invalid"


def test_a_file_is_decided_whole_or_not_at_all(insurers: Any, claim: str, tmp_path: Path) -> None:
    """One wrong decision among two: nothing is said; then both, in one call."""
    wrong = {"claim_id": "01980000-0000-7000-8000-000000000009", "decision": "accept"}
    right = {"claim_id": claim, "decision": "refuse", "reasons": ["too_late"]}
    file = tmp_path / "decisions.json"
    file.write_text(json.dumps({"decisions": [right, wrong]}))
    assert refused(insurers[0], "decide", "--file", str(file))["code"] == "claim_unknown"
    file.write_text(json.dumps({"decisions": [right]}))
    made = run_command("decide", "--dir", str(insurers[0].folder), "--file", str(file))["outcomes"]
    assert [(one["verdict"], one["reasons"]) for one in made] == [("refused", ["too_late"])]


def test_a_correction_is_not_paid_beside_what_it_replaces(shop: Shop, insurers: Any, claim: str) -> None:
    """The shop corrects a refusal; had the insurer accepted the first meanwhile, the correction is not accepted too."""
    insurer = insurers[0]
    decide(insurer, claim, "--refuse", "--reason", "other")
    hear(shop)
    second = shop.counter.submit(*shop.counter.begin_act(claim, "correct")).claim_id
    drain_now(shop.desk.home)
    decide(insurer, second, "--refuse", "--reason", "other")
    hear(shop)
    third = shop.counter.submit(*shop.counter.begin_act(second, "correct")).claim_id
    drain_now(shop.desk.home)
    assert decide(insurer, third, "--accept")["verdict"] == "accepted"
