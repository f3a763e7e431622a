"""`evidence minimisation` counts the fields that really left, from the messages that were signed."""

import json
from dataclasses import replace

import msgspec
import pytest

from sync.contract.message import ClaimMessage
from sync.daemon import drain_now
from terminal.cli import main
from terminal.cli.demo_insurers import DemoInsurer
from terminal.vault.sent_fields import fields_of, fields_possible
from tests.shop_fixture import OpenShop


def test_each_field_is_counted_once_it_left(
    open_shop: OpenShop, insurers: tuple[DemoInsurer, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """Two claims and a cancelled one: the counts are those of the messages that the insurers opened."""
    shop = open_shop(grace=0)
    sent = [shop.counter.submit(shop.draft(insurer=place)).claim_id for place in (0, 1)]
    named = replace(shop.draft(insurer=0), member="A0001")
    sent.append(shop.counter.submit(named).claim_id)
    with shop.desk.home.store.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET not_before = not_before + 600000 WHERE claim_id = ?", (sent[2],))
    shop.counter.cancel(sent.pop())
    drain_now(shop.desk.home)
    capsys.readouterr()
    assert main(["evidence", "minimisation", "--home", str(shop.home), "--json"]) == 0
    found = {one["insurer"]: one for one in json.loads(capsys.readouterr().out)["insurers"]}
    for place, claim_id in enumerate(sent):
        read = next(one for one in insurers[place].claims() if one["claim_id"] == claim_id)
        message = msgspec.convert(read["message"], ClaimMessage)
        told = found[insurers[place].amc]
        assert (told["messages"], told["unknown"]) == (1, 0)
        assert {name for name, count in told["fields"].items() if count} == set(fields_of(message))
        assert told["fields"]["member.nir"] == told["fields"]["member.adherent"] == 0
        assert told["fields"]["beneficiary.name"] == 0
        assert set(fields_possible()) <= told["fields"].keys()


def test_names_come_from_the_message_itself() -> None:
    """Every field of the contract has a name, lists by the names of their items, and a NIR is told from a number."""
    possible = fields_possible()
    assert {"lines.code", "evidence.commitment", "member.nir", "pec.number", "tables.profile"} <= set(possible)
    assert not [name for name in possible if name in ("lines", "member", "member.value", "")]
