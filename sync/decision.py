"""What to do next about one insurer: what is known of its line, what just happened and the instant give the actions.

Rules: pure: no file, no network, no clock; the instant and the random numbers come from the caller, so a test can
lead it through any story. A claim is acknowledged or rejected by nothing but the insurer's word that verifies wholly;
whatever else is said of it leaves it as it was. A conflict is said by nobody in particular (a 409 is not signed): the
insurer is asked for its signed word, and only that stops a claim. One claim set aside holds no other up; an insurer
that fails is left alone with a growing, jittered delay. A last action may bring the next event; when none comes, the
visit is over.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sync.backoff import batch_size, delay
from sync.contract.problems import PROBLEMS
from sync.crypto.signing import VerifyingKey
from sync.errors import InsurerUnreachable, ReceiptInvalid, RefusalInvalid
from sync.peer import PushResult
from sync.queue import Row
from sync.queue.asides import FORM_PROBLEMS, UNPROVED
from sync.queue.reading import is_over
from sync.queue.standing import AHEAD, STOPPING
from sync.receipts import verify_receipt, verify_refusal

_RECEIVED: Final = (200, 201)


@dataclass(frozen=True)
class Line:
    """What is known of the line to one insurer.

    Failures in a row, until when it is left alone, whether it said that this terminal's chain is the one it holds,
    the claims that are to be sent one by one, and whether nobody was reached when it failed last.
    """

    failures: int = 0
    shut_until: datetime | None = None
    confirmed: bool = False
    alone: tuple[str, ...] = ()
    unreached: bool = False

    def is_shut(self, now: datetime) -> bool:
        """Whether this insurer is to be left alone at `now`."""
        return self.shut_until is not None and not is_over(self.shut_until, now)


@dataclass(frozen=True)
class Acknowledged:
    """A receipt that verifies."""


@dataclass(frozen=True)
class Rejected:
    """A refusal that verifies: its code, and the refusal (JWS)."""

    code: str
    signed: str = field(repr=False)


@dataclass(frozen=True)
class Conflict:
    """It is said that the insurer holds another story of this claim or number: to be proved."""

    code: str


@dataclass(frozen=True)
class Aside:
    """Something is wrong with this claim alone."""

    code: str


@dataclass(frozen=True)
class Trouble:
    """An answer that says nothing that counts; the insurer may have asked for time (seconds)."""

    code: str
    retry_after: float | None = None


Verdict = Acknowledged | Rejected | Conflict | Aside | Trouble


@dataclass(frozen=True)
class Judged:
    """What became of one claim of a push; `attempts` are its failed ones before."""

    claim_id: str
    attempts: int
    verdict: Verdict


@dataclass(frozen=True)
class Began:
    """It is this insurer's turn. `stopped`: why its chain is in réconciliation; `allowed`: it may be settled."""

    stopped: str | None = None
    allowed: bool = False


@dataclass(frozen=True)
class Confirmed:
    """The insurer said where the chain stands; whether it goes on from there."""

    goes_on: bool


@dataclass(frozen=True)
class Failed:
    """The line or the insurer failed as a whole: these claims have not left, `attempts` is the most of any."""

    code: str
    retry_after: float | None
    ids: tuple[str, ...]
    attempts: int


@dataclass(frozen=True)
class Malformed:
    """A request was refused for its form; the claims in it with their failed attempts."""

    code: str
    attempts: dict[str, int]


@dataclass(frozen=True)
class Answered:
    """A push was answered: a judgement for each claim."""

    judged: tuple[Judged, ...]


@dataclass(frozen=True)
class Contested:
    """What the insurer signs of its chain was heard; whether it really tells another story than this terminal."""

    judged: tuple[Judged, ...]
    proved: bool


@dataclass(frozen=True)
class Emptied:
    """Nothing more may leave to this insurer now."""


Event = Began | Confirmed | Failed | Malformed | Answered | Contested | Emptied


@dataclass(frozen=True)
class Report:
    """Say that something is wrong with this insurer."""

    code: str


@dataclass(frozen=True)
class Confirm:
    """Ask where the chain stands, and settle it where it is stopped: Confirmed or Failed follows."""

    settling: bool


