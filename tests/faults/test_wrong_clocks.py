"""Clocks that are wrong: nothing is lost or refused at the counter, the order holds, and the screen says it.

The programs run under libfaketime; their insurers, and the insurers' certificates, live in the present. A run takes a
part of the table, `COMPTOIR_SOAK=1` the whole of it.
"""

import json
import os
import subprocess
import sys
from calendar import isleap
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from hardware import open_home_clock
from sync.daemon import drain_now
from sync.home import home_lock, open_home
from tests.shop_fixture import OpenShop, Shop
from tests.volume import WHOLE

LIBRARY = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"))), None)
NOW = datetime.now(UTC).replace(microsecond=0)
FIRST, THERE = 1, 2
pytestmark = pytest.mark.skipif(LIBRARY is None, reason="libfaketime is not installed (Debian: faketime)")


@dataclass(frozen=True)
class Case:
    """A clock: what it shows, whether it can be told that it is wrong, whether an insurer can be believed by it."""

    shows: datetime
    trusted: bool
    reached: bool = True
    always: bool = False


def _leap_day(step: int) -> datetime:
    year = NOW.year + step
    while not isleap(year):
        year += step
    return datetime(year, 2, 29, 11, 59, 58, tzinfo=UTC)


def _clock_change(month: int) -> datetime:
    """Two seconds before the clocks change in France, on the last Sunday of March or October of next year."""
    day = date(NOW.year + 1, month, 31)
    sunday = day - timedelta(days=(day.weekday() + 1) % 7)
    return datetime(sunday.year, sunday.month, sunday.day, 0, 59, 58, tzinfo=UTC)


def _later(shows: datetime) -> Case:
    """A clock that is ahead, but not by so much that it could be told; a server's certificate lasts 397 days."""
    return Case(shows, trusted=shows - NOW < timedelta(days=1000), reached=shows - NOW < timedelta(days=390))


CASES = {
    "1970": Case(datetime(1970, 1, 1, 0, 10, tzinfo=UTC), trusted=False, always=True),
    "400 days ago": Case(NOW - timedelta(days=400), trusted=False),
    "in 30 days": Case(NOW + timedelta(days=30), trusted=True, always=True),
    "in 10 years": Case(NOW + timedelta(days=3653), trusted=False, always=True),
    "29 February before": Case(_leap_day(-1), trusted=False),
    "29 February to come": _later(_leap_day(1)),
    "summer time begins": _later(_clock_change(3)),
    "winter time begins": _later(_clock_change(10)),
}


def fake(shows: datetime) -> dict[str, str]:
    """The environment of a process whose clock begins there and runs."""
    return {
        **os.environ,
        "LD_PRELOAD": str(LIBRARY),
        "FAKETIME": f"@{shows:%Y-%m-%d %H:%M:%S}",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        "TZ": "UTC",
    }


def day_at(home: Path, shows: datetime, count: int = THERE) -> dict[str, Any]:
    """A day at the counter with that clock."""
    command = [sys.executable, "-m", "tests.faults.wrong_clock_worker", str(home), str(count)]
    done = subprocess.run(command, env=fake(shows), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def send(home: Path) -> None:
    """What waits is sent by a program that starts now, with the machine's own clock."""
    with open_home(home) as opened, home_lock(home, "sync"):
        assert drain_now(opened).errors == {}


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.always or WHOLE])
def test_a_wrong_clock_loses_and_refuses_nothing(name: str, shop: Shop) -> None:
    """Registered under a wrong clock, said to be wrong where that can be known, sent, and in order when it is right."""
    case = CASES[name]
    claims = [shop.counter.submit(shop.draft()).claim_id]
    send(shop.home)
    told = day_at(shop.home, case.shows)
    claims += told["claims"]
    assert (len(told["claims"]), told["waiting"], told["trusted"]) == (THERE, THERE, case.trusted)
    assert ("HORLOGE NON SÛRE" in told["screen"][1]) != case.trusted
    assert told["acknowledged"] == (THERE if case.reached else 0), told["errors"]
    if not case.trusted:
        assert NOW.date() - timedelta(days=1) <= date.fromisoformat(told["today"]) <= NOW.date() + timedelta(days=1)
    claims += [shop.counter.submit(shop.draft()).claim_id]
    send(shop.home)
    rows = [shop.desk.home.outbox.get(claim_id) for claim_id in claims]
    assert [row.state for row in rows] == ["acknowledged"] * len(claims)
    assert [row.seq for row in rows] == list(range(FIRST, FIRST + len(claims)))
    assert open_home_clock(shop.home).trusted


def test_what_a_wild_clock_registered_does_not_wait_for_it(open_shop: OpenShop) -> None:
    """A claim that may leave "in ten years", by the clock that registered it, leaves when the clock is right again."""
    later = open_shop(60, name="graceful")
    told = day_at(later.home, CASES["in 10 years"].shows, 1)
    assert told["acknowledged"] == 0
    send(later.home)
    assert later.desk.home.outbox.get(told["claims"][0]).state == "acknowledged"


def test_a_clock_that_jumps_while_the_service_runs(shop: Shop, tmp_path: Path) -> None:
    """Back by 400 days and on by 30 in one run of the service: each claim leaves, in the order of registration."""
    moment = tmp_path / "moment"
    moment.write_text("+0d", "ascii")
    jumping = {"FAKETIME_TIMESTAMP_FILE": str(moment), "FAKETIME_NO_CACHE": "1"}
    environment = {name: value for name, value in (fake(NOW) | jumping).items() if name != "FAKETIME"}
    command = [sys.executable, "-m", "sync.daemon", "--home", str(shop.home)]
    claims = []
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as service:
        assert service.stderr is not None
        events = (json.loads(line) for line in service.stderr)
        try:
            for jump in ("+0d", "-400d", "+30d"):
                moment.write_text(jump, "ascii")
                claims.append(shop.counter.submit(shop.draft()).claim_id)
                drained = next(found for found in events if found["event"] == "drained")
                assert (drained["acknowledged"], drained["postponed"]) == (1, 0)
        finally:
            service.terminate()
            rest = [found["event"] for found in events]
    assert service.returncode == 0
    assert rest[-1] == "stopped"
    rows = [shop.desk.home.outbox.get(claim_id) for claim_id in claims]
    assert [(row.state, row.seq) for row in rows] == [("acknowledged", seq) for seq in (1, 2, 3)]
