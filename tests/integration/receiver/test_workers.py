"""Several workers on one PostgreSQL: one effect for each claim, one chain for each terminal, one log; and their end."""

import os
import random
import signal
import socket
import subprocess
import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from sync.receiver.cli import main
from sync.receiver.databases import open_ledger
from tests.integration.receiver.forked import ForkedInsurer
from tests.integration.receiver.load import Load, SimTerminal
from tests.integration.receiver.terminals import claim_ids, stored
from tests.integration.sync.world import COMMAND
from tests.shop_fixture import run_command

on_postgres = pytest.mark.parametrize("insurer", ["postgresql"], indirect=True)


def wait_for(said: Callable[[], bool]) -> None:
    """Return once that is so; for a minute at most."""
    pause = threading.Event()
    for _ in range(3000):
        if said():
            return
        pause.wait(0.02)
    pytest.fail("it did not come to that")


@on_postgres
def test_what_races_has_one_effect(insurer: ForkedInsurer) -> None:
    """Each package is pushed by three connections at once: one is told 201, the others 200, all the same receipt."""
    insurer.start(*insurer.serving)
    assert len(insurer.workers()) == 2
    terminals = [SimTerminal.enrolled(insurer) for _ in range(2)]
    told: list[tuple[str, int, str | None]] = []
    together = threading.Barrier(6)

    def push(terminal: SimTerminal) -> None:
        with terminal.client() as client:
            for start in range(0, 12, 4):
                together.wait(60)
                results = client.push(terminal.packages[start : start + 4])
                told.extend((one.claim_id, one.status, one.receipt) for one in results)

    for terminal in terminals:
        terminal.seal(12)
    with ThreadPoolExecutor(6) as pool:
        for one in [pool.submit(push, terminal) for terminal in terminals * 3]:
            one.result()
    claims = [claim for terminal in terminals for claim in claim_ids(terminal.packages)]
    with open_ledger(insurer.folder) as ledger:
        kept = stored(ledger)
    assert sorted(kept) == sorted(claims)
    assert Counter(status for _, status, _ in told) == {201: len(claims), 200: 2 * len(claims)}
    assert all(kept[claim] == receipt for claim, _, receipt in told)
    for terminal in terminals:
        with terminal.client() as client:
            assert client.state().seq == 12
    assert run_command("log", "--dir", str(insurer.folder), "--check")["checked"] == len(claims)


def test_stopping_answers_what_is_under_way(insurer: ForkedInsurer) -> None:
    """SIGTERM under load, on each database: it ends with status 0, and nothing is stored that was not answered."""
    insurer.start(*insurer.serving)
    terminals = [SimTerminal.enrolled(insurer) for _ in range(3)]
    draw = random.Random(7)
    for _ in range(3):
        with Load(terminals, draw) as load:
            load.wait_for(draw.randint(3, 6))
            assert insurer.stop() == 0
        with open_ledger(insurer.folder) as ledger:
            assert set(stored(ledger)) == {claim for terminal in terminals for claim in terminal.receipts}
        insurer.start(*insurer.serving)


@on_postgres
def test_a_lost_worker_is_replaced(insurer: ForkedInsurer) -> None:
    """One worker is killed: another takes its place, and claims go on."""
    insurer.start(*insurer.serving)
    terminal = SimTerminal.enrolled(insurer)
    before = insurer.workers()
    os.kill(before[0], signal.SIGKILL)
    wait_for(lambda: len(set(insurer.workers()) - {before[0]}) == 2)
    with Load([terminal], random.Random(1)) as load:
        load.wait_for(5)
    assert insurer.stop() == 0
    assert '"event": "worker_lost"' in insurer.folder.with_suffix(".log").read_text("utf-8")


@on_postgres
def test_workers_end_with_the_first_process(insurer: ForkedInsurer) -> None:
    """The first process alone is killed: nobody goes on serving behind its back."""
    insurer.start(*insurer.serving)
    os.kill(insurer.pid, signal.SIGKILL)

    def is_refused() -> bool:
        with socket.socket() as line:
            return line.connect_ex(("127.0.0.1", insurer.port)) != 0

    wait_for(is_refused)


@pytest.mark.parametrize("insurer", ["sqlite"], indirect=True)
def test_a_file_has_one_process(insurer: ForkedInsurer, capsys: pytest.CaptureFixture[str]) -> None:
    """Several workers on SQLite are refused before anything is served, and so is a standby."""
    for option, code in (
        ("--workers=2", "workers_need_postgresql"),
        ("--require-standby=b", "standby_needs_postgresql"),
    ):
        assert main(["serve", "--dir", str(insurer.folder), "--port", "0", option, "--json"]) == 1
        assert f'"code": "{code}"' in capsys.readouterr().out


@on_postgres
def test_a_fault_that_is_there_from_the_start_is_told(insurer: ForkedInsurer) -> None:
    """Workers that cannot start end the whole with their reason in the log; none is started again and again."""
    (insurer.folder / "intake" / "log.key").write_bytes(bytes(32))
    serve = [*COMMAND, "serve", "--dir", str(insurer.folder), "--port", "0", "--workers", "2", "--json"]
    done = subprocess.run(serve, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == 1
    assert '"code": "worker_lost"' in done.stdout
    assert 1 <= done.stderr.count('"event": "worker_failed"') <= 2
