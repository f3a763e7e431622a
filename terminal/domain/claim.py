"""The states of a claim and which may follow which, as data.

Rules (way of a claim): at the counter a draft is queued; it may be corrected or cancelled while queued. After its
first dispatch its state moves only on a verified receipt or outcome: sending, acknowledged, then accepted, partial or
refused, and paid. `rejected` is technical (the insurer's intake refused the bytes), `blocked` needs a person,
`superseded` was replaced by a correction under a new id. Nothing leaves superseded, cancelled or paid. The strings are
those of store, contract and screens.
"""

from collections.abc import Mapping
from enum import StrEnum


class ClaimState(StrEnum):
    """Where a claim is, in the order of its life."""

    DRAFT = "draft"
    QUEUED = "queued"
    SENDING = "sending"
    ACKNOWLEDGED = "acknowledged"
    ACCEPTED = "accepted"
    PARTIAL = "partial"
    REFUSED = "refused"
    PAID = "paid"
    REJECTED = "rejected"
    SUPERSEDED = "superseded"
    CANCELLATION_REQUESTED = "cancellation_requested"
    CANCELLED = "cancelled"
    BLOCKED = "blocked"


_S = ClaimState
_DECIDED = frozenset({_S.ACCEPTED, _S.PARTIAL, _S.REFUSED})

TRANSITIONS: Mapping[ClaimState, frozenset[ClaimState]] = {
    _S.DRAFT: frozenset({_S.QUEUED}),
    _S.QUEUED: frozenset({_S.SENDING, _S.SUPERSEDED, _S.CANCELLED, _S.BLOCKED}),
    _S.SENDING: frozenset({_S.ACKNOWLEDGED, _S.REJECTED, _S.BLOCKED}),
    _S.ACKNOWLEDGED: _DECIDED | {_S.SUPERSEDED, _S.CANCELLATION_REQUESTED},
    _S.ACCEPTED: frozenset({_S.PAID, _S.SUPERSEDED, _S.CANCELLATION_REQUESTED}),
    _S.PARTIAL: frozenset({_S.PAID, _S.SUPERSEDED, _S.CANCELLATION_REQUESTED}),
    _S.REFUSED: frozenset({_S.SUPERSEDED}),
    _S.PAID: frozenset(),
    _S.REJECTED: frozenset({_S.SUPERSEDED, _S.CANCELLED}),
    _S.SUPERSEDED: frozenset(),
    _S.CANCELLATION_REQUESTED: _DECIDED | {_S.CANCELLED, _S.PAID},
    _S.CANCELLED: frozenset(),
    _S.BLOCKED: frozenset({_S.QUEUED, _S.SENDING, _S.ACKNOWLEDGED, _S.SUPERSEDED, _S.CANCELLED}),
}
"""What may follow each state. An insurer that declines a cancellation answers with the outcome that stands."""


WAITING = (_S.QUEUED, _S.SENDING)
NEEDS_A_PERSON = (_S.REJECTED, _S.REFUSED, _S.BLOCKED)
GONE = (_S.SUPERSEDED, _S.CANCELLED)
"""What waits to be sent, what a person has to look at, what counts no more."""


def may_become(now: ClaimState, then: ClaimState) -> bool:
    """Whether a claim in state `now` may go to `then`; no state follows itself."""
    return then in TRANSITIONS[now]
