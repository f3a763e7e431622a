"""Waiting claims leave, receipts come back: one bounded pass over every insurer that something waits for.

Rules: a claim's state moves only on a receipt that verifies wholly (signature, claim, both digests, number, device,
insurer) or a refusal that does (signature, claim, both digests, device, insurer); anything else leaves it as it was
and tries the same bytes later, and what was said of one claim holds no other up. An insurer that fails is left alone
with a growing, jittered delay, and touches no other. Before the first number of a pass an insurer is asked where the
chain stands. A fork, a digest conflict or a chain that is ahead puts it into réconciliation: nothing is numbered for
it until the chain is settled, which begins when a person agrees.
"""

import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Final

from sync.backoff import Breakers, batch_size, delay
from sync.contract.problems import PROBLEMS
from sync.errors import (
    ContractError,
    InsurerRefused,
    InsurerUnknown,
    InsurerUnreachable,
    InsurerUntrusted,
    KeyInvalid,
    ProofMissing,
    ReceiptInvalid,
    RefusalInvalid,
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
from sync.queue.standing import AHEAD, STOPPING
from sync.receipts import verify_receipt, verify_refusal
from sync.settling import is_continued, settle

_KNOWN: Final = 200
_RECEIVED: Final = (_KNOWN, 201)
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
_FORM_PROBLEMS: Final = frozenset({"request_invalid", "too_large", "media_type_unsupported"})
"""Refusals of a whole request for its form: each package is tried alone."""

Observer = Callable[[str, int], None]


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
class _Trouble:
    """Why a claim stays as it is: a code, and the seconds the insurer asked for."""

    code: str
    retry_after: float | None = None


@dataclass(frozen=True)
class _Pass:
    outbox: Outbox
    peer_for: Callable[[str], Peer]
    now: Callable[[], datetime]
    rng: random.Random
    observe: Observer
    go_on: Callable[[], bool]
    breakers: Breakers
    confirmed: set[str]
    report: DrainReport
    logs: LogWatch | None

    def count(self, name: str, number: int) -> None:
        setattr(self.report, name, getattr(self.report, name) + number)
        self.observe(name, number)


def drain(  # noqa: PLR0913  # all that a pass touches is passed in, so that nothing of it is hidden state
    outbox: Outbox,
    peer_for: Callable[[str], Peer],
    now: Callable[[], datetime],
    rng: random.Random,
    observe: Observer = lambda _name, _number: None,
    *,
    breakers: Breakers | None = None,
    confirmed: set[str] | None = None,
    go_on: Callable[[], bool] = lambda: True,
    logs: LogWatch | None = None,
) -> DrainReport:
    """Push all that may leave at `now()`; errors of insurers are in the report, errors of the store are raised.

    `observe(name, number)` is told of each step: pushed, verified, acknowledged, duplicates, rejected, postponed.
    `go_on` is asked before each request. `breakers` are kept by a caller that drains again and again, and so is
    `confirmed`: the insurers that said that this terminal's chain is the one they hold. With `logs`, the proofs
    beside receipts are judged, and missing ones asked for again.
    """
    known = confirmed if confirmed is not None else set[str]()
    state = _Pass(outbox, peer_for, now, rng, observe, go_on, breakers or Breakers(), known, DrainReport(), logs)
    stopped = {one.insurer: one for one in outbox.chains.reconciling()}
    settling = {insurer for insurer, one in stopped.items() if one.allowed}
    for insurer in sorted(settling.union(insurers_due(outbox, logs, now()))):
        _drain_insurer(state, insurer, stopped.get(insurer))
    return state.report


def insurers_due(outbox: Outbox, logs: LogWatch | None, now: datetime) -> list[str]:
    """The insurers that a claim may leave for at `now`, or that owe a proof that is to be asked for."""
    return list(dict.fromkeys((*outbox.insurers_due(now), *(logs.book.insurers_waiting(now) if logs else ()))))


def _drain_insurer(state: _Pass, insurer: str, stopped: Reconciling | None) -> None:
    if state.breakers.is_open(insurer, state.now()):
        return
    if stopped is not None and not stopped.allowed:
        state.report.errors[insurer] = stopped.reason
        return
    try:
        peer = state.peer_for(insurer)
        if not _confirm(state, insurer, peer, settling=stopped is not None):
            return
    except _PEER_ERRORS as error:
        _leave_alone(state, insurer, _next_rows(state, insurer), error)
        return
    while state.go_on() and (rows := _next_rows(state, insurer)):
        if not _push(state, peer, rows):
            return
        state.breakers.succeeded(insurer)
    if state.logs is not None:
        _ask_for_proofs(state, state.logs, peer, insurer)


def _ask_for_proofs(state: _Pass, logs: LogWatch, peer: Peer, insurer: str) -> None:
    """Send again the packages whose receipts have no proof yet: the same receipt comes, and by now the proof may."""
    while state.go_on() and (ids := logs.book.waiting(insurer, state.now(), batch_size(0))):
        rows = [state.outbox.get(claim_id) for claim_id in ids]
        try:
            results = peer.push([row.package or b"" for row in rows])
        except _PEER_ERRORS as error:
            logs.book.postpone(insurer, state.now() + ASK_AGAIN)
            state.report.errors[insurer] = _code_of(error)
            return
        same = [result.receipt == row.receipt for row, result in zip(rows, results, strict=True)]
        offered = {
            row.claim_id: (row, result.proof if kept else None)
            for row, result, kept in zip(rows, results, same, strict=True)
        }
        findings = logs.judge(insurer, offered, peer.log_file, state.now())
        logs.book.keep(findings)
        _count_proofs(state, findings)
        if not all(same):
            state.report.errors[insurer] = ReceiptInvalid.code


def _count_proofs(state: _Pass, findings: Findings) -> None:
    for name, number in (("proved", len(findings.proofs)), ("unproved", len(findings.missing))):
        if number:
            state.count(name, number)
    wrong = sorted({code for code in findings.missing.values() if code not in _PATIENT})
    if wrong:
        state.report.errors[findings.insurer] = wrong[0]


def _next_rows(state: _Pass, insurer: str) -> list[Row]:
    return state.outbox.due(insurer, state.now(), batch_size(state.breakers.failures(insurer)))


def _confirm(state: _Pass, insurer: str, peer: Peer, *, settling: bool) -> bool:
    """Whether numbers may be given for this insurer: its chain is settled now, or goes on from ours."""
    if settling:
        state.report.settled.append(settle(state.outbox, insurer, peer, state.now()))
    elif insurer not in state.confirmed and not is_continued(state.outbox, insurer, peer):
        state.outbox.chains.stop([insurer], AHEAD, state.now())
        state.report.errors[insurer] = AHEAD
        return False
    if state.logs is not None and (settling or insurer not in state.confirmed):
        state.logs.adopt(insurer, state.now())
    state.confirmed.add(insurer)
    return True


def _push(state: _Pass, peer: Peer, rows: Sequence[Row]) -> bool:
    """Push these rows of one insurer; whether all went as it should, so that more may follow now."""
    insurer, ids = rows[0].insurer, [row.claim_id for row in rows]
    try:
        results = peer.push(state.outbox.dispatch(insurer, ids, peer.signer, state.now()))
    except TransitionInvalid:
        return False
    except _PEER_ERRORS as error:
        if _code_of(error) in _FORM_PROBLEMS:
            return _push_alone(state, peer, rows, _code_of(error))
        _leave_alone(state, insurer, rows, error)
        return False
    state.count("pushed", len(rows))
    verified: dict[str, PushResult] = {}
    outcomes = [_apply(state, peer, result, verified) for result in results]
    _settle(state, peer, verified)
    failed = [row for row, outcome in zip(rows, outcomes, strict=True) if outcome is not None]
    if failed:
        _postpone(state, failed, next(outcome for outcome in outcomes if outcome is not None))
    return not failed and not _stop_at_conflict(state, insurer, results)


def _push_alone(state: _Pass, peer: Peer, rows: Sequence[Row], problem: str) -> bool:
    """The request as a whole was refused for its form: find the guilty claim, set it aside, let the others leave."""
    if len(rows) > 1:
        return all(_push(state, peer, [row]) for row in rows)
    _set_aside(state, rows[0], problem)
    return True


def _apply(state: _Pass, peer: Peer, result: PushResult, verified: dict[str, PushResult]) -> _Trouble | None:
    """Do what one result says, or add it to the `verified`; what is wrong when it says nothing that counts."""
    if result.problem is not None:
        return _apply_problem(state, peer, result, result.problem)
    if result.receipt is None or result.status not in _RECEIVED:
        return _Trouble(ReceiptInvalid.code, result.retry_after)
    row = state.outbox.get(result.claim_id)
    try:
        verify_receipt(row, result.receipt, peer.verifiers, peer.signer.kid)
    except ReceiptInvalid as error:
        return _Trouble(error.code)
    verified[row.claim_id] = result
    return None


def _settle(state: _Pass, peer: Peer, verified: Mapping[str, PushResult]) -> None:
    """Keep the receipts of a batch in one act: a flush for the batch instead of one for each claim."""
    if not verified:
        return
    receipts = {claim_id: result.receipt for claim_id, result in verified.items() if result.receipt is not None}
    findings = _judged(state, peer, verified)
    state.outbox.settle_many(receipts, state.now(), beside=partial(write_findings, findings=findings))
    _count_proofs(state, findings)
    known = sum(result.status == _KNOWN for result in verified.values())
    for name, number in (("verified", len(verified)), ("acknowledged", len(verified)), ("duplicates", known)):
        if number:
            state.count(name, number)


def _judged(state: _Pass, peer: Peer, verified: Mapping[str, PushResult]) -> Findings:
    rows = {claim_id: state.outbox.get(claim_id) for claim_id in verified}
    if state.logs is None or not rows:
        return Findings("", state.now(), state.now())
    insurer = next(iter(rows.values())).insurer
    offered = {claim_id: (rows[claim_id], result.proof) for claim_id, result in verified.items()}
    return state.logs.judge(insurer, offered, peer.log_file, state.now())


def _apply_problem(state: _Pass, peer: Peer, result: PushResult, problem: str) -> _Trouble | None:
    kind = PROBLEMS.get(problem)
    if problem in STOPPING:
        state.outbox.block(result.claim_id, problem, state.now())
        state.report.blocked.append(result.claim_id)
    elif kind is not None and kind.concerns == "claim":
        _refuse(state, peer, result, problem)
    elif problem in _FORM_PROBLEMS:
        _set_aside(state, state.outbox.get(result.claim_id), problem)
    else:
        return _Trouble(problem, result.retry_after)
    return None


def _refuse(state: _Pass, peer: Peer, result: PushResult, problem: str) -> None:
    """The claim is rejected when its insurer signed so; unsigned, it waits with the problem as the reason."""
    row = state.outbox.get(result.claim_id)
    if result.refusal is None:
        _set_aside(state, row, problem)
        return
    try:
        said = verify_refusal(row, result.refusal, peer.verifiers, peer.signer.kid)
    except RefusalInvalid as error:
        _set_aside(state, row, error.code)
        return
    state.outbox.refuse(row.claim_id, said.code, result.refusal)
    state.count("rejected", 1)


def _set_aside(state: _Pass, row: Row, code: str) -> None:
    """Something is wrong with this claim alone: it waits longer each time, and the others go on."""
    state.outbox.postpone([row.claim_id], state.now() + delay(row.attempts + 1, state.rng), code)
    state.report.errors[row.insurer] = code
    state.count("postponed", 1)


def _stop_at_conflict(state: _Pass, insurer: str, results: Sequence[PushResult]) -> bool:
    conflict = next((result.problem for result in results if result.problem in STOPPING), None)
    if conflict is not None:
        state.report.errors[insurer] = conflict
    return conflict is not None


def _leave_alone(state: _Pass, insurer: str, rows: Sequence[Row], error: SyncError) -> None:
    retry_after = error.facts.get("retry_after")
    trouble = _Trouble(_code_of(error), float(retry_after) if retry_after is not None else None)
    state.confirmed.discard(insurer)
    _postpone(state, rows, trouble, insurer)


def _postpone(state: _Pass, rows: Sequence[Row], trouble: _Trouble, insurer: str | None = None) -> None:
    named = insurer or rows[0].insurer
    failures = max([state.breakers.failures(named), *(row.attempts for row in rows)]) + 1
    until = state.now() + delay(failures, state.rng, trouble.retry_after)
    state.outbox.postpone([row.claim_id for row in rows], until, trouble.code)
    state.breakers.failed(named, until)
    state.report.errors[named] = trouble.code
    state.count("postponed", len(rows))


def _code_of(error: SyncError) -> str:
    return str(error.facts["problem"]) if isinstance(error, InsurerRefused) else error.code
