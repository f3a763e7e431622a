"""Health and metrics: what they say is so, they say it to this machine only, and the log names nobody."""

import asyncio
import io
import json
import os
import re
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.exc import OperationalError

from sync.eventlog import EVENTS, start_log
from sync.receiver import health as health_module
from sync.receiver import intake as intake_module
from sync.receiver.app import OPERATIONS, build_app
from sync.receiver.counters import Counters, Measured
from sync.receiver.db import Ledger
from sync.receiver.enrol import invite
from sync.receiver.errors import StandbyGone
from sync.receiver.folder import IntakeMaterial
from sync.receiver.health import Health
from sync.receiver.intake import Intake
from sync.receiver.monitoring import LOOPBACK, Monitor, start_monitor
from sync.receiver.server import bind
from sync.receiver.terminals import revoke
from tests.unit.sync.receiver.test_http_face import call
from tests.unit.sync.receiver.visitor import SHOP, Clock, Visitor

LINE = re.compile(r'(?P<name>[a-z_]+)(?:\{(?P<labels>(?:[a-z]+="[^"\\\n]*",?)*)\})? (?P<value>[0-9.e+-]+)')
Sample = tuple[str, frozenset[tuple[str, str]]]


def read(text: str) -> dict[Sample, float]:
    """The samples of an exposition (text format 0.0.4), each of a metric with help and type before it."""
    told: set[str] = set()
    found: dict[Sample, float] = {}
    for line in text.splitlines():
        if line.startswith("#"):
            word, name = line.split()[1:3]
            assert word in ("HELP", "TYPE")
            told.add(name)
            continue
        sample = LINE.fullmatch(line)
        assert sample is not None, line
        assert sample["name"] in told
        labels = frozenset(re.findall(r'([a-z]+)="([^"]*)"', sample["labels"] or ""))
        assert (sample["name"], labels) not in found
        found[sample["name"], labels] = float(sample["value"])
    return found


def value(found: dict[Sample, float], name: str, **labels: str) -> float:
    """One sample."""
    return found[name, frozenset(labels.items())]


@pytest.fixture
def counters() -> Counters:
    """Counts of nothing yet."""
    return Counters(OPERATIONS)


@pytest.fixture
def monitor(ledger: Ledger, tmp_path: Path, counters: Counters, clock: Clock) -> Monitor:
    """The monitor of an intake without a log."""
    return Monitor(Health(ledger, tmp_path, None), counters, clock)


@pytest.fixture
def address(monitor: Monitor) -> Iterator[str]:
    """Where it answers."""
    listener = bind(LOOPBACK, 0)
    server = start_monitor(monitor, listener)
    yield f"http://{LOOPBACK}:{listener.getsockname()[1]}"
    server.shutdown()
    server.server_close()


def test_requests_are_counted_by_operation(intake: Intake, visitor: Visitor, counters: Counters) -> None:
    """Each answer once, under the contract's path and its status; what has no operation is `other`."""
    app: Any = Measured(build_app(intake), counters)
    asks = [visitor.ask("GET", "/v1/state"), visitor.ask("GET", "/v1/state"), visitor.ask("GET", "/nowhere/A0001")]
    asks += [visitor.put(visitor.package()), replace(visitor.ask("GET", "/v1/keys"), certificate=None)]
    statuses = [asyncio.run(call(app, asked)).status for asked in asks]
    requests, seconds, count = counters.metrics()
    counted = {(labels["operation"], labels["status"]): number for labels, number in requests.samples}
    assert statuses == [200, 200, 404, 201, 401]
    assert counted == {
        ("/v1/state", "200"): 2,
        ("/v1/claims/{claim_id}", "201"): 1,
        ("/v1/keys", "401"): 1,
        ("other", "404"): 1,
    }
    assert {labels["operation"]: number for labels, number in count.samples}["/v1/state"] == 2
    assert all(number > 0 for _, number in seconds.samples)


def test_the_operations_are_those_of_the_application(intake: Intake) -> None:
    """The list that counts are kept by is the application's routes."""
    assert sorted(OPERATIONS) == sorted(str(getattr(route, "path", "")) for route in build_app(intake).routes)


def test_every_worker_counts(counters: Counters) -> None:
    """What a process counts that was made after the counters is seen by the others."""
    child = os.fork()
    if child == 0:
        counters.count("/v1/state", 200, 0.5)
        os._exit(0)
    os.waitpid(child, 0)
    counters.count("/v1/state", 200, 0.25)
    requests, seconds, _ = counters.metrics()
    assert [number for _, number in requests.samples] == [2]
    assert [number for _, number in seconds.samples] == [0.75]


