"""A claim that came back from the counterfoil waits for a person, who queues it with its bytes or voids it."""

import json
from pathlib import Path

import pytest

from sync.daemon import drain_now
from sync.errors import ClaimNotHeld
from terminal.cli import main
from terminal.vault.acts import Act
from terminal.vault.refusals import Locked
from terminal.workflow.correct import cancel_claim, release_claim
from terminal.workflow.verify import verify_home
from tests.shop_fixture import PIN, USER, OpenShop, Shop


def recovered(shop: Shop) -> str:
    """A claim whose row never became durable: the counterfoil alone knows it, and it comes back."""
    claim_id = shop.counter.submit(shop.draft()).claim_id
    with shop.desk.home.store.write() as connection:
        for table in ("outbox", "dossier"):
            connection.exec_driver_sql(f"DELETE FROM {table} WHERE claim_id = ?", (claim_id,))
        connection.exec_driver_sql("DELETE FROM counterfoil_anchor")
    assert shop.desk.home.outbox.reconcile().recovered == (claim_id,)
    return claim_id


def acts(shop: Shop, claim_id: str) -> list[tuple[str, str, str]]:
    """Who did what about the claim, and how it ended."""
    about = [one for one in shop.desk.vault.journal.entries() if one.subject == claim_id]
    return [(one.who, one.what, one.outcome) for one in about if one.what != Act.CLAIM_SUBMITTED]


def test_a_released_claim_leaves_with_the_bytes_it_was_sealed_with(open_shop: OpenShop, insurers: object) -> None:
    """Blocked before, queued with a grace period after, acknowledged once; the journal says who decided."""
    shop = open_shop(grace=600)
    claim_id = recovered(shop)
    before = shop.desk.home.outbox.get(claim_id)
    (item,) = shop.counter.worklist()
    assert (item.state, item.reason, item.held, item.name) == ("blocked", "recovered", True, "")
    shop.counter.release(claim_id)
    after = shop.desk.home.outbox.get(claim_id)
    assert (after.state, after.reason, after.envelope) == ("queued", None, before.envelope)
    assert after.not_before > shop.desk.now(), "it can still be taken back"
    with pytest.raises(ClaimNotHeld):
        release_claim(shop.desk, claim_id)
    assert acts(shop, claim_id)[-2:] == [
        (USER, "claim_released", "done"),
        (USER, "claim_released", "claim_not_held"),
    ]
    assert all(check.ok for check in verify_home(shop.desk))


def test_a_released_claim_reaches_its_insurer_once(shop: Shop, insurers: tuple[object, ...]) -> None:
    """Over the real line."""
    claim_id = recovered(shop)
    assert drain_now(shop.desk.home).pushed == 0, "nothing leaves before a person decided"
    shop.counter.release(claim_id)
    assert drain_now(shop.desk.home).acknowledged == 1
    held = [claim["claim_id"] for claim in insurers[0].claims()]  # type: ignore[attr-defined]  # a demo insurer
    assert held.count(claim_id) == 1


def test_a_recovered_claim_is_voided_instead(shop: Shop) -> None:
    """It never leaves, and does not come back from the counterfoil."""
    claim_id = recovered(shop)
    cancel_claim(shop.desk, claim_id)
    with shop.desk.home.store.write() as connection:
        connection.exec_driver_sql("DELETE FROM outbox")
        connection.exec_driver_sql("DELETE FROM counterfoil_anchor")
    assert shop.desk.home.outbox.reconcile().recovered == ()
    assert acts(shop, claim_id)[-1] == (USER, "claim_cancelled", "done")


def test_the_command_releases_for_whoever_sees_dossiers(
    shop: Shop, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`claim release ID`, once; nobody logged in releases nothing."""
    claim_id = recovered(shop)
    shop.desk.vault.lock()
    with pytest.raises(Locked):
        release_claim(shop.desk, claim_id)
    assert acts(shop, claim_id)[-1] == ("@terminal", "claim_released", "locked")
    (tmp_path / "pin").write_text(PIN)
    release = ("claim", "release", claim_id, "--pin-file", str(tmp_path / "pin"), "--home", str(shop.home), "--json")
    assert main(release) == 0
    assert json.loads(capsys.readouterr().out)["state"] == "queued"
    assert main(release) == 1
    assert json.loads(capsys.readouterr().out)["error"]["code"] == "claim_not_held"