@dataclass(frozen=True)
class StopChain:
    """Put the insurer into réconciliation."""

    reason: str


@dataclass(frozen=True)
class Push:
    """Send at most so many claims, or the one named: Answered, Malformed, Failed or Emptied follows."""

    limit: int
    only: str | None = None


@dataclass(frozen=True)
class Keep:
    """Keep the receipts of these claims, which verified."""

    ids: tuple[str, ...]


@dataclass(frozen=True)
class Reject:
    """Keep the refusal of a claim, which verified."""

    claim_id: str
    code: str
    signed: str = field(repr=False)


@dataclass(frozen=True)
class Contest:
    """Ask for the insurer's signed word on these conflicts: Contested or Failed follows."""

    judged: tuple[Judged, ...]


@dataclass(frozen=True)
class Block:
    """A claim waits for a person."""

    claim_id: str
    code: str


@dataclass(frozen=True)
class Postpone:
    """These claims are tried again, as the same bytes, from an instant on."""

    ids: tuple[str, ...]
    until: datetime
    code: str


@dataclass(frozen=True)
class AskForProofs:
    """Ask again for proofs that are missing."""


Action = Report | Confirm | StopChain | Push | Keep | Reject | Contest | Block | Postpone | AskForProofs


@dataclass(frozen=True)
class Decision:
    """What is known now, and what is to be done, in this order."""

    line: Line
    actions: tuple[Action, ...] = ()


def judge(row: Row, result: PushResult, verifiers: Sequence[VerifyingKey], device: str) -> Verdict:
    """What one result says of the claim of `row`, sent by `device` (kid)."""
    if result.problem is not None:
        return _judge_problem(row, result, result.problem, verifiers, device)
    if result.receipt is None or result.status not in _RECEIVED:
        return Trouble(ReceiptInvalid.code, result.retry_after)
    try:
        verify_receipt(row, result.receipt, verifiers, device)
    except ReceiptInvalid as error:
        return Trouble(error.code)
    return Acknowledged()


def _judge_problem(
    row: Row, result: PushResult, problem: str, verifiers: Sequence[VerifyingKey], device: str
) -> Verdict:
    kind = PROBLEMS.get(problem)
    if problem in STOPPING:
        return Conflict(problem)
    if problem in FORM_PROBLEMS:
        return Aside(problem)
    if kind is None or kind.concerns != "claim":
        return Trouble(problem, result.retry_after)
    if result.refusal is None:
        return Aside(problem)
    try:
        return Rejected(verify_refusal(row, result.refusal, verifiers, device).code, result.refusal)
    except RefusalInvalid as error:
        return Aside(error.code)


def decide(  # noqa: PLR0911  # one for each kind of event
    line: Line, event: Event, now: datetime, rng: random.Random
) -> Decision:
    """The next actions about one insurer."""
    match event:
        case Began():
            return _begin(line, event, now)
        case Confirmed(goes_on):
            return _push_on(replace(line, confirmed=True)) if goes_on else _stop(line)
        case Failed():
            return _leave_alone(replace(line, confirmed=False), event, now, rng)
        case Malformed():
            return _find_the_guilty(line, event, now, rng)
        case Answered():
            return _take_answers(line, event.judged, now, rng)
        case Contested():
            return _believe_proof(line, event, now, rng)
        case Emptied():
            return Decision(line, (AskForProofs(),))


def hurried(line: Line, now: datetime, rng: random.Random) -> Line:
    """The line once this machine has a network again: an insurer that was not reached is left alone for less long."""
    if not line.unreached or line.shut_until is None or not line.is_shut(now):
        return line
    return replace(line, shut_until=min(line.shut_until, now + delay(1, rng)))


def _begin(line: Line, event: Began, now: datetime) -> Decision:
    line = replace(line, alone=())
    if line.is_shut(now):
        return Decision(line)
    if event.stopped is not None and not event.allowed:
        return Decision(line, (Report(event.stopped),))
    if event.stopped is not None or not line.confirmed:
        return Decision(line, (Confirm(settling=event.stopped is not None),))
    return _push_on(line)