def test_the_metrics_are_the_database_s(
    intake: Intake, ledger: Ledger, monitor: Monitor, enrolled: Callable[[], Visitor], clock: Clock
) -> None:
    """Claims, terminals, letters and alarms are counted as they are, and nobody is named."""
    gone, busy, old = enrolled(), enrolled(), enrolled()
    for _ in range(3):
        busy.push(intake, busy.package())
    revoke(ledger, gone.signer.kid, "lost", clock())
    invite(ledger, SHOP, clock())
    busy.seq, busy.head = 0, "0" * 64
    busy.push(intake, busy.package())
    clock.pass_time(days=80)
    status, media_type, body = monitor.answer("/metrics")
    found = read(body.decode())
    assert (status, media_type) == (200, "text/plain; version=0.0.4; charset=utf-8")
    assert value(found, "comptoir_insurer_claims_total") == 3
    assert value(found, "comptoir_insurer_terminals", state="revoked") == 1
    assert value(found, "comptoir_insurer_terminals", state="ending") == 2
    assert value(found, "comptoir_insurer_invitations", standing="used") == 3
    assert value(found, "comptoir_insurer_invitations", standing="expired") == 1
    assert value(found, "comptoir_insurer_alarms", kind="fork") == 1
    assert value(found, "comptoir_insurer_check", check="database", verdict="pass") == 1
    assert value(found, "comptoir_insurer_disk_free_bytes") > 0
    text = body.decode()
    assert not [kid for kid in (gone.signer.kid, busy.signer.kid, old.signer.kid, SHOP, "A0001") if kid in text]


def test_it_answers_this_machine_two_things(address: str) -> None:
    """Metrics and the report, and nothing else; the address is the loopback one."""
    assert address.startswith("http://127.0.0.1:")
    with urllib.request.urlopen(f"{address}/metrics") as answer:
        assert read(answer.read().decode())
    with urllib.request.urlopen(f"{address}/health") as answer:
        report = json.load(answer)
    assert {one["name"] for one in report["checks"]} == {"database", "disk"}
    for path in ("/", "/v1/state", "/metrics/..", "/health?x=1"):
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(f"{address}{path}")
        assert refused.value.code == 404
        refused.value.close()


def test_little_room_is_told_before_it_matters(
    intake: Intake, monitor: Monitor, visitor: Visitor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Little room is a warning; almost none is a failure, and then terminals are sent away until there is room."""
    verdicts = []
    for room in (10**12, 500 * 1024**2, 1024**2):
        monkeypatch.setattr(health_module, "room_in", lambda _folder, room=room: room)
        monkeypatch.setattr(intake_module, "room_in", lambda _folder, room=room: room)
        told = json.loads(monitor.answer("/health")[2])
        said = asyncio.run(call(build_app(intake), replace(visitor.ask("GET", "/v1/health"), certificate=None)))
        verdicts.append((told["status"], monitor.answer("/health")[0], said.status))
    assert verdicts == [("pass", 200, 200), ("warn", 200, 200), ("fail", 503, 503)]
    assert int(said.headers["retry-after"]) >= 1


@pytest.mark.parametrize(
    ("error", "name"),
    [(OperationalError("SELECT 'A0001'", {}, Exception("A0001")), "database"), (StandbyGone("gone"), "standby")],
    ids=["database", "standby"],
)
def test_a_database_that_is_gone_is_told(
    ledger: Ledger, monitor: Monitor, monkeypatch: pytest.MonkeyPatch, error: Exception, name: str
) -> None:
    """The report fails and names what is gone by a code, never by the text of an error."""

    def gone(_work: object) -> None:
        raise error

    monkeypatch.setattr(ledger, "write", gone)
    status, _, body = monitor.answer("/health")
    assert (status, json.loads(body)["checks"][0]["name"]) == (503, name)
    assert b"A0001" not in body
    assert f'check="{name}",verdict="fail"' in monitor.answer("/metrics")[2].decode()


def test_the_log_is_lines_of_json_that_name_nobody(
    intake: Intake, visitor: Visitor, counters: Counters, material: IntakeMaterial
) -> None:
    """Of requests of every kind the log has operation, status, code and duration, and no word of what was sent."""
    stream = io.StringIO()
    former = EVENTS.level
    start_log(stream)
    try:
        app: Any = Measured(build_app(intake), counters)
        package = visitor.package()
        for asked in (
            visitor.put(package),
            visitor.ask("GET", "/v1/state?name=DURAND&nir=284057599900127"),
            visitor.ask("GET", "/DURAND/284057599900127"),
            visitor.ask("PUT", "/v1/claims/DURAND", b"DURAND", content_type="text/DURAND"),
            visitor.ask("POST", "/v1/enrolments", b'{"name":"DURAND"}', content_type="application/json"),
        ):
            asyncio.run(call(app, asked))
    finally:
        start_log()
        EVENTS.setLevel(former)
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    kinds = Counter(line["event"] for line in lines)
    assert kinds["request"] == 5
    assert all(line["ms"] >= 0 and isinstance(line["status"], int) for line in lines if line["event"] == "request")
    assert set().union(*lines) <= {"at", "level", "event", "method", "operation", "status", "problem", "ms"}
    assert not re.search(r"DURAND|2840575|A0001", stream.getvalue())
    assert material.settings.amc
