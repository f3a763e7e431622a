"""A terminal's queue and engine, two insurers that misbehave on command, and a clock that jumps, as one machine.

Rules: the queue, the engine and the inbox are the product's own, on a real encrypted file and a real counterfoil; the
model is what was registered, and the insurers' own account of what they filed. After every step the promises hold:
P1 what was registered is there, P2 no effect twice, P3 the very bytes, P4 no state without a word that verifies, P5
numbers without a gap and a chain that nobody contradicts. At the end the line is whole again and everything arrives.
"""

import random
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import Connection

from sync.adversary import MODES, Mode, SimulatedInsurer, SimulatedPeer
from sync.backoff import ceiling
from sync.crypto import SigningKey
from sync.decision import Line
from sync.engine import Lines, drain
from sync.errors import ReceiptInvalid, SyncError
from sync.inbox import Inbox
from sync.queue import Entry
from sync.queue.states import ACKNOWLEDGED, BLOCKED, CANCELLED, QUEUED, REJECTED, SENDING, SUPERSEDED
from sync.queue.tables import milliseconds
from sync.receipts import verify_receipt
from sync.store import Store, run
from tests.unit.sync.queue.conftest import Desk
from tests.unit.sync.queue.envelopes import INSURER, OTHER_INSURER, claim_id, envelope

AMCS = (INSURER, OTHER_INSURER)
SIGNER = SigningKey.generate()
START = datetime.fromisoformat("2026-11-20T09:30:00+00:00")
GRACE = timedelta(seconds=60)
JUMPS = (timedelta(days=-400), timedelta(days=30), timedelta(days=3650))
MODE = st.one_of(st.just("honest"), st.sampled_from(MODES))
WAITS = (0, 61, 600, 3600)
DYING = st.one_of(st.just(0), st.integers(0, 13))
_STATES = frozenset({QUEUED, SENDING, BLOCKED, ACKNOWLEDGED, REJECTED, CANCELLED, SUPERSEDED})


_GRID = {ceiling(failures) for failures in range(1, 30)}
"""What everybody would wait who does not draw."""


class _Seen(NamedTuple):
    """What the promises are judged by, of one claim."""

    claim_id: str
    insurer: str
    state: str
    seq: int | None
    receipt: str | None
    not_before: int
    next_try: int | None
    attempts: int


_ROWS = f"SELECT {', '.join(_Seen._fields)} FROM outbox ORDER BY entry"  # the fields of this very class
_EVENTS = "SELECT insurer, seq, signed FROM event ORDER BY insurer, seq"
_CURSORS = "SELECT insurer, seq FROM event_cursor"
_STOPPED = "SELECT insurer FROM reconciling"


class Killed(BaseException):
    """The process ends here: nobody catches it, nothing after it runs."""


