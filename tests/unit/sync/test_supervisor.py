"""What the service manager hears: sd_notify over path and abstract sockets."""

import os
import secrets
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.supervisor import Supervisor


@pytest.fixture(params=["path", "abstract"])
def manager(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, socket.socket]]:
    """A manager that listens, and the name under which it does."""
    name = str(tmp_path / "notify") if request.param == "path" else f"@comptoir-{secrets.token_hex(8)}"
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as listening:
        listening.bind("\0" + name[1:] if name.startswith("@") else name)
        listening.settimeout(10)
        yield name, listening


def test_each_word_is_one_datagram(manager: tuple[str, socket.socket]) -> None:
    """READY, WATCHDOG, STATUS and STOPPING reach the manager as systemd spells them."""
    name, listening = manager
    supervisor = Supervisor({"NOTIFY_SOCKET": name})
    said = [supervisor.ready(), supervisor.alive(), supervisor.doing("waiting 2"), supervisor.stopping()]
    assert said == [True] * 4
    assert [listening.recv(100) for _ in range(4)] == [b"READY=1", b"WATCHDOG=1", b"STATUS=waiting 2", b"STOPPING=1"]


def test_without_a_manager_nothing_is_said(tmp_path: Path) -> None:
    """No socket named, or nobody at it: the service goes on."""
    assert not Supervisor({}).ready()
    assert not Supervisor({"NOTIFY_SOCKET": str(tmp_path / "nobody")}).ready()


@pytest.mark.parametrize(
    ("environment", "granted"),
    [
        ({"WATCHDOG_USEC": "60000000"}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": str(os.getpid())}, 60.0),
        ({"WATCHDOG_USEC": "60000000", "WATCHDOG_PID": "1"}, None),
        ({"WATCHDOG_USEC": "0"}, None),
        ({"WATCHDOG_USEC": "soon"}, None),
        ({}, None),
    ],
)
def test_what_the_watchdog_grants(environment: dict[str, str], granted: float | None) -> None:
    """The time is the manager's, for this process only; what is no number is no watchdog."""
    assert Supervisor(environment).watchdog_seconds == granted
