"""What is recorded: a day at the real counter, with marks of all that was promised, to whom, and when.

Rules: claims are registered through `terminal.workflow` and leave through `sync.engine`; some are corrected, some
cancelled, some replies are lost. A mark is written to a file outside the home at the moment when a person (or the
insurer) is told; the recorder sees it between the writes. Run as a program with a specification, it works one copy of
the home for each job, in a process of its own (so with a trace of its own).
"""

import json
import os
import random
from dataclasses import asdict
from datetime import datetime, timedelta
from pathlib import Path

import msgspec

import terminal.config
from hardware import CardSource
from hardware.emulator import EmulatedSource
from sync.crypto.signing import SigningKey
from sync.engine import drain
from terminal.bootstrap import open_desk
from terminal.workflow.counter import Counter
from terminal.workflow.desk import Desk
from terminal.workflow.models import FRAME_A, LENS_A
from terminal.workflow.types import Draft, DraftLine
from tests.faults.power.insurer import Insurer
from tests.faults.power.planted import FAULTS, Planting, Say
from tests.tui.real_shop import PIN, USER


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One day: the home to work on, where its marks go, what is planted (empty: nothing), how many claims.

    `upkeep` names what is done to the home instead (`upkeep.UPKEEP`), with files beside it.
    """

    home: str
    marks: str
    fault: str
    claims: int
    insurer: str
    upkeep: str = ""


class Marks:
    """Appends what was promised, one JSON line a promise."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def __call__(self, what: str, **facts: object) -> None:
        """Say it now."""
        os.write(self._descriptor, json.dumps({"what": what, **facts}).encode("ascii") + b"\n")


class Day:
    """The acts of one day, each with its marks."""

    def __init__(self, desk: Desk, mark: Say, insurer: Insurer) -> None:
        self._desk, self._counter, self._mark, self._insurer = desk, Counter(desk), mark, insurer
        self._draft = _draft(self._counter, desk.cards)

    def work(self, claims: int) -> None:
        """Register so many claims; every third is corrected, every fifth cancelled; every fourth time all leave."""
        for number in range(1, claims + 1):
            claim_id = self.register()
            if number % 3 == 0:
                claim_id = self._correct(claim_id)
            if number % 5 == 0:
                self._cancel(claim_id)
            if number % 4 == 0:
                self._insurer.loses_replies = number % 8 == 4
                self._send()
                self._configure(number)
        self._insurer.loses_replies = False
        self._send()

    def register(self, replaces: str | None = None) -> str:
        """Register a claim, and say so; its id."""
        done = self._counter.submit(self._draft, replaces)
        digest = self._desk.home.outbox.get(done.claim_id).digest
        self._mark("said", claim=done.claim_id, number=done.number, digest=digest)
        return done.claim_id

    def _correct(self, claim_id: str) -> str:
        self._mark("correcting", claim=claim_id)
        corrected = self.register(claim_id)
        self._mark("corrected", claim=claim_id)
        return corrected

    def _cancel(self, claim_id: str) -> None:
        self._mark("cancelling", claim=claim_id)
        self._counter.cancel(claim_id)
        self._mark("cancelled", claim=claim_id)

    def _send(self) -> None:
        outbox = self._desk.home.outbox
        outbox.hurry()
        drain(outbox, lambda _: self._insurer, self._later, random.Random(0))
        self._mark("settled", claims=outbox.ids({"acknowledged"}))

    def _configure(self, number: int) -> None:
        changed = msgspec.structs.replace(self._desk.config, idle_lock_seconds=100 + number)
        terminal.config.write_config(self._desk.home.path, changed)

    def _later(self) -> datetime:
        return self._desk.now() + timedelta(days=1)


def work(job: Job, mark: Say) -> None:
    """One day on one home, with the job's fault planted."""
    home = Path(job.home)
    signing = SigningKey.from_bytes(bytes.fromhex(job.insurer))
    cards = EmulatedSource()
    cards.insert("simple")
    with open_desk(home, cards) as desk:
        insurer = Insurer(signing, desk.home.signer, told=lambda received: mark("received", **asdict(received)))
        desk.vault.unlock(USER, PIN)
        if job.fault:
            FAULTS[job.fault](Planting(desk, mark, insurer))
        Day(desk, mark, insurer).work(job.claims)


def _draft(counter: Counter, cards: CardSource) -> Draft:
    person = counter.read_card(cards.readers()[0])[0]
    choice = counter.insurers()[0]
    lines = (
        DraftLine("frame", None, FRAME_A, 3000),
        DraftLine("lens", "right", LENS_A, 3250),
        DraftLine("lens", "left", LENS_A, 3250),
    )
    prescribed = counter.today() - timedelta(days=9)
    return Draft(person, prescribed, 60, lines, choice.amc, choice.contracts[0].id)
