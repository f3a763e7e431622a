"""Insurer, witnesses and terminal over the network: proofs that hold, and logs that do not get away with anything."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.sync.watched import (
    WitnessProcess,
    judged_independently,
    log_of,
    name_witnesses,
    why_no_judge,
)
from tests.integration.sync.world import Insurer, Terminal, now
from tests.volume import volume

AMC = "99999961"
CLAIMS = volume(120, 1000)


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[tuple[Insurer, list[WitnessProcess]]]:
    """An insurer that is up, with two witnesses that both have to cosign."""
    with ExitStack() as stack:
        made = Insurer.make(tmp_path / "insurer", AMC)
        stack.callback(made.close)
        log = str(log_of(made)["vkey"])
        witnesses = [WitnessProcess(tmp_path / f"w{number}", f"witness.example/w{number}") for number in (1, 2)]
        for one in witnesses:
            stack.callback(one.start(log).stop)
        name_witnesses(made, witnesses, 2)
        yield made.start(), witnesses


@pytest.fixture
def terminal(make_terminal: Callable[[], Terminal], watched: tuple[Insurer, list[WitnessProcess]]) -> Terminal:
    """A terminal enrolled with it."""
    made = make_terminal()
    made.enrol(watched[0])
    return made


def found(terminal: Terminal) -> tuple[int, int, list[str], list[str], list[str]]:
    """Proofs that hold, accepted checkpoints, claims that wait, false or late ones, and troubles; all offline."""
    verdict = terminal.home.logs.check(terminal.home.outbox.get, now())
    return verdict.proved, len(verdict.heads), verdict.waiting, verdict.false + verdict.late, verdict.troubles


def test_proofs_come_with_receipts_and_hold_offline(
    watched: tuple[Insurer, list[WitnessProcess]], terminal: Terminal
) -> None:
    """Single claims and batches are proved at once, and all of it is verified again with every process down."""
    insurer, witnesses = watched
    for count in (1, 3, 2):
        terminal.register(AMC, count)
        report = terminal.drain()
        assert (report.acknowledged, report.proved, report.unproved, report.errors) == (count, count, 0, {})
    insurer.stop()
    for one in witnesses:
        one.stop()
    assert found(terminal) == (6, 3, [], [], [])
    assert log_of(insurer)["checked"] == 6


@pytest.mark.skipif(bool(why_no_judge()), reason=why_no_judge())
def test_an_independent_implementation_agrees(
    watched: tuple[Insurer, list[WitnessProcess]], terminal: Terminal, tmp_path: Path
) -> None:
    """Go's sumdb packages accept every proof, cosignature and tile, and find the checkpoints consistent."""
    insurer, _ = watched
    for _ in range(4):
        terminal.register(AMC, CLAIMS // 4)
        terminal.drain()
    proved, heads, *rest = found(terminal)
    assert (proved, rest) == (CLAIMS, [[], [], []])
    counts = judged_independently(insurer, terminal, tmp_path)
    assert counts == {
        "proofs": CLAIMS,
        "refused": 0,
        "cosignatures": 2 * CLAIMS,
        "checkpoints": heads,
        "consistent": heads,
    }


def test_a_missing_witness_costs_the_proof_for_a_while(
    watched: tuple[Insurer, list[WitnessProcess]], terminal: Terminal
) -> None:
    """The receipt counts, the claim waits for its proof; later the same receipt comes with it."""
    insurer, witnesses = watched
    witnesses[1].stop(kill=True)
    (claim_id,) = terminal.register(AMC)
    report = terminal.drain()
    receipt = terminal.home.outbox.get(claim_id).receipt
    assert (report.acknowledged, report.proved, report.unproved, report.errors) == (1, 0, 1, {})
    assert found(terminal)[2] == [claim_id]
    witnesses[1].start(str(log_of(insurer)["vkey"]))
    insurer.stop()
    insurer.start()
    report = terminal.drain_later()
    assert (report.proved, report.unproved) == (1, 0)
    assert terminal.home.outbox.get(claim_id).receipt == receipt
    assert found(terminal) == (1, 1, [], [], [])


def refusals(witness: WitnessProcess) -> list[object]:
    """The codes under which a witness refused checkpoints."""
    return [event["error"] for event in witness.events() if event["event"] == "checkpoint_refused"]


def test_a_log_restored_from_an_old_copy_is_noticed_by_all(
    watched: tuple[Insurer, list[WitnessProcess]], terminal: Terminal, tmp_path: Path
) -> None:
    """Shrunk, then forked: the terminal names it and keeps the signed evidence, the witnesses do not cosign."""
    insurer, witnesses = watched
    terminal.register(AMC, 2)
    terminal.drain()
    insurer.stop()
    shutil.copytree(insurer.folder, tmp_path / "old")
    insurer.start()
    terminal.register(AMC, 3)
    assert terminal.drain().proved == 3
    insurer.stop()
    shutil.rmtree(insurer.folder)
    (tmp_path / "old").rename(insurer.folder)
    insurer.start()
    terminal.register(AMC)
    shrunk = terminal.drain()
    assert (shrunk.acknowledged, shrunk.proved, shrunk.errors) == (1, 0, {AMC: "log_shrunk"})
    insurer.stop()
    insurer.start()
    terminal.register(AMC, 4)
    forked = terminal.drain()
    assert (forked.acknowledged, forked.proved, forked.errors) == (4, 0, {AMC: "log_forked"})
    assert [set(refusals(one)) for one in witnesses] == [{"log_shrunk", "log_forked"}] * 2
    origin = str(log_of(insurer)["log"])
    proved, _, waiting, wrong, troubles = found(terminal)
    assert (proved, len(waiting), wrong) == (5, 5, [])
    assert troubles == [f"log_shrunk {origin}", f"log_forked {origin}"]
