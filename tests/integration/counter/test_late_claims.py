"""Claims that wait too long, and a service that is not there: the counter says both, and what to do."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, time
from pathlib import Path

import pytest
from msgspec.structs import replace

from sync.announcing import Announcer
from sync.deadlines import ALARM_AFTER, WARN_AFTER, latest_day
from sync.engine import DrainReport
from sync.service_state import AWAITED, LOST_SECONDS, read_state, uptime, write_state
from sync.supervisor import Supervisor
from terminal.cli import main
from terminal.tui.card_slot import CardSlot
from terminal.tui.spans import Role, plain
from terminal.tui.state import CounterState, Snapshot
from terminal.tui.status_lines import status_lines
from terminal.tui.work_lines import work_line
from terminal.workflow.desk import PARIS
from tests.integration.counter.test_service_takes_data import state_with
from tests.shop_fixture import OpenShop, Shop

WAITING = 3


@pytest.fixture
def waiting(open_shop: OpenShop) -> Shop:
    """A terminal with claims that may not leave yet."""
    shop = open_shop(3600)
    for _ in range(WAITING):
        shop.counter.submit(shop.draft())
    return shop


def registered(shop: Shop, days: int) -> None:
    """Let every claim have been registered so many working days ago."""
    noon = datetime.combine(latest_day(shop.counter.today(), days), time(12), PARIS)
    with shop.desk.home.store.write() as connection:
        at = int(noon.timestamp() * 1000)
        connection.exec_driver_sql("UPDATE outbox SET created_at = ?, not_before = ?", (at, at))


def on_screen(shop: Shop, width: int = 160) -> tuple[CounterState, str]:
    """The counter's state, and both status lines."""
    counter = shop.counter
    snapshot = Snapshot(counter.status(), counter.worklist(), counter.totals_today(), counter.now(), counter.today())
    state = CounterState(CardSlot(), snapshot, "Camille D.")
    return state, " ".join(plain(line) for line in status_lines(state, width))


@dataclass(frozen=True)
class Expected:
    """What is said of claims that were registered so many working days ago."""

    days: int
    late: str | None
    role: Role
    row: str
    status: str


EXPECTED = (
    Expected(WARN_AFTER - 1, None, Role.STRONG, "Part toute seule", "File d'envoi"),
    Expected(WARN_AFTER, "warn", Role.WARN, "▲ Sans accusé depuis 5 jours ouvrés", "▲ 3 sans accusé depuis 5 jours"),
    Expected(ALARM_AFTER, "alarm", Role.BAD, "■ Hors délai : 8 jours ouvrés sans accusé", "■ 3 hors délai"),
)


def test_lateness_is_in_the_list_the_status_and_the_command(waiting: Shop, capsys: pytest.CaptureFixture[str]) -> None:
    """In time, warned of, or an alarm: the same in the queue's rows, on the status line and in `comptoir queue`."""
    for expected in EXPECTED:
        registered(waiting, expected.days)
        state, lines = on_screen(waiting)
        assert state.snapshot is not None
        first = work_line(state.snapshot.items[0], state, state.snapshot, 160)
        assert (first[0].role, expected.row in plain(first)) == (expected.role, True)
        assert expected.status in lines
        assert main(["queue", "--home", str(waiting.home), "--json"]) == 0
        told = json.loads(capsys.readouterr().out)
        assert [claim["late"] for claim in told["claims"]] == [expected.late] * WAITING
        figures = {"warned": WAITING * (expected.late == "warn"), "alarmed": WAITING * (expected.late == "alarm")}
        assert told["late"] == figures
        assert main(["queue", "--home", str(waiting.home)]) == 0
        assert ("ouvrés" in capsys.readouterr().out) == (expected.late is not None)


def test_late_claims_come_before_newer_ones(waiting: Shop) -> None:
    """The oldest, which a list of the newest would not show, stand above them."""
    first = waiting.desk.home.outbox.rows()[0].claim_id
    registered(waiting, ALARM_AFTER)
    now = int(waiting.counter.now().timestamp() * 1000)
    with waiting.desk.home.store.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET created_at = ? WHERE claim_id <> ?", (now, first))
    assert [item.late for item in waiting.counter.worklist(2)] == ["alarm", None]
    assert waiting.counter.worklist(2)[0].claim_id == first


def test_the_service_tells_how_many_are_late(waiting: Shop, tmp_path: Path) -> None:
    """In its state file and in its metrics."""
    registered(waiting, WARN_AFTER)
    metrics = tmp_path / "comptoir.prom"
    Announcer(waiting.desk.home, Supervisor({}), metrics).say(DrainReport(), waiting.counter.now())
    state = read_state(waiting.home)
    assert state is not None
    assert (state.warned, state.alarmed) == (WAITING, 0)
    lines = metrics.read_text("utf-8").splitlines()
    assert f'comptoir_sync_late_claims{{level="warn"}} {WAITING}' in lines
    assert 'comptoir_sync_late_claims{level="alarm"} 0' in lines


@contextmanager
def service(home: Path) -> Iterator["subprocess.Popen[str]"]:
    """The service of a home."""
    command = [sys.executable, "-W", "error", "-m", "sync.daemon", "--home", str(home)]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


def test_a_killed_service_is_never_online(shop: Shop) -> None:
    """Acknowledged a moment ago; killed without a word: the status line says at once that nothing is sent."""
    with service(shop.home) as process:
        shop.counter.submit(shop.draft())
        state_with(shop.home, lambda state: state.acknowledged == 1)
        assert shop.counter.status().sender == "working"
        assert "● EN LIGNE" in on_screen(shop)[1]
        os.kill(process.pid, signal.SIGKILL)
        process.wait()
        left = read_state(shop.home)
        assert left is not None
        assert left.running, "a process that is killed says nothing"
        for width in (80, 100, 160):
            assert "■ ENVOI ARRÊTÉ" in on_screen(shop, width)[1]
            assert "EN LIGNE" not in on_screen(shop, width)[1]
    assert shop.counter.status().sender == "missing"


def test_a_card_that_has_just_started_awaits_its_service(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the machine starts the service, nobody is told in its first minutes to start the machine again."""
    assert shop.counter.status().sender == "missing", "no service ever ran here"
    monkeypatch.setenv(AWAITED, str(int(uptime()) + 1000))
    assert shop.counter.status().sender == "starting"
    assert "▲ ENVOI EN DÉMARRAGE" in on_screen(shop)[1]


def test_a_service_that_says_nothing_more_is_stuck(shop: Shop) -> None:
    """Its process is there; its last word is old, or the watchdog was withheld: that is said, and what to do."""
    with service(shop.home) as process:
        shop.counter.submit(shop.draft())
        state_with(shop.home, lambda state: state.acknowledged == 1)
        os.kill(process.pid, signal.SIGSTOP)
        said = read_state(shop.home)
        assert said is not None
        for silent in (
            replace(said, beat=said.beat - LOST_SECONDS - 1),
            replace(said, trouble="stuck"),
        ):
            write_state(shop.home, silent)
            assert "■ ENVOI BLOQUÉ : redémarrez le terminal" in on_screen(shop)[1]
            assert "EN LIGNE" not in on_screen(shop)[1]
