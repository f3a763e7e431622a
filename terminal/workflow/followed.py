"""A claim as lists and screens show it, and what became of it.

Rules: plain frozen values; a person's name never shows in a repr; money in integer cents; reasons are the insurer's
codes, put into words by whoever shows them.
"""

from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal

from sync.deadlines import Lateness
from terminal.domain.lines import Eye
from terminal.domain.lpp import ItemKind

ClaimKind = Literal["claim", "preauthorisation", "correction"]
FollowAct = Literal[
    "correct", "change_insurer", "ask_again", "without_agreement", "deliver", "request_cancellation", "abandon"
]
"""What a person can do about a claim that left."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One row of the work list; `name` is empty when the dossier was erased or belongs to a recovered claim.

    `held`: a recovered claim, which a person queues or voids. `agreed` and `paid` are the insurer's words in cents;
    `until` is the last day of an agreement; `handled`: a person dealt with the refusal. `unproved`: it
    has a receipt, and the log proof is late or cannot come; `reason` says which where nothing else does.
    `late`: without a receipt after so many working days.
    """

    claim_id: str
    number: str
    name: str = field(repr=False)
    insurer: str
    amount: int
    state: str
    reason: str | None
    created_at: datetime
    not_before: datetime
    correctable: bool
    held: bool = False
    kind: ClaimKind = "claim"
    agreed: int | None = None
    paid: int | None = None
    until: date | None = None
    handled: bool = False
    unproved: bool = False
    late: Lateness | None = None


DuplicateReason = Literal["second_equipment", "lost_or_broken", "first_undone"]
"""Why a second equipment is claimed; no reason says anything about somebody's health."""


@dataclass(frozen=True, slots=True)
class EarlierLine:
    """One line of an earlier claim: what it was for, its code, its price in cents."""

    item: ItemKind
    eye: Eye | None
    lpp_code: str
    price: int


@dataclass(frozen=True, slots=True)
class EarlierClaim:
    """An earlier claim for the same person, to be put beside the one being written; cents."""

    claim_id: str
    number: str
    day: date
    insurer: str
    state: str
    lines: tuple[EarlierLine, ...]
    price: int
    amc: int


@dataclass(frozen=True, slots=True)
class Found:
    """Claims that a search found, newest first; `before`: where to go on, None when there is nothing older."""

    items: tuple[WorkItem, ...]
    before: int | None


@dataclass(frozen=True, slots=True)
class FollowLine:
    """One line as it was asked and as it was decided: cents, reasons as codes; `agreed` is None while undecided."""

    item: ItemKind
    eye: Eye | None
    lpp_code: str
    asked: int
    agreed: int | None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PaidPart:
    """A payment for one claim: its day, the reference that the bank shows, cents."""

    day: date
    reference: str
    amount: int


@dataclass(frozen=True, slots=True)
class FollowUp:
    """What became of a claim, and what can be done about it now.

    `number` is that of an agreement; `odd` are the words of the insurer that moved nothing, by what is wrong with them.
    """

    item: WorkItem
    decided_on: date | None
    reasons: tuple[str, ...]
    lines: tuple[FollowLine, ...]
    number: str | None
    expired: bool
    paid: tuple[PaidPart, ...]
    received_at: datetime | None
    acts: tuple[FollowAct, ...]
    odd: tuple[str, ...] = ()
