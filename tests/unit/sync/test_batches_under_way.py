"""Batches: how large they are, and what is done for the next and the last one while one is under way."""

import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from sync.engine import Lines
from sync.errors import InsurerUnreachable
from sync.peer import PushResult
from sync.queue import Outbox
from tests.unit.sync.engine_world import ScriptedInsurer, Shop, open_shop


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A queue on a real store and a real counterfoil."""
    with open_shop(tmp_path) as opened:
        yield opened


def test_batches_are_bounded(shop: Shop) -> None:
    """No request carries more than a hundred packages, and all leave in one pass, once each."""
    insurer = shop.insurer()
    shop.register(130)
    assert shop.drain().acknowledged == 130
    assert [len(batch) for batch in insurer.batches] == [100, 30]
    assert len({package for batch in insurer.batches for package in batch}) == 130


def test_a_failing_insurer_is_tried_with_less(shop: Shop) -> None:
    """Batches shrink while an insurer fails and are whole again after a success."""
    insurer = shop.insurer()
    insurer.failure = InsurerUnreachable("slow line")
    lines = Lines()
    shop.register(130)
    for _ in range(3):
        shop.drain(lines=lines)
        shop.clock.pass_time(hours=1)
    insurer.failure = None
    assert shop.drain(lines=lines).acknowledged == 130
    assert [len(batch) for batch in insurer.batches] == [100, 50, 25, 12, 100, 18]


def test_a_pass_can_be_stopped_between_two_requests(shop: Shop) -> None:
    """When told to stop, no further batch is sent; what was made ready for it leaves later, once."""
    insurer = shop.insurer()
    shop.register(150)
    assert shop.drain(go_on=lambda: not insurer.batches).acknowledged == 100
    assert sum(state in ("queued", "sending") for state in shop.states()) == 50
    assert [len(batch) for batch in insurer.batches] == [100]
    assert shop.drain().acknowledged == 50
    assert sorted(row.seq or 0 for row in shop.outbox.rows()) == list(range(1, 151))


def test_the_next_batch_is_numbered_while_one_is_under_way(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """An insurer answers the first batch once the second one has its numbers, the second once the first is settled."""
    insurer, numbered, settled = shop.insurer(), threading.Semaphore(0), threading.Semaphore(0)
    true_dispatch, true_settle, true_acknowledge = Outbox.dispatch, Outbox.settle_many, insurer.acknowledge

    def dispatch(outbox: Outbox, *asked: Any) -> list[bytes]:
        packages = true_dispatch(outbox, *asked)
        numbered.release()
        return packages

    def settle_many(outbox: Outbox, *asked: Any, **named: Any) -> None:
        true_settle(outbox, *asked, **named)
        settled.release()

    def answer(_insurer: ScriptedInsurer, package: bytes) -> PushResult:
        if len(insurer.known) == 100:
            assert settled.acquire(timeout=60)
            assert shop.states().count("acknowledged") == 100
        if not insurer.known:
            assert numbered.acquire(timeout=60)
            assert numbered.acquire(timeout=60)
            assert shop.states().count("sending") == 200
        return true_acknowledge(package)

    monkeypatch.setattr(Outbox, "dispatch", dispatch)
    monkeypatch.setattr(Outbox, "settle_many", settle_many)
    insurer.answer = answer
    shop.register(230)
    assert shop.drain().acknowledged == 230
    assert [len(batch) for batch in insurer.batches] == [100, 100, 30]
    numbers = [row.seq for row in shop.outbox.rows()]
    assert numbers == list(range(1, 231))


def test_a_batch_made_ready_waits_where_the_one_before_it_failed(shop: Shop) -> None:
    """It is not sent; afterwards both leave by number, each with the bytes that it was given."""
    insurer = shop.insurer()
    insurer.failure = InsurerUnreachable("down")
    ids = shop.register(150)
    report = shop.drain()
    assert (report.acknowledged, [len(batch) for batch in insurer.batches]) == (0, [100])
    ready = [shop.outbox.get(claim_id).package for claim_id in ids]
    assert all(package is not None for package in ready)
    insurer.failure = None
    shop.clock.pass_time(hours=1)
    assert shop.drain().acknowledged == 150
    assert [package for batch in insurer.batches[1:] for package in batch] == ready