class LineMachine(RuleBasedStateMachine):
    """The rules are what a shop, its line, its insurers and its clock do; `steps` counts them, of all runs."""

    steps = 0

    def __init__(self) -> None:
        super().__init__()
        self._patched = pytest.MonkeyPatch()
        self._patched.setattr("sync.store.encrypted.is_locked", lambda: True)  # its guard of memory costs half the time
        self._patched.setattr("sync.backoff.MAX_BATCH", 3)  # so that a few claims are several batches
        self.folder = Path(tempfile.mkdtemp(prefix="line-", dir=_in_memory()))
        self.desk = Desk(self.folder, SIGNER).open()
        self.inbox = Inbox(self.desk.store)
        self.insurers = {amc: SimulatedInsurer(amc, SIGNER.public) for amc in AMCS}
        self.peers = {amc: SimulatedPeer(insurer, SIGNER) for amc, insurer in self.insurers.items()}
        self.registered: dict[str, bytes] = {}
        self.withdrawn: set[str] = set()
        self.failed: set[str] = set()
        self.waits: list[float] = []
        self.judged: set[str | None] = set()
        self.numbered: set[str] = set()
        self.seen = dict.fromkeys(self.peers.values(), 0)
        self.rows: list[_Seen] = []
        self.stopped: set[str] = set()
        self.untouched = False
        self.now, self.rng = START, random.Random(7)
        self._start_service()
        for amc in AMCS:
            self._register(amc, timedelta(0))

    def _start_service(self) -> None:
        self.lines = Lines()
        self.failed = {row.insurer for row in self._read() if row.next_try}

    @rule(
        insurer=st.sampled_from(AMCS),
        grace=st.sampled_from((timedelta(0), GRACE)),
        ticks=st.lists(st.sampled_from((1, 61, -3600)), min_size=1, max_size=3),
    )
    def register(self, insurer: str, grace: timedelta, ticks: list[int]) -> None:
        """Claims are registered at the counter, and the clock goes on after each, or back."""
        self.untouched = False
        for seconds in ticks:
            self._register(insurer, grace)
            self.now += timedelta(seconds=seconds)

    def _register(self, insurer: str, grace: timedelta) -> None:
        number = len(self.registered) + 1
        sealed = envelope(number, insurer)
        self.desk.outbox.enqueue(Entry(claim_id(number), insurer, sealed, self.now, self.now + grace))
        self.registered[claim_id(number)] = sealed

    @precondition(lambda self: self._correctable())
    @rule(data=st.data())
    def withdraw(self, data: st.DataObject) -> None:
        """A claim is cancelled within its grace period."""
        self.untouched = False
        chosen = data.draw(st.sampled_from(self._correctable()))
        self.desk.outbox.void(chosen, "cancelled", SIGNER, self.now)
        self.withdrawn.add(chosen)

    @rule(jump=st.sampled_from(JUMPS))
    def the_clock_jumps(self, jump: timedelta) -> None:
        """Somebody sets it, or its battery is gone."""
        self.now += jump

    @rule(modes=st.tuples(MODE, MODE), wait=st.sampled_from(WAITS), dies=DYING)
    def drain(self, modes: tuple[Mode, Mode], wait: int, dies: int) -> None:
        """After a while, one pass, each insurer in some mode; the process may be killed at a commit, then restarts."""
        self.untouched = False
        self.now += timedelta(seconds=wait)
        for insurer, mode in zip(self.insurers.values(), modes, strict=True):
            insurer.mode = mode
        if dies:
            with self._killed_after(dies):
                self._pass()
            self._restart()
        else:
            self._drain_alive()

    def _drain_alive(self) -> None:
        """Who never failed and is honest gets all that is due, whatever the others do."""
        before = {amc: self.lines.get(amc, Line()).failures for amc in AMCS}
        self._pass()
        for amc in AMCS:
            if self.insurers[amc].mode == "honest" and amc not in self.failed and not self._stopped(amc):
                assert not self.desk.outbox.due(amc, self.now), f"the others' faults hold {amc} back"
            self._note_wait(amc, before[amc])

    @rule(insurer=st.sampled_from(AMCS), mode=MODE, count=st.integers(0, 3), dies=DYING)
    def listen(self, insurer: str, mode: Mode, count: int, dies: int) -> None:
        """An insurer says some more, and the terminal takes what continues; it may be killed at some commit."""
        self.untouched = False
        self.insurers[insurer].mode = mode
        for _ in range(count):
            self.insurers[insurer].say()
        with self._killed_after(dies), suppress(SyncError):
            self.inbox.fetch(insurer, self.peers[insurer], SIGNER.kid)
        if dies:
            self._restart()

    @precondition(lambda self: self.stopped)
    @rule()
    def agree(self) -> None:
        """A person lets stopped chains be settled."""
        self.desk.outbox.chains.allow()

    @invariant()
    def promises(self) -> None:
        """P1 to P5, and that terminals spread."""
        type(self).steps += 1
        if self.untouched:
            return
        rows = self._read()
        self._kept(rows)
        self._once_and_unchanged()
        self._proved(rows)
        self._without_a_gap(rows)
        self._in_order(rows)
        self.untouched = True
        assert not _GRID.intersection(self.waits), "retried without jitter"

    def _kept(self, rows: list[_Seen]) -> None:
        """P1: each claim is in the queue, and what was withdrawn stays so."""
        states = {row.claim_id: row.state for row in rows}
        assert states.keys() == self.registered.keys(), "a registered claim is gone"
        assert {one for one, state in states.items() if state in (CANCELLED, SUPERSEDED)} == self.withdrawn

    def _once_and_unchanged(self) -> None:
        """P2, P3: an insurer has no claim that nobody registered, none twice, none with other bytes."""
        filed = [one for insurer in self.insurers.values() for one in insurer.filed.values()]
        assert all(self.registered.get(one.claim_id) == one.envelope for one in filed), "other bytes or another claim"
        assert len({one.claim_id for one in filed}) == len(filed), "one claim at two insurers"

    def _proved(self, rows: list[_Seen]) -> None:
        """P4: acknowledged on a receipt of the very insurer that has the claim; rejected only by its refusal."""
        for row in rows:
            insurer = self.insurers[row.insurer]
            assert row.state in _STATES, "a state that nobody gave"
            assert row.state != REJECTED or row.claim_id in insurer.refused, "rejected, and nobody refused it"
            if row.state == ACKNOWLEDGED and row.receipt not in self.judged:
                assert row.claim_id in insurer.filed, "acknowledged, and the insurer does not have it"
                assert self._verifies(row.claim_id, insurer), "acknowledged on something that is no receipt"
                self.judged.add(row.receipt)

    def _verifies(self, claim: str, insurer: SimulatedInsurer) -> bool:
        row = self.desk.outbox.get(claim)
        try:
            verify_receipt(row, row.receipt or "", (insurer.key.public,), SIGNER.kid)
        except ReceiptInvalid:
            return False
        return True

    def _without_a_gap(self, rows: list[_Seen]) -> None:
        """P5: numbers are 1 to n, no insurer was ever contradicted, events are there up to the cursor."""
        for amc, insurer in self.insurers.items():
            numbers = sorted(row.seq for row in rows if row.insurer == amc and row.seq)
            assert numbers == list(range(1, len(numbers) + 1)), "a number is missing"
            assert insurer.broken == [], "the insurer was told two stories"
            kept = [one for of, _, one in self.events if of == amc]
            assert kept == insurer.events[: self.cursors.get(amc, 0)], "events are not there up to the cursor"

    def _in_order(self, rows: list[_Seen]) -> None:
        """What left together left by number, and what was numbered in this step in the order of registration."""
        numbers = {row.claim_id: row.seq or 0 for row in rows}
        place = {claim: at for at, claim in enumerate(self.registered)}
        for peer in self.peers.values():
            while self.seen[peer] < len(peer.pushes):
                push = [claim for claim in peer.pushes[self.seen[peer]] if claim in place]
                assert [numbers[one] for one in push] == sorted(numbers[one] for one in push), "not by number"
                fresh = [place[one] for one in push if one not in self.numbered]
                assert fresh == sorted(fresh), "numbered in another order than registered"
                self.seen[peer] += 1
        self.numbered = {row.claim_id for row in rows if row.seq}

    def teardown(self) -> None:
        """The line is whole and the clock goes on: everything arrives; then leave nothing behind."""
        try:
            self._arrives()
        finally:
            self.desk.close()
            self._patched.undo()
            shutil.rmtree(self.folder)

    def _arrives(self) -> None:
        for insurer in self.insurers.values():
            insurer.mode = "honest"
        self._restart()
        for _ in range(4):
            self.now += timedelta(hours=25)
            self.agree()
            self._pass()
        left = [row for row in self.desk.outbox.rows() if row.state in (QUEUED, SENDING, BLOCKED)]
        assert left == [], f"these do not arrive: {[(row.state, row.reason, row.last_error) for row in left]}"
        for amc in AMCS:
            self.inbox.fetch(amc, self.peers[amc], SIGNER.kid)
            assert self.inbox.cursor(amc) == len(self.insurers[amc].events)
        self.promises()

    def _pass(self) -> None:
        report = drain(
            self.desk.outbox,
            self.peers.__getitem__,
            lambda: self.now,
            self.rng,
            lines=self.lines,
        )
        self.failed |= report.errors.keys()

    def _note_wait(self, amc: str, before: int) -> None:
        """How long the insurer is left alone, if it failed just now."""
        if self.lines.get(amc, Line()).failures <= before or self.insurers[amc].mode == "busy":
            return
        until = self.lines.get(amc, Line()).shut_until
        if until is not None:
            self.waits.append((until - self.now).total_seconds())

    def _stopped(self, amc: str) -> bool:
        return any(one.insurer == amc for one in self.desk.outbox.chains.reconciling())

    def _correctable(self) -> list[str]:
        now = milliseconds(self.now)
        return [row.claim_id for row in self.rows if row.state == QUEUED and not row.seq and now < row.not_before]

    def _read(self) -> list[_Seen]:
        """What the store holds at one instant, for the promises and for what may be done next."""
        with self.desk.store.read() as connection:
            self.rows = [_Seen(*found) for found in run(connection, _ROWS)]
            self.events, self.cursors = run(connection, _EVENTS), dict(run(connection, _CURSORS))
            self.stopped = {insurer for (insurer,) in run(connection, _STOPPED)}
        return self.rows

    def _restart(self) -> None:
        self.desk.reopen().reconcile()
        self.inbox = Inbox(self.desk.store)
        self._start_service()

    @contextmanager
    def _killed_after(self, commits: int) -> Iterator[None]:
        """A kill before the transaction with this number, or right after its commit (every second one)."""
        store, begun = self.desk.store, 0
        true_write: Callable[[], Any] = Store.write.__get__(store)

        @contextmanager
        def write() -> Iterator[Connection]:
            nonlocal begun
            begun += 1
            if commits and begun * 2 == commits:
                raise Killed
            with true_write() as connection:
                yield connection
            if begun * 2 + 1 == commits:
                raise Killed

        store.write = write  # type: ignore[method-assign]  # this one store, until it is closed
        try:
            yield
        except Killed:
            return
        finally:
            del store.write  # the class's own is back


def _in_memory() -> Path | None:
    """Flushes prove nothing here, and cost most of the time."""
    return Path("/dev/shm") if Path("/dev/shm").is_dir() else None
