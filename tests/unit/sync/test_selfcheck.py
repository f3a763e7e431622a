"""The checks at a start run beside the work, in their order, and name what is wrong."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from hardware.keystore import open_file_secret
from sync.home import OpenHome, create_home
from sync.selfcheck import SelfCheck
from sync.store import CheckLine
from tests.unit.sync.queue.envelopes import INSURER, LATER, claim_id, entry


@pytest.fixture
def home(tmp_path: Path) -> Iterator[OpenHome]:
    """An open home with three claims, two of them on their way."""
    with create_home(tmp_path / "home", open_file_secret) as opened:
        for number in range(3):
            opened.outbox.enqueue(entry(number))
        opened.outbox.dispatch(INSURER, [claim_id(0), claim_id(1)], opened.signer, LATER)
        yield opened


def test_the_order_is_the_one_without_false_alarms(home: OpenHome) -> None:
    """The log first, then pages, tables, chain and counterfoil."""
    names = [line.name for line in home.check()]
    assert names == ["wal_checkpoint", "cipher_integrity", "integrity", "chain", "counterfoil"]


def test_a_whole_home_has_no_finding(home: OpenHome) -> None:
    """Nothing failed, while claims were registered at the same time."""
    health = SelfCheck(home).start()
    for number in range(10, 30):
        home.outbox.enqueue(entry(number))
    health.wait()
    assert (health.done, health.failed) == (True, ())


def test_the_claims_concerned_are_named(home: OpenHome) -> None:
    """Two envelopes that are not the registered ones: the counterfoil's line names both claims."""
    with home.store.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET envelope = x'00' WHERE claim_id <> ?", (claim_id(0),))
    health = SelfCheck(home).start()
    health.wait()
    found = {line.name: line.detail for line in health.failed}
    assert claim_id(1) in found["chain"]
    assert {number for number in range(3) if claim_id(number) in found["counterfoil"]} == {1, 2}


def test_a_file_that_is_busy_is_no_damage(home: OpenHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another process was reading during the checkpoint: no finding; any other line is one."""
    lines = (CheckLine("wal_checkpoint", ok=False, detail="busy"), CheckLine("integrity", ok=False, detail="2"))
    monkeypatch.setattr(OpenHome, "check", lambda _: lines)
    health = SelfCheck(home).start()
    health.wait()
    assert health.failed == lines[1:]


def test_an_error_is_a_finding(home: OpenHome) -> None:
    """The counterfoil became shorter while the home was open."""
    counterfoil = home.path / "counterfoil.log"
    counterfoil.write_bytes(counterfoil.read_bytes()[:-60])
    health = SelfCheck(home).start()
    health.wait()
    assert "shorter" in health.failed[-1].detail


def test_nobody_waits_for_the_checks(home: OpenHome, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the checks run, they say nothing and claims are registered."""
    begun, go_on, real = threading.Event(), threading.Event(), OpenHome.check

    def slow(opened: OpenHome) -> tuple[CheckLine, ...]:
        begun.set()
        go_on.wait()
        return real(opened)

    monkeypatch.setattr(OpenHome, "check", slow)
    health = SelfCheck(home).start()
    begun.wait()
    home.outbox.enqueue(entry(50))
    assert (health.done, health.failed) == (False, ())
    go_on.set()
    health.wait()
    assert (health.done, health.failed) == (True, ())
