"""`comptoir-sync`: one pass, the service, its lock, its log."""

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import entry_points
from typing import Any

import pytest

from sync.home import home_lock
from tests.integration.sync.world import Insurer, Terminal
from tests.unit.sync.receiver.visitor import AMC

pytestmark = pytest.mark.skipif(
    not entry_points(group="comptoir.device_secret", name="file"),
    reason="the distribution is not installed, so no provider of device secrets is registered",
)
COMMAND = [sys.executable, "-W", "error", "-m", "sync.daemon"]


def once(terminal: Terminal) -> tuple[int, dict[str, Any]]:
    """One pass in a process of its own: exit status and report."""
    command = [*COMMAND, "--home", str(terminal.home.path), "--once", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout)
    return done.returncode, found


@contextmanager
def service(terminal: Terminal) -> Iterator["subprocess.Popen[str]"]:
    """The service on this home, until the block ends."""
    command = [*COMMAND, "--home", str(terminal.home.path)]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    try:
        yield process
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stderr.close()


def wait_for(process: "subprocess.Popen[str]", event: str) -> dict[str, Any]:
    """The next log line of this event; the test hangs, and is stopped, if it never comes."""
    assert process.stderr is not None
    for line in process.stderr:
        found: dict[str, Any] = json.loads(line)
        if found["event"] == event:
            return found
    raise AssertionError(event)


def test_one_pass_sends_what_waits(enrolled: Terminal) -> None:
    """`--once` settles what waits, says so in one object and ends with status 0; the next one finds nothing."""
    enrolled.register(AMC, 3)
    first, second = once(enrolled), once(enrolled)
    assert (first[0], first[1]["acknowledged"], first[1]["errors"]) == (0, 3, {})
    assert (second[0], second[1]["pushed"]) == (0, 0)
    assert set(enrolled.states()) == {"acknowledged"}


def test_one_pass_says_that_an_insurer_is_down(terminal: Terminal, own_insurer: Callable[[str], Insurer]) -> None:
    """With the insurer down the pass ends with status 1 and the reason, and loses nothing."""
    insurer = own_insurer(AMC)
    terminal.enrol(insurer)
    insurer.stop()
    terminal.register(AMC)
    status, report = once(terminal)
    assert (status, report["errors"]) == (1, {AMC: "insurer_unreachable"})
    (row,) = terminal.home.outbox.rows()
    assert (row.state, row.seq, row.last_error) == ("queued", None, "insurer_unreachable")


def test_the_service_checks_its_home_and_names_claims(enrolled: Terminal) -> None:
    """At its start: one line that says how much failed, and one with the claim whose envelope is another one."""
    enrolled.register(AMC)
    (row,) = enrolled.home.outbox.rows()
    with enrolled.home.store.write() as connection:
        connection.exec_driver_sql("UPDATE outbox SET state = 'blocked', reason = 'recovered', envelope = x'00'")
    with service(enrolled) as process:
        assert wait_for(process, "checked")["failed"] == 1
        found = wait_for(process, "check_failed")
    assert found["check"] == "counterfoil"
    assert row.claim_id in found["detail"]


def test_the_service_sends_new_claims(enrolled: Terminal) -> None:
    """While the service runs, a claim that is registered leaves by itself; SIGTERM ends the service with status 0."""
    with service(enrolled) as process:
        wait_for(process, "started")
        enrolled.register(AMC, 2)
        drained = wait_for(process, "drained")
        assert (drained["pushed"], drained["acknowledged"]) == (2, 2)
        assert set(enrolled.states()) == {"acknowledged"}
    assert process.returncode == 0


def test_one_service_a_home(enrolled: Terminal) -> None:
    """A second service on the same home is refused, and the counter's own lock does not hinder it."""
    with service(enrolled) as process:
        wait_for(process, "started")
        status, answer = once(enrolled)
        assert (status, answer["error"]["code"]) == (1, "home_in_use")
    with home_lock(enrolled.home.path, "counter"):
        assert once(enrolled)[0] == 0


def test_without_a_home_the_environment_is_missing(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A folder without a home is exit status 3, and nothing is made in it."""
    folder = tmp_path_factory.mktemp("nothing")
    command = [*COMMAND, "--home", str(folder), "--once", "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, json.loads(done.stdout)["error"]["code"]) == (3, "home_missing")
    assert list(folder.iterdir()) == []


def test_the_log_knows_no_person_and_no_claim_text(enrolled: Terminal) -> None:
    """The log of a pass is JSON lines of counts, codes and insurer numbers."""
    enrolled.register(AMC, 2)
    command = [*COMMAND, "--home", str(enrolled.home.path), "--once"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [line["event"] for line in lines] == ["drained"]
    assert set(lines[0]) == {
        *("at", "level", "event", "pushed", "acknowledged", "duplicates", "rejected", "postponed", "blocked")
    }
