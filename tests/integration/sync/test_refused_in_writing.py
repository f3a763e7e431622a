"""A claim that its insurer will never take: rejected on the insurer's signature, kept, and verified again offline."""

from typing import Any

import msgspec
import pytest

from sync.crypto.claims import seal_claim
from sync.crypto.sealing import OpeningKey
from sync.daemon import drain_now
from sync.home import OpenHome
from sync.queue import Entry
from sync.receipts import verify_refusal
from sync.trust import trusted_keys
from terminal.workflow.verify import verify_home
from tests.integration.sync.world import Insurer, Terminal, now
from tests.shop_fixture import Shop
from tests.unit.sync.receiver.visitor import AMC, claim_message, new_claim_id


def register_sealed_to_nobody(home: OpenHome, amc: str) -> str:
    """A claim in the queue that is sealed to a key which its insurer never had; its id."""
    message = msgspec.structs.replace(claim_message(new_claim_id()), insurer=amc)
    sealed = seal_claim(message, home.signer, OpeningKey.generate().public)
    home.outbox.enqueue(Entry(message.claim_id, amc, sealed.envelope, now(), now()))
    return message.claim_id


@pytest.mark.parametrize("others", [0, 2], ids=["alone", "in a batch"])
def test_a_claim_is_rejected_on_a_signature(enrolled: Terminal, insurer: Insurer, others: int) -> None:
    """The refusal verifies with the insurer's key over this very package; the other claims of the batch settle."""
    home = enrolled.home
    refused = register_sealed_to_nobody(home, AMC)
    enrolled.register(AMC, others)
    report = enrolled.drain()
    assert (report.rejected, report.acknowledged, report.errors) == (1, others, {})
    assert enrolled.states() == ["rejected", *["acknowledged"] * others]
    keys = trusted_keys(home.insurers.get(AMC))
    said = verify_refusal(home.outbox.get(refused), home.outbox.refusals()[refused], keys, home.signer.kid)
    assert said.code == home.outbox.get(refused).reason == "recipient_unknown"
    assert refused not in {claim["claim_id"] for claim in insurer.claims()}


def test_kept_refusals_are_verified_again(shop: Shop, insurers: Any) -> None:
    """`verify` counts the refusals that hold, and names the claim whose refusal was exchanged in the store."""
    home, amc = shop.desk.home, insurers[0].amc
    first, second = (register_sealed_to_nobody(home, amc) for _ in range(2))
    assert drain_now(home).rejected == 2
    assert {check.name: (check.ok, check.detail) for check in verify_home(shop.desk)}["refusals"] == (True, "2")
    other = home.outbox.refusals()[second]
    with home.store.write() as connection:
        connection.exec_driver_sql("UPDATE refusal SET refusal = ? WHERE claim_id = ?", (other, first))
    assert {check.name: (check.ok, check.detail) for check in verify_home(shop.desk)}["refusals"] == (False, first)
