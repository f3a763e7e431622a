"""kill -9 of the receiver under load: what it acknowledged is there once, and every receipt holds.

`COMPTOIR_KILLS=200` kills that often on each database (about ten minutes: give `-o faulthandler_timeout=3000`); without
it a fraction does. Each kill takes all processes of the server in one moment, drawn anew. A kill proves nothing about
power cuts: what it proves is that no answer leaves before its commit, and that another start finds its way.
"""

import os
import random
import threading

import pytest

from sync.receiver.databases import open_ledger
from tests.integration.receiver.forked import ForkedInsurer
from tests.integration.receiver.load import Load, SimTerminal
from tests.integration.receiver.terminals import claim_ids, stored
from tests.shop_fixture import run_command

KILLS = int(os.environ.get("COMPTOIR_KILLS", "10"))
SEED = 20261122
TERMINALS = 3

# A connection that the kill resets before its TLS begins is left to the collector by CPython's ssl module, not by us.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed <ssl.SSLSocket:ResourceWarning")


def kill_under_load(insurer: ForkedInsurer, kills: int) -> list[SimTerminal]:
    """Kill it that often at drawn moments while terminals send; it is up again at the end."""
    draw = random.Random(SEED)
    insurer.start(*insurer.serving)
    terminals = [SimTerminal.enrolled(insurer) for _ in range(TERMINALS)]
    for _ in range(kills):
        with Load(terminals, draw) as load:
            load.wait_for(draw.randint(1, 4))
            threading.Event().wait(draw.random() * 0.03)
            insurer.stop(kill=True)
        insurer.start(*insurer.serving)
    return terminals


def lost(insurer: ForkedInsurer, terminals: list[SimTerminal]) -> list[str]:
    """The acknowledged claims that the database has not, or has with another receipt."""
    with open_ledger(insurer.folder) as ledger:
        kept = stored(ledger)
    return [claim for one in terminals for claim, receipt in one.receipts.items() if kept.get(claim) != receipt]


def test_no_kill_loses_or_doubles_a_claim(insurer: ForkedInsurer) -> None:
    """After every kill the acknowledged claims are there with their receipts; sent again, all are there, each once."""
    terminals = kill_under_load(insurer, KILLS)
    acknowledged = sum(one.verified() for one in terminals)
    assert acknowledged >= KILLS
    assert lost(insurer, terminals) == [], f"seed {SEED}"
    for one in terminals:
        before = dict(one.receipts)
        with one.client() as client:
            for start in range(0, len(one.packages), 100):
                assert one.push(client, one.packages[start : start + 100]) <= {200, 201}
            assert client.state().seq == len(one.receipts)
        assert before.items() <= one.receipts.items()
        one.verified()
    with open_ledger(insurer.folder) as ledger:
        kept = stored(ledger)
    assert sorted(kept) == sorted({claim for one in terminals for claim in claim_ids(one.packages)})
    assert run_command("log", "--dir", str(insurer.folder), "--check")["checked"] == len(kept)
    print(f"{KILLS} kills, {acknowledged} claims acknowledged before the last, {len(kept)} in all")  # noqa: T201  # -rP


def test_a_receiver_that_answers_too_early_is_caught(insurer: ForkedInsurer) -> None:
    """The planted fault answers before it commits: a few kills of the same kind find a claim that is not there."""
    with open_ledger(insurer.folder):
        insurer.early = True
    for _ in range(5):
        terminals = kill_under_load(insurer, 2)
        insurer.stop(kill=True)
        if lost(insurer, terminals):
            return
    pytest.fail("the planted fault was not found: the test above proves nothing")
