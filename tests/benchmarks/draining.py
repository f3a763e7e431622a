"""A backlog drained over TLS, and what it is judged by: the slower of the two sides at its own work, without a line.

Rules: a real home with sealed claims, a real receiver behind TLS on this machine, its log published as it always is;
every receipt is compared with the receiver's database at the end. Beside it, in the same run, the ceilings:

- the terminal's: the claims of the same backlog by the time that its pass took outside of the line (numbered, signed,
  kept in both files, receipts and proofs verified, settled);
- the receiver's: claims of another terminal by the time that its intake takes for them in batches of a hundred, in
  this process, without network and HTTP (signatures checked, filed, receipts signed, committed, log published);
- and what opening and verifying alone takes there, which is no part of taking in (the opener does it later).

One by one is the same drain in batches of one, of fewer claims. The terminal is a process of its own, run as this
module, which keeps its memory out of swap as the service does: it prints JSON.
"""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import Final

import pytest

from sync.client import InsurerClient
from sync.contract.exchange import BATCH_TYPE, join_batch
from sync.crypto.certificates import der_of
from sync.memory import keep_out_of_swap
from sync.peer import PushResult
from sync.receiver.databases import open_ledger
from sync.receiver.folder import open_intake
from sync.receiver.intake import Intake
from sync.receiver.log_folder import open_log
from tests.benchmarks import storm
from tests.benchmarks.table import Figures
from tests.integration.receiver.load import SimTerminal
from tests.integration.receiver.terminals import stored
from tests.integration.sync.world import Insurer, Terminal, now
from tests.unit.sync.receiver.visitor import AMC

BATCH: Final = 100
SOME: Final = 2000
FEWER: Final = 20
"""One by one is measured with this part of them."""


def measure(scratch: Path, count: int) -> Figures:
    """The figures of `count` waiting claims; the ceilings are taken of as many, up to a bound."""
    program = [sys.executable, "-m", "tests.benchmarks.draining", str(scratch), str(count)]
    told: Figures = json.loads(subprocess.run(program, stdout=subprocess.PIPE, check=True).stdout)
    return told


def _measured(scratch: Path, count: int) -> Figures:
    some = min(count, SOME)
    with tempfile.TemporaryDirectory(dir=scratch) as folder, ExitStack() as stack:
        insurer = Insurer.make(Path(folder, "insurer"), AMC)
        stack.callback(insurer.close)
        insurer.start()
        terminal = Terminal.make(Path(folder, "home"))
        stack.callback(terminal.home.close)
        terminal.enrol(insurer)
        other = SimTerminal.enrolled(insurer)
        other.seal(some)
        seconds, _ = _drained(terminal, count)
        with _in_turns():
            turns, line = _drained(terminal, some)
        with _in_turns(), _in_batches_of(1):
            alone, _ = _drained(terminal, max(some // FEWER, 1))
        _check(insurer, terminal)
        bare = storm.opened_and_verified(insurer, [other])
        insurer.stop()
        intake = _intake(insurer, other)
    ceilings = {"terminal_per_second": some / (turns - line), "intake_per_second": intake}
    rate = count / seconds
    return {
        "claims": count,
        "drained_per_second": rate,
        "in_turns_per_second": some / turns,
        "one_by_one_per_second": max(some // FEWER, 1) / alone,
        **ceilings,
        "bare_per_second": bare,
        "ratio": rate / min(ceilings.values()),
        "bare_ratio": rate / bare,
        "batch_ratio": rate / (max(some // FEWER, 1) / alone),
    }


def _drained(terminal: Terminal, count: int) -> tuple[float, float]:
    """Register so many claims and drain them: seconds of the pass, and of its pushes."""
    terminal.register(AMC, count)
    with pytest.MonkeyPatch.context() as patch:
        line = _timed(patch)
        start = perf_counter()
        report = terminal.drain()
        seconds = perf_counter() - start
    if (report.acknowledged, report.proved, report.errors) != (count, count, {}):
        raise RuntimeError(f"{report.acknowledged} of {count} claims were settled: {report.errors}")
    return seconds, sum(line)


def _timed(patch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each push from now on."""
    seconds: list[float] = []
    true_push = InsurerClient.push

    def push(client: InsurerClient, packages: Sequence[bytes]) -> list[PushResult]:
        start = perf_counter()
        try:
            return true_push(client, packages)
        finally:
            seconds.append(perf_counter() - start)

    patch.setattr(InsurerClient, "push", push)
    return seconds


@contextmanager
def _in_turns() -> Iterator[None]:
    """The terminal waits for each answer before it does anything else."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.engine._Visit._make_ready", lambda *_: None)
        yield


@contextmanager
def _in_batches_of(number: int) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("sync.decision.batch_size", lambda _failures: number)
        yield


def _check(insurer: Insurer, terminal: Terminal) -> None:
    rows = terminal.home.outbox.rows()
    with open_ledger(insurer.folder) as ledger:
        kept = stored(ledger)
    if kept != {row.claim_id: row.receipt for row in rows} or {row.state for row in rows} != {"acknowledged"}:
        raise RuntimeError("the drain lost or doubled a claim")


def _intake(insurer: Insurer, shop: SimTerminal) -> float:
    """Claims a second that the intake takes in batches, without network: everything but HTTP and TLS."""
    material, origin = open_intake(insurer.folder), insurer.endpoint
    certificate = der_of(shop.record.certificate_pem.encode("ascii"))
    with open_ledger(insurer.folder) as ledger:
        intake = Intake(ledger, material, origin, now, open_log(insurer.folder, ledger, now))
        visitor = shop.visitor
        visitor.clock.at = now()
        batches = [shop.packages[start : start + BATCH] for start in range(0, len(shop.packages), BATCH)]
        bodies = [join_batch(tuple(batch)) for batch in batches]
        asked = [
            replace(visitor.ask("POST", "/v1/claims:batch", body, origin=origin, content_type=BATCH_TYPE),
                    certificate=certificate)
            for body in bodies
        ]  # fmt: skip
        start = perf_counter()
        answers = [intake.push_batch(one) for one in asked]
        seconds = perf_counter() - start
    if any(answer.body.count(b'"status":201') != len(batch) for answer, batch in zip(answers, batches, strict=True)):
        raise RuntimeError("the intake refused a claim")
    return len(shop.packages) / seconds


def line(found: Figures) -> str:
    """The drain in words."""
    return (
        f"{found['claims']:.0f} waiting claims drained over TLS: {found['drained_per_second']:.0f} a second"
        f" (in turns {found['in_turns_per_second']:.0f}, one by one {found['one_by_one_per_second']:.0f}: batches"
        f" × {found['batch_ratio']:.1f}) ÷ the slower of terminal {found['terminal_per_second']:.0f} and intake"
        f" {found['intake_per_second']:.0f} = {found['ratio']:.2f} (goal 0.80); ÷ {found['bare_per_second']:.0f}"
        f" opened and verified = {found['bare_ratio']:.2f}\n"
    )


if __name__ == "__main__":
    keep_out_of_swap()
    sys.stdout.write(json.dumps(_measured(Path(sys.argv[1]), int(sys.argv[2]))))
