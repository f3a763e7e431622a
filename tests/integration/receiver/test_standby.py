"""Receipts that need a synchronous standby: nothing is lost with the primary; without the standby nothing is signed."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from sync.contract.envelope import RECEIPT_TYP
from sync.crypto.signing import SigningKey
from sync.receiver.app import build_app
from sync.receiver.db import UNSIGNED, Ledger
from sync.receiver.errors import StandbyGone
from tests.integration.receiver.forked import ForkedInsurer
from tests.integration.receiver.pair import NAME, Pair
from tests.integration.receiver.terminals import Insurance, claim_ids, stored
from tests.integration.sync.world import Terminal
from tests.unit.sync.receiver.logged import request
from tests.unit.sync.receiver.visitor import AMC


@pytest.fixture
def receipts_signed(monkeypatch: pytest.MonkeyPatch) -> list[bytes]:
    """What was signed as a receipt, by whatever key, from now on."""
    signed: list[bytes] = []
    sign = SigningKey.sign

    def noting(key: SigningKey, typ: str, payload: bytes) -> str:
        if typ == RECEIPT_TYP:
            signed.append(payload)
        return sign(key, typ, payload)

    monkeypatch.setattr(SigningKey, "sign", noting)
    return signed


@pytest.fixture
def ledger(pair: Pair) -> Iterator[Ledger]:
    """The database of the pair."""
    with pair.new_ledger() as opened:
        yield opened


async def test_without_its_standby_nothing_is_signed(
    pair: Pair, ledger: Ledger, insurance: Insurance, receipts_signed: list[bytes]
) -> None:
    """The standby is stopped: pushes and the health are refused with 503, and no receipt is signed until it is back."""
    intake, sender = insurance.intake(ledger), insurance.terminal(ledger)
    packages = sender.packages(3)
    pair.second.stop("fast")
    for _ in range(2):
        with pytest.raises(StandbyGone):
            sender.push(intake, packages)
    assert (await request(build_app(intake), "GET", "/v1/health"))[0] == 503
    assert (receipts_signed, sender.receipts) == ([], {})
    pair.second.start()
    pair.wait_until_in_step()
    assert sender.push(intake, packages) == [201] * 3
    assert stored(ledger) == sender.receipts
    assert len(receipts_signed) == 3


def test_a_standby_that_stops_answering_is_not_waited_for_ever(
    pair: Pair, ledger: Ledger, insurance: Insurance, receipts_signed: list[bytes]
) -> None:
    """It is connected and confirms nothing: the wait ends, nothing is signed or visible; later each claim is there."""
    intake, sender = insurance.intake(ledger), insurance.terminal(ledger)
    packages = sender.packages(3)
    pair.freeze()
    with pytest.raises(StandbyGone):
        sender.push(intake, packages)
    assert receipts_signed == []
    assert stored(ledger) == {}
    pair.thaw()
    pair.wait_until_nobody_waits()
    assert set(stored(ledger).values()) == {UNSIGNED}
    assert sender.push(intake, packages) == [200] * 3
    assert stored(ledger) == sender.receipts
    assert [insurance.receipt(one).claim_id for one in sender.receipts.values()] == claim_ids(packages)


def test_a_server_that_no_longer_waits_is_noticed(
    pair: Pair, ledger: Ledger, insurance: Insurance, receipts_signed: list[bytes]
) -> None:
    """Somebody made the standby asynchronous: commits would succeed alone, so nothing is accepted."""
    intake, sender = insurance.intake(ledger), insurance.terminal(ledger)
    pair.name_standby("")
    packages = sender.packages(1)
    pair.wait_until_alone()
    with pytest.raises(StandbyGone):
        sender.push(intake, packages)
    assert receipts_signed == []
    pair.name_standby(NAME)
    pair.wait_until_in_step()


def test_claims_wait_at_the_terminal_for_the_standby(pair: Pair, tmp_path: Path) -> None:
    """With real programs: while the standby is gone the terminal's claims wait; when it is back they are settled."""
    insurer = ForkedInsurer.make(
        tmp_path / "insurer", AMC, options=("--database", pair.new_database(), "--require-standby", NAME)
    )
    with closing(insurer.start()), Terminal.make(tmp_path / "home").home as home:
        terminal = Terminal(home)
        terminal.enrol(insurer)
        ids = terminal.register(AMC, 3)
        pair.second.stop("fast")
        report = terminal.drain()
        assert (report.acknowledged, set(report.errors)) == (0, {AMC})
        assert home.outbox.summary().waiting == 3
        pair.second.start()
        pair.wait_until_in_step()
        assert terminal.drain_later().acknowledged == 3
        assert [claim["claim_id"] for claim in insurer.claims()] == ids
        assert insurer.stop() == 0


def test_a_promoted_standby_has_every_acknowledged_claim(pair: Pair, ledger: Ledger, insurance: Insurance) -> None:
    """The primary crashes under load: what was acknowledged is at the standby with its receipt, the rest comes once.

    It is the last test of this pair: nothing follows the promoted server.
    """
    intake, senders = insurance.intake(ledger), [insurance.terminal(ledger) for _ in range(3)]
    over = threading.Event()
    with ThreadPoolExecutor(len(senders)) as pool:
        running = [pool.submit(sender.push_until, intake, over.is_set) for sender in senders]
        while min(len(sender.receipts) for sender in senders) < 20:
            assert not any(one.done() for one in running)
        pair.primary.stop("immediate")
        over.set()
    pair.second.promote()
    acknowledged = {claim_id: receipt for sender in senders for claim_id, receipt in sender.receipts.items()}
    with pair.ledger_after() as promoted:
        kept = stored(promoted)
        assert {claim_id: kept.get(claim_id) for claim_id in acknowledged} == acknowledged
        again = insurance.intake(promoted)
        for sender in senders:
            assert set(sender.push(again, sender.sent[-100:])) <= {200, 201}
            assert (
                sender.receipts.items()
                >= {one: acknowledged[one] for one in sender.receipts if one in acknowledged}.items()
            )
        assert all(
            sender.receipts[one] == acknowledged[one]
            for sender in senders
            for one in sender.receipts
            if one in acknowledged
        )
        assert set(stored(promoted)) == {one for sender in senders for one in claim_ids(sender.sent)}
