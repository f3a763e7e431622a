"""Insurers go down, are killed, come back; the intake lives without the opener; stopping is bounded and clean."""

import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from sync.receiver.cli import main
from tests.integration.sync.world import Insurer, Terminal
from tests.unit.sync.receiver.visitor import AMC

OTHER = "88888886"
MakeInsurer = Callable[[str], Insurer]


def test_down_then_up(terminal: Terminal, own_insurer: MakeInsurer) -> None:
    """While the insurer is down the claims wait; when it is back the same bytes settle, each once."""
    insurer = own_insurer(AMC)
    terminal.enrol(insurer)
    assert insurer.stop() == 0
    terminal.confirmed.add(AMC)
    ids = terminal.register(AMC, 5)
    down = terminal.drain()
    packages = [row.package for row in terminal.home.outbox.rows()]
    insurer.start()
    up = terminal.drain_later()
    assert (down.errors, down.acknowledged) == ({AMC: "insurer_unreachable"}, 0)
    assert (up.acknowledged, up.duplicates, up.errors) == (5, 0, {})
    assert [row.package for row in terminal.home.outbox.rows()] == packages
    assert [claim["claim_id"] for claim in insurer.claims()] == ids


def test_two_insurers_one_down(terminal: Terminal, own_insurer: MakeInsurer) -> None:
    """Claims of the insurer that is up are settled, those of the other one wait."""
    up, down = own_insurer(AMC), own_insurer(OTHER)
    for insurer in (up, down):
        terminal.enrol(insurer)
    down.stop()
    terminal.register(OTHER, 2)
    terminal.register(AMC, 2)
    report = terminal.drain()
    assert report.errors == {OTHER: "insurer_unreachable"}
    assert terminal.states() == ["queued"] * 2 + ["acknowledged"] * 2
    down.start()
    assert terminal.drain_later().acknowledged == 2
    assert {claim["message"]["insurer"] for claim in down.claims()} == {OTHER}


def test_a_killed_insurer_keeps_its_word(terminal: Terminal, own_insurer: MakeInsurer) -> None:
    """After kill -9 every acknowledged claim is there, and its bytes get the receipt they got before."""
    insurer = own_insurer(AMC)
    terminal.enrol(insurer)
    terminal.register(AMC, 10)
    terminal.drain()
    rows = terminal.home.outbox.rows()
    insurer.stop(kill=True)
    insurer.start()
    with terminal.client(AMC) as client:
        again = client.push([row.package or b"" for row in rows])
        assert client.state().seq == 10
    assert [(result.status, result.receipt) for result in again] == [(200, row.receipt) for row in rows]


def test_a_lost_answer_is_asked_for_again(terminal: Terminal, own_insurer: MakeInsurer) -> None:
    """When the insurer had stored the claims and nobody heard it, the next pass settles them as duplicates."""
    insurer = own_insurer(AMC)
    terminal.enrol(insurer)
    ids = terminal.register(AMC, 3)
    with terminal.client(AMC) as client:
        client.push([terminal.package(claim_id) for claim_id in ids])
    report = terminal.drain()
    assert (report.acknowledged, report.duplicates) == (3, 3)
    assert len(insurer.claims()) == 3


def test_the_intake_works_without_the_opener(terminal: Terminal, own_insurer: MakeInsurer, tmp_path: Path) -> None:
    """With the opener's folder away the insurer enrols and receives; put back, it opens what came meanwhile."""
    insurer = own_insurer(AMC)
    insurer.stop()
    away = tmp_path / "safe"
    shutil.move(insurer.folder / "opener", away)
    shutil.move(insurer.folder / "authority", tmp_path / "offline")
    insurer.start()
    terminal.enrol(insurer)
    terminal.register(AMC, 2)
    assert terminal.drain().acknowledged == 2
    assert not (insurer.folder / "opener").exists()
    shutil.move(away, insurer.folder / "opener")
    assert len(insurer.claims()) == 2


@pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not installed here")
def test_the_intake_never_looks_into_the_opener(terminal: Terminal, own_insurer: MakeInsurer, tmp_path: Path) -> None:
    """In all system calls of the intake that name a file, none names the opener's folder."""
    insurer = own_insurer(AMC)
    insurer.stop()
    trace = tmp_path / "trace"
    insurer.wrapper = ("strace", "-f", "-e", "trace=%file", "-o", str(trace))
    insurer.start()
    terminal.enrol(insurer)
    terminal.register(AMC, 2)
    assert terminal.drain().acknowledged == 2
    insurer.stop()
    calls = trace.read_text("utf-8", "replace")
    assert str(insurer.folder / "intake" / "signing.key") in calls
    assert str(insurer.folder / "opener") not in calls
    assert str(insurer.folder / "authority") + "/" not in calls


def test_stopping_does_not_wait_for_idle_connections(terminal: Terminal, own_insurer: MakeInsurer) -> None:
    """SIGTERM ends the insurer with status 0 while a terminal keeps a connection and a stranger sends nothing."""
    insurer = own_insurer(AMC)
    terminal.enrol(insurer)
    with terminal.client(AMC) as client, socket.create_connection(("127.0.0.1", insurer.port)):
        assert client.state().seq == 0
        assert insurer.stop() == 0


def test_a_taken_port_is_said_to_be_taken(own_insurer: MakeInsurer, capfd: pytest.CaptureFixture[str]) -> None:
    """A second server on the same address ends at once with exit status 3 and a stable code."""
    insurer = own_insurer(AMC)
    status = main(["serve", "--dir", str(insurer.folder), "--port", str(insurer.port), "--json"])
    assert status == 3
    assert '"code": "address_unavailable"' in capfd.readouterr().out


def test_readiness_is_a_whole_file(own_insurer: MakeInsurer, tmp_path: Path) -> None:
    """The ready file appears with the bound port, and nothing partial is left beside it."""
    insurer = own_insurer(AMC)
    insurer.stop()
    ready = tmp_path / "ready" / "insurer.json"
    ready.parent.mkdir()
    insurer.start("--ready-file", str(ready))
    assert f'"port": {insurer.port}' in ready.read_text("utf-8")
    assert list(ready.parent.iterdir()) == [ready]
