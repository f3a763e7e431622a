"""A running intake, asked by its operator: another port, this machine only, and what it says follows what happens."""

import json
import socket
import urllib.request
from pathlib import Path

import pytest

from tests.integration.sync.world import Insurer, Terminal

AMC = "99900202"
OTHER_ADDRESS = "127.0.0.2"
"""Of this machine, and not the one the monitor is bound to."""


def told(port: int, path: str) -> str:
    """What the monitor answers."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}") as answer:
        text: str = answer.read().decode()
        return text


def test_the_operator_sees_what_terminals_do(tmp_path: Path, terminal: Terminal) -> None:
    """Claims and requests are counted while they come, the log's backlog is none, and the port is the machine's own."""
    insurer = Insurer.make(tmp_path / "insurer", AMC)
    ready = tmp_path / "ready.json"
    insurer.start("--monitor-port", "0", "--ready-file", str(ready))
    try:
        port = json.loads(ready.read_text())["monitor_port"]
        assert "comptoir_insurer_claims_total 0" in told(port, "/metrics")
        terminal.enrol(insurer)
        terminal.register(AMC, 3)
        assert terminal.drain().acknowledged == 3
        metrics = told(port, "/metrics")
        report = json.loads(told(port, "/health"))
    finally:
        insurer.close()
    assert "comptoir_insurer_claims_total 3" in metrics
    assert 'comptoir_insurer_requests_total{operation="/v1/enrolments",status="201"} 1' in metrics
    assert 'comptoir_insurer_requests_total{operation="/v1/claims:batch",status="200"} 1' in metrics
    assert "comptoir_insurer_log_waiting 0" in metrics
    assert {one["name"]: one["verdict"] for one in report["checks"]}["log"] == "pass"
    assert insurer.port != port


def test_only_this_machine_may_ask(tmp_path: Path) -> None:
    """The monitor is bound to the loopback address even when terminals are answered on every address."""
    insurer = Insurer.make(tmp_path / "insurer", AMC)
    ready = tmp_path / "ready.json"
    insurer.start("--host", "0.0.0.0", "--monitor-port", "0", "--ready-file", str(ready))
    try:
        port = json.loads(ready.read_text())["monitor_port"]
        socket.create_connection((OTHER_ADDRESS, insurer.port), timeout=5).close()
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((OTHER_ADDRESS, port), timeout=5).close()
    finally:
        insurer.close()
