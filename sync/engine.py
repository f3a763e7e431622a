"""Waiting claims leave, receipts come back: one bounded pass over every insurer that something waits for.

Rules: what to do is decided elsewhere (`sync.decision`, pure); here it is done: asked, sent, kept in the store. Each
action is done in the order in which it was decided, and what it brings is the next event. While a full batch is under
way, the receipts of the one before it, which verified, are kept, and the next one is numbered and signed: that one
leaves once the answers are judged, if that is what is decided then; else it waits, like whatever has a number. An
insurer that fails touches no other. Errors of insurers are in the report, errors of the store are raised.
"""

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from sync.backoff import batch_size
from sync.decision import (
    Action,
    Answered,
    AskForProofs,
    Began,
    Block,
    Confirm,
    Confirmed,
    Contest,
    Contested,
    Emptied,
    Event,
    Failed,
    Judged,
    Keep,
    Line,
    Malformed,
    Postpone,
    Push,
    Reject,
    Report,
    StopChain,
    decide,
    judge,
)
from sync.errors import (
    ContractError,
    InsurerRefused,
    InsurerUnknown,
    InsurerUnreachable,
    InsurerUntrusted,
    KeyInvalid,
    ProofMissing,
    ReceiptInvalid,
    SignatureInvalid,
    SyncError,
    TransitionInvalid,
    WitnessesMissing,
)
from sync.logbook import Findings
from sync.logbook import write as write_findings
from sync.logwatch import ASK_AGAIN, LogWatch
from sync.peer import Peer, PushResult
from sync.queue import Outbox, Reconciling, Row, Settlement
from sync.queue.asides import FORM_PROBLEMS
from sync.settling import is_continued, is_contradicted, settle

_KNOWN: Final = 200
_PEER_ERRORS: Final = (
    InsurerUnreachable,
    InsurerUntrusted,
    InsurerRefused,
    InsurerUnknown,
    SignatureInvalid,
    ReceiptInvalid,
    ContractError,
    KeyInvalid,
)
_PATIENT: Final = (ProofMissing.code, WitnessesMissing.code)
"""Why a proof may come later without anything being wrong."""

Observer = Callable[[str, int], None]


class Lines(dict[str, Line]):
    """What is known of each insurer's line, kept by whoever drains again and again."""


@dataclass
class DrainReport:
    """What one pass did.

    `acknowledged` counts claims settled now, each on a receipt that was `verified`; `duplicates` those the insurer
    had already; `blocked` are the claims of a fork or conflict; `settled` the chains settled in this pass; `proved`
    and `unproved` are claims whose insurer's log was, or was not, shown to hold them; `errors` is a code per insurer.
    """

    pushed: int = 0
    acknowledged: int = 0
    verified: int = 0
    duplicates: int = 0
    rejected: int = 0
    postponed: int = 0
    proved: int = 0
    unproved: int = 0
    blocked: list[str] = field(default_factory=list)
    settled: list[Settlement] = field(default_factory=list)
    errors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Pass:
    outbox: Outbox
    peer_for: Callable[[str], Peer]
    now: Callable[[], datetime]
    rng: random.Random
    observe: Observer
    go_on: Callable[[], bool]
    lines: Lines
    report: DrainReport
    logs: LogWatch | None

    def count(self, name: str, number: int) -> None:
        if number:
            setattr(self.report, name, getattr(self.report, name) + number)
            self.observe(name, number)


def drain(  # noqa: PLR0913  # all that a pass touches is passed in, so that nothing of it is hidden state
    outbox: Outbox,
    peer_for: Callable[[str], Peer],
    now: Callable[[], datetime],
    rng: random.Random,
    observe: Observer = lambda _name, _number: None,
    *,
    lines: Lines | None = None,
    go_on: Callable[[], bool] = lambda: True,
    logs: LogWatch | None = None,
) -> DrainReport:
    """Push all that may leave at `now()`; errors of insurers are in the report, errors of the store are raised.

    `observe(name, number)` is told of each step: pushed, verified, acknowledged, duplicates, rejected, postponed.
    `go_on` is asked before each request. `lines` are kept by a caller that drains again and again. With `logs`, the
    proofs beside receipts are judged, and missing ones asked for again.
    """
    kept = lines if lines is not None else Lines()
    state = _Pass(outbox, peer_for, now, rng, observe, go_on, kept, DrainReport(), logs)
    stopped = {one.insurer: one for one in outbox.chains.reconciling()}
    settling = {insurer for insurer, one in stopped.items() if one.allowed}
    for insurer in sorted(settling.union(insurers_due(outbox, logs, now()))):
        _Visit(state, insurer).run(stopped.get(insurer))
    return state.report


