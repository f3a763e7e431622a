"""The insurers' side of a test: their command line, as an operator types it."""

from typing import Any

from sync.daemon import drain_now
from terminal.cli.demo_insurers import DemoInsurer
from tests.shop_fixture import Shop, run_command


def decide(insurer: DemoInsurer, claim_id: str, *how: str) -> dict[str, Any]:
    """Decide one claim; the outcome."""
    found = run_command("decide", "--dir", str(insurer.folder), "--claim", claim_id, *how)["outcomes"]
    assert len(found) == 1
    outcome: dict[str, Any] = found[0]
    return outcome


def pay(insurer: DemoInsurer, *claims: str, reference: str = "VIR-2026-11") -> list[dict[str, Any]]:
    """Pay claims; the notices."""
    wanted = [part for claim in claims for part in ("--claim", claim)]
    command = ("pay", "--dir", str(insurer.folder), "--reference", reference, "--date", "2026-11-20", *wanted)
    notices: list[dict[str, Any]] = run_command(*command)["payments"]
    return notices


def messages(insurer: DemoInsurer) -> dict[str, dict[str, Any]]:
    """Every claim as the insurer's opener reads it, by id."""
    found = run_command("claims", "--dir", str(insurer.folder))["claims"]
    return {one["claim_id"]: one["message"] for one in found}


def message(insurer: DemoInsurer, claim_id: str) -> dict[str, Any]:
    """One of them."""
    return messages(insurer)[claim_id]


def cancellation_of(insurer: DemoInsurer, claim_id: str) -> str:
    """The id of the message that asks for the cancellation of a claim."""
    told = messages(insurer).items()
    (found,) = [one for one, said in told if (said["kind"], said.get("supersedes")) == ("cancellation", claim_id)]
    return found


def hear(shop: Shop) -> None:
    """The service comes by, then somebody looks at the list."""
    drain_now(shop.desk.home)
    shop.counter.worklist()


def state(shop: Shop, claim_id: str) -> str:
    """Where a claim stands in the queue."""
    return shop.desk.home.outbox.get(claim_id).state
