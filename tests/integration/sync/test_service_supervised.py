"""`comptoir-sync` under a service manager: what it says there, in its status file and in its metrics."""

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import entry_points
from pathlib import Path

import pytest
from msgspec.structs import replace

from sync.service_state import ServiceState, is_alive, read_state
from tests.integration.sync.world import Terminal
from tests.unit.sync.receiver.visitor import AMC

pytestmark = pytest.mark.skipif(
    not entry_points(group="comptoir.device_secret", name="file"),
    reason="the distribution is not installed, so no provider of device secrets is registered",
)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[socket.socket]:
    """A service manager's socket."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind(str(tmp_path / "notify"))
        listening.settimeout(60)
        yield listening


def supervised(terminal: Terminal, manager: socket.socket, metrics: Path) -> "subprocess.Popen[bytes]":
    """The service, with a watchdog of half a second."""
    told = {"NOTIFY_SOCKET": manager.getsockname(), "WATCHDOG_USEC": "500000"}
    command = [sys.executable, "-W", "error", "-m", "sync.daemon", "--home", str(terminal.home.path)]
    return subprocess.Popen(
        [*command, "--metrics", str(metrics)], env={**os.environ, **told}, stderr=subprocess.DEVNULL
    )


def heard_until(manager: socket.socket, last: bytes) -> list[bytes]:
    """What the manager hears, up to this word; the test fails when it does not come."""
    heard = [manager.recv(1000)]
    while heard[-1] != last:
        heard.append(manager.recv(1000))
    return heard


def test_the_manager_hears_of_the_whole_life(enrolled: Terminal, manager: socket.socket, tmp_path: Path) -> None:
    """Ready once, alive again and again, what waits in one line, stopping at the end; the status file agrees."""
    enrolled.register(AMC, 2)
    metrics = tmp_path / "comptoir.prom"
    process = supervised(enrolled, manager, metrics)
    try:
        heard = heard_until(manager, b"STATUS=waiting 0, rejected 0, failing 0")
        heard += [manager.recv(1000) for _ in range(3)]
        alive = read_state(enrolled.home.path)
        assert is_alive(alive)
    finally:
        process.terminate()
        assert process.wait(timeout=60) == 0
    heard += heard_until(manager, b"STOPPING=1")
    assert heard.count(b"READY=1") == 1
    assert heard.count(b"WATCHDOG=1") >= 3
    assert alive is not None
    assert not is_alive(alive), "what it said then, and its process is gone"
    assert (alive.pid, alive.acknowledged, alive.waiting, alive.errors) == (process.pid, 2, 0, {})
    left = read_state(enrolled.home.path)
    assert isinstance(left, ServiceState)
    assert not is_alive(left)
    assert "comptoir_sync_acknowledged_total 2\n" in metrics.read_text("ascii")
    assert metrics.stat().st_mode & 0o777 == 0o644


def test_a_killed_service_is_not_taken_for_a_living_one(
    enrolled: Terminal, manager: socket.socket, tmp_path: Path
) -> None:
    """A state of another start of the machine, too old by its uptime, or of a process that is gone: nobody lives."""
    process = supervised(enrolled, manager, tmp_path / "comptoir.prom")
    heard_until(manager, b"STATUS=waiting 0, rejected 0, failing 0")
    state = read_state(enrolled.home.path)
    assert state is not None
    assert is_alive(state)
    assert not is_alive(replace(state, boot="another"))
    assert not is_alive(replace(state, beat=state.beat - 1000))
    process.kill()
    process.wait(timeout=60)
    assert not is_alive(read_state(enrolled.home.path))
    assert not is_alive(None)