def _stop(line: Line) -> Decision:
    """The chain does not go on from ours: nothing is numbered before a person has looked."""
    return Decision(line, (StopChain(AHEAD), Report(AHEAD)))


def _push_on(line: Line) -> Decision:
    """The next that wait, or the next of those that are sent one by one."""
    if not line.alone:
        return Decision(line, (Push(batch_size(line.failures)),))
    only, *others = line.alone
    return Decision(replace(line, alone=tuple(others)), (Push(1, only),))


def _leave_alone(line: Line, event: Failed, now: datetime, rng: random.Random) -> Decision:
    """One failure more: until the end of a jittered delay, nothing is asked of this insurer."""
    failures = max(line.failures, event.attempts) + 1
    until = now + delay(failures, rng, event.retry_after)
    unreached = event.code == InsurerUnreachable.code and event.retry_after is None
    shut = replace(line, failures=line.failures + 1, shut_until=until, alone=(), unreached=unreached)
    return Decision(shut, (Postpone(event.ids, until, event.code), Report(event.code)))


def _find_the_guilty(line: Line, event: Malformed, now: datetime, rng: random.Random) -> Decision:
    """A request of several is sent again one by one; a claim that is refused alone is set aside."""
    if len(event.attempts) > 1:
        return _push_on(replace(line, alone=tuple(event.attempts)))
    aside = [_set_aside(Judged(one, tries, Aside(event.code)), now, rng) for one, tries in event.attempts.items()]
    after = _push_on(replace(line, failures=0, shut_until=None))
    return Decision(after.line, (*aside, Report(event.code), *after.actions))


def _take_answers(line: Line, judged: Sequence[Judged], now: datetime, rng: random.Random) -> Decision:
    """Each claim by its verdict; the insurer's line by the worst of them."""
    actions: list[Action] = []
    for one in judged:
        if isinstance(one.verdict, Rejected):
            actions.append(Reject(one.claim_id, one.verdict.code, one.verdict.signed))
        elif isinstance(one.verdict, Aside):
            actions += [_set_aside(one, now, rng), Report(one.verdict.code)]
    if received := tuple(one.claim_id for one in judged if isinstance(one.verdict, Acknowledged)):
        actions.append(Keep(received))
    after = _go_on(line, judged, now, rng)
    return Decision(after.line, (*actions, *after.actions))


def _go_on(line: Line, judged: Sequence[Judged], now: datetime, rng: random.Random) -> Decision:
    """Whether more may leave at once: not after trouble, and not after a conflict, which is asked about."""
    troubled = [(one, one.verdict) for one in judged if isinstance(one.verdict, Trouble)]
    conflicts = tuple(one for one in judged if isinstance(one.verdict, Conflict))
    if troubled:
        ids = tuple(one.claim_id for one, _ in troubled)
        first = troubled[0][1]
        failed = Failed(first.code, first.retry_after, ids, max(one.attempts for one, _ in troubled))
        left = _leave_alone(line, failed, now, rng)
        return Decision(left.line, (*(_set_aside(one, now, rng) for one in conflicts), *left.actions))
    if conflicts:
        return Decision(replace(line, alone=()), (Contest(conflicts),))
    return _push_on(replace(line, failures=0, shut_until=None))


def _believe_proof(line: Line, event: Contested, now: datetime, rng: random.Random) -> Decision:
    """A conflict that the insurer's signed word bears out waits for a person; one that it does not is set aside."""
    if event.proved:
        codes = [(one.claim_id, one.verdict.code) for one in event.judged if isinstance(one.verdict, Conflict)]
        return Decision(line, (*(Block(*one) for one in codes), *(Report(code) for _, code in codes[:1])))
    aside = (_set_aside(one, now, rng) for one in event.judged)
    return Decision(line, (*aside, Report(UNPROVED)))


def _set_aside(one: Judged, now: datetime, rng: random.Random) -> Postpone:
    """It waits longer each time."""
    code = one.verdict.code if isinstance(one.verdict, Aside) else UNPROVED
    return Postpone((one.claim_id,), now + delay(one.attempts + 1, rng), code)