def insurers_due(outbox: Outbox, logs: LogWatch | None, now: datetime) -> list[str]:
    """The insurers that a claim may leave for at `now`, or that owe a proof that is to be asked for."""
    return list(dict.fromkeys((*outbox.insurers_due(now), *(logs.book.insurers_waiting(now) if logs else ()))))


@dataclass(frozen=True)
class _Batch:
    """Claims that have their numbers, durably, and their packages; `rows` as they were before."""

    rows: list[Row]
    packages: list[bytes] = field(repr=False)


class _Visit:
    """One insurer's turn in a pass: decisions are asked for and done, until nothing follows."""

    def __init__(self, state: _Pass, insurer: str) -> None:
        self._pass = state
        self._insurer = insurer
        self._results: dict[str, tuple[Row, PushResult]] = {}
        self._ready: _Batch | None = None
        self._owed: Callable[[], None] | None = None
        """Keeps receipts that were judged: before anything else is done, but for sending a batch that is ready."""

    def run(self, stopped: Reconciling | None) -> None:
        """From its beginning to its end."""
        event: Event | None = Began(stopped.reason, stopped.allowed) if stopped else Began()
        while event is not None:
            decision = decide(self._line(), event, self._pass.now(), self._pass.rng)
            self._pass.lines[self._insurer] = decision.line
            event = None
            for action in decision.actions:
                event = self._do(action)
        self._keep_owed()

    def _line(self) -> Line:
        return self._pass.lines.get(self._insurer, Line())

    def _do(self, action: Action) -> Event | None:
        """Do one action; what it brings."""
        if not isinstance(action, Push):
            self._keep_owed()
        match action:
            case Confirm(settling):
                return self._confirm(settling=settling)
            case Push():
                return self._push(action)
            case Contest(judged):
                return self._contest(judged)
            case AskForProofs():
                self._ask_for_proofs()
            case _:
                self._note(action)
        return None

    def _note(self, action: Action) -> None:
        """Do an action that asks nobody."""
        outbox, report = self._pass.outbox, self._pass.report
        match action:
            case Report(code):
                report.errors[self._insurer] = code
            case StopChain(reason):
                outbox.chains.stop([self._insurer], reason, self._pass.now())
            case Keep(ids):
                self._keep({claim_id: self._results[claim_id] for claim_id in ids})
            case Reject(claim_id, code, signed):
                outbox.refuse(claim_id, code, signed)
                self._pass.count("rejected", 1)
            case Block(claim_id, code):
                outbox.block(claim_id, code, self._pass.now())
                report.blocked.append(claim_id)
            case Postpone(ids, until, code):
                outbox.postpone(ids, until, code)
                self._pass.count("postponed", len(ids))

    def _confirm(self, *, settling: bool) -> Event:
        """Whether numbers may be given for this insurer: its chain is settled now, or goes on from ours."""
        state = self._pass
        try:
            peer = state.peer_for(self._insurer)
            if settling:
                state.report.settled.append(settle(state.outbox, self._insurer, peer, state.now()))
            elif not is_continued(state.outbox, self._insurer, peer):
                return Confirmed(goes_on=False)
        except _PEER_ERRORS as error:
            return _failed(error, self._due(batch_size(self._line().failures)))
        if state.logs is not None:
            state.logs.adopt(self._insurer, state.now(), settled=settling)
        return Confirmed(goes_on=True)

    def _contest(self, judged: tuple[Judged, ...]) -> Event:
        """Whether the insurer signs what somebody said in its name: that its story of these claims is another."""
        state = self._pass
        rows = [state.outbox.get(one.claim_id) for one in judged]
        try:
            peer = state.peer_for(self._insurer)
            return Contested(judged, proved=is_contradicted(state.outbox, self._insurer, peer, rows))
        except _PEER_ERRORS as error:
            return _failed(error, rows)

    def _due(self, limit: int) -> list[Row]:
        return self._pass.outbox.due(self._insurer, self._pass.now(), limit)

    def _push(self, asked: Push) -> Event | None:
        state = self._pass
        if not state.go_on():
            return None
        ready, self._ready = self._ready, None
        if asked.only is not None:
            self._keep_owed()
            ready, rows = None, [state.outbox.get(asked.only)]
        elif ready is not None and len(ready.rows) <= asked.limit:
            rows = ready.rows
        else:
            self._keep_owed()
            ready, rows = None, self._due(asked.limit)
        if not rows:
            return Emptied()
        try:
            peer = state.peer_for(self._insurer)
            results = self._answers(peer, ready or self._numbered(peer, rows))
        except TransitionInvalid:
            return None
        except _PEER_ERRORS as error:
            if _code_of(error) in FORM_PROBLEMS:
                return Malformed(_code_of(error), {row.claim_id: row.attempts for row in rows})
            return _failed(error, rows)
        state.count("pushed", len(rows))
        now = state.outbox.get_all(result.claim_id for result in results)
        return Answered(tuple(self._judged(peer, row, result) for row, result in zip(now, results, strict=True)))

    def _numbered(self, peer: Peer, rows: list[Row]) -> _Batch:
        ids = [row.claim_id for row in rows]
        return _Batch(rows, self._pass.outbox.dispatch(self._insurer, ids, peer.signer, self._pass.now()))

    def _answers(self, peer: Peer, batch: _Batch) -> list[PushResult]:
        """What a push brings; while a full one is under way, the next claims are made ready."""
        if len(batch.rows) < batch_size(0):
            self._keep_owed()
            return peer.push(batch.packages)
        with ThreadPoolExecutor(1, "push") as line:
            answer = line.submit(peer.push, batch.packages)
            self._keep_owed()
            self._make_ready(peer, {row.claim_id for row in batch.rows})
            return answer.result()

    def _make_ready(self, peer: Peer, under_way: Collection[str]) -> None:
        most = batch_size(0)
        rows = [row for row in self._due(most + len(under_way)) if row.claim_id not in under_way][:most]
        with suppress(TransitionInvalid):
            self._ready = self._numbered(peer, rows) if rows else None

    def _judged(self, peer: Peer, row: Row, result: PushResult) -> Judged:
        self._results[row.claim_id] = row, result
        return Judged(row.claim_id, row.attempts, judge(row, result, peer.verifiers, peer.signer.kid))

    def _keep(self, verified: Mapping[str, tuple[Row, PushResult]]) -> None:
        """Judge the proofs of receipts that verified; receipts and findings are owed to the store from now on."""
        findings = self._proofs({one: (row, result.proof) for one, (row, result) in verified.items()})
        self._owed = partial(self._settle, verified, findings)

    def _keep_owed(self) -> None:
        owed, self._owed = self._owed, None
        if owed is not None:
            owed()

    def _settle(self, verified: Mapping[str, tuple[Row, PushResult]], findings: Findings) -> None:
        """Keep the receipts of a batch in one act: a flush for the batch instead of one for each claim."""
        state = self._pass
        receipts = {one: result.receipt for one, (_, result) in verified.items() if result.receipt is not None}
        state.outbox.settle_many(receipts, state.now(), beside=partial(write_findings, findings=findings))
        self._count_proofs(findings)
        known = sum(result.status == _KNOWN for _, result in verified.values())
        for name, number in (("verified", len(verified)), ("acknowledged", len(verified)), ("duplicates", known)):
            state.count(name, number)

    def _proofs(self, offered: Mapping[str, tuple[Row, str | None]]) -> Findings:
        state = self._pass
        if state.logs is None:
            return Findings("", state.now(), state.now())
        return state.logs.judge(self._insurer, offered, state.peer_for(self._insurer).log_file, state.now())

    def _ask_for_proofs(self) -> None:
        """Send packages whose receipts have no proof yet again: the same receipt comes, and by now the proof may."""
        state, logs = self._pass, self._pass.logs
        if logs is None:
            return
        while state.go_on() and (ids := logs.book.waiting(self._insurer, state.now(), batch_size(0))):
            rows = [state.outbox.get(claim_id) for claim_id in ids]
            try:
                results = state.peer_for(self._insurer).push([row.package or b"" for row in rows])
            except _PEER_ERRORS as error:
                logs.book.postpone(self._insurer, state.now() + ASK_AGAIN)
                state.report.errors[self._insurer] = _code_of(error)
                return
            self._keep_proofs(logs, rows, results)

    def _keep_proofs(self, logs: LogWatch, rows: Sequence[Row], results: Sequence[PushResult]) -> None:
        same = [result.receipt == row.receipt for row, result in zip(rows, results, strict=True)]
        offered = {
            row.claim_id: (row, result.proof if kept else None)
            for row, result, kept in zip(rows, results, same, strict=True)
        }
        findings = self._proofs(offered)
        logs.book.keep(findings)
        self._count_proofs(findings)
        if not all(same):
            self._pass.report.errors[self._insurer] = ReceiptInvalid.code

    def _count_proofs(self, findings: Findings) -> None:
        self._pass.count("proved", len(findings.proofs))
        self._pass.count("unproved", len(findings.missing))
        wrong = sorted({code for code in findings.missing.values() if code not in _PATIENT})
        if wrong:
            self._pass.report.errors[findings.insurer] = wrong[0]


def _failed(error: SyncError, rows: Sequence[Row]) -> Failed:
    retry_after = error.facts.get("retry_after")
    asked = float(retry_after) if retry_after is not None else None
    ids = tuple(row.claim_id for row in rows)
    return Failed(_code_of(error), asked, ids, max((row.attempts for row in rows), default=0))


def _code_of(error: SyncError) -> str:
    return str(error.facts["problem"]) if isinstance(error, InsurerRefused) else error.code
