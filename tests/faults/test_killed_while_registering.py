"""Whatever kills the program: a claim that was acknowledged is there, and each claim is there once.

A kill proves nothing about power cuts: the page cache survives it. What it proves is the order of acknowledging and
committing, and that another start finds its way.
"""

import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from sync.crypto import SigningKey
from tests.faults.enqueue_worker import Worker, open_queue
from tests.unit.sync.queue.envelopes import claim_id

KILLS = 30
SEED = 20261121
SIGNER = SigningKey.generate()


def missing(folder: Path, acknowledged: Iterable[int]) -> list[int]:
    """The acknowledged claims that are not queued after another start; the checks must find nothing else."""
    store, counterfoil, outbox = open_queue(folder)
    rows = {row.claim_id: row.state for row in outbox.rows()}
    assert all(line.ok for line in store.check() + outbox.check(SIGNER.public))
    assert set(rows.values()) <= {"queued", "blocked"}
    store.close()
    counterfoil.close()
    return [number for number in acknowledged if rows.get(claim_id(number)) != "queued"]


def test_no_kill_loses_an_acknowledged_claim(tmp_path: Path) -> None:
    """Thirty processes on one home, each killed at a drawn acknowledgement: all that was said is there after each."""
    draw = random.Random(SEED)
    acknowledged: list[int] = []
    for kill in range(KILLS):
        acknowledged += Worker(tmp_path, 1000 * kill, 1000).kill_after(draw.randrange(1, 12))
        assert missing(tmp_path, acknowledged) == [], f"seed {SEED}, kill {kill}"
    assert len(acknowledged) >= KILLS


def test_a_program_that_speaks_too_early_is_caught(tmp_path: Path) -> None:
    """The mutant acknowledges before it commits: a few kills of the same kind find a claim that is not there."""
    for kill in range(KILLS):
        said = Worker(tmp_path, 1000 * kill, 1000, early=True).kill_after(3)
        if missing(tmp_path, said):
            return
    pytest.fail("the planted fault was not found: the test above proves nothing")


def test_two_processes_register_at_once(tmp_path: Path) -> None:
    """Both run to their end: every claim once in the store and once in the counterfoil, the chain whole."""
    workers = [Worker(tmp_path, 1000 * number, 40) for number in range(2)]
    said = [number for one in workers for number in one.finish()]
    assert [one.exit_code for one in workers] == [0, 0]
    assert sorted(said) == [*range(40), *range(1000, 1040)]
    assert missing(tmp_path, said) == []
    store, counterfoil, outbox = open_queue(tmp_path)
    assert sorted(frame.claim_id for frame in counterfoil.frames()) == sorted(claim_id(number) for number in said)
    assert len(outbox.rows()) == 80
    store.close()
    counterfoil.close()


def test_a_kill_does_not_disturb_the_other_process(tmp_path: Path) -> None:
    """One of two is killed in the middle: the other goes on, and the acknowledgements of both hold."""
    steady, killed = Worker(tmp_path, 0, 60), Worker(tmp_path, 1000, 1000)
    said = killed.kill_after(10) + steady.finish()
    assert steady.exit_code == 0
    assert set(range(60)) <= set(said)
    assert missing(tmp_path, said) == []
