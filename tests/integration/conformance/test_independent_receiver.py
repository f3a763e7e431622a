"""An insurer written from the contract alone, in another language: it keeps every rule and receives real claims."""

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.crypto.claims import seal_claim
from sync.crypto.sealing import OpeningKey
from sync.daemon import drain_now
from sync.queue import Entry
from terminal.workflow.verify import verify_home
from tests.integration.conformance.conftest import Kit, failed
from tests.integration.conformance.independent import AMC, PROGRAMS, Independent, independent_receiver
from tests.shop_fixture import SHOP, OpenShop, Shop
from tests.unit.sync.receiver.visitor import claim_message, new_claim_id


def test_it_keeps_every_rule(tmp_path: Path, conformance: Kit) -> None:
    """No rule is broken; skipped are only those of the log, which it does not have, each with that reason."""
    with independent_receiver(tmp_path / "independent", SHOP, 3) as insurer:
        report = conformance(insurer.endpoint, insurer.letters)
        read = insurer.claims()
    assert failed(report) == {}
    skipped = {rule["section"]: rule["reason"] for rule in report["rules"] if rule["outcome"] == "skip"}
    assert skipped == {16: "the profile names no log: it is optional (§16)"}
    assert [line for line in read if "error" in line] == []
    assert len(read) > 10


def test_it_imports_nothing_of_ours() -> None:
    """Its programs name Node's own modules and each other, and nothing else of this project."""
    for path in PROGRAMS.glob("*.mjs"):
        imported = re.findall(r'from "([^"]+)"', path.read_text("utf-8"))
        assert [one for one in imported if not one.startswith(("node:", "./"))] == []
        assert [one for one in imported if one.startswith("./") and not (PROGRAMS / one).exists()] == []


@pytest.fixture
def served(tmp_path: Path, open_shop: OpenShop) -> Any:
    """A real shop that is enrolled with it by the terminal's own means, and the insurer."""
    with independent_receiver(tmp_path / "independent", SHOP, 1) as insurer:
        yield open_shop(with_insurers=(insurer,)), insurer


def test_it_receives_claims_from_a_real_terminal(served: tuple[Shop, Independent]) -> None:
    """Claims of the counter arrive sealed, are receipted, and its opener reads what the shop signed."""
    shop, insurer = served
    first = shop.counter.submit(shop.draft()).claim_id
    assert drain_now(shop.desk.home).acknowledged == 1
    more = [shop.counter.submit(shop.draft()).claim_id for _ in range(3)]
    report = drain_now(shop.desk.home)
    assert (report.acknowledged, report.errors) == (3, {})
    read = [line["claim"] for line in insurer.claims()]
    assert [claim["claim_id"] for claim in read] == [first, *more]
    assert {sum(line["price"] for line in claim["lines"]) for claim in read} == {9500}
    assert all(check.ok for check in verify_home(shop.desk))


def test_it_refuses_in_writing(served: tuple[Shop, Independent]) -> None:
    """A claim sealed to a key it never had is rejected at the terminal on its signature, which holds again."""
    shop, insurer = served
    home, message = shop.desk.home, claim_message(new_claim_id())
    record = home.insurers.get(AMC)
    sent = {"insurer": AMC, "convention": record.convention}
    message = msgspec.structs.replace(message, **sent)
    sealed = seal_claim(message, home.signer, OpeningKey.generate().public)
    home.outbox.enqueue(Entry(message.claim_id, AMC, sealed.envelope, shop.desk.now(), shop.desk.now()))
    assert drain_now(home).rejected == 1
    assert home.outbox.get(message.claim_id).reason == "recipient_unknown"
    assert all(check.ok for check in verify_home(shop.desk))
    assert insurer.claims() == []
