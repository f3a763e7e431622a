"""The states of a claim as the queue knows them, and which may follow which (design §4).

Rules: a claim that left moves on a verified receipt or outcome only; `blocked` waits for a person; an end state has no
way out. The strings are stored and shown to scripts: they never change.
"""

from typing import Final

from sync.errors import TransitionInvalid

QUEUED: Final = "queued"
SENDING: Final = "sending"
ACKNOWLEDGED: Final = "acknowledged"
ACCEPTED: Final = "accepted"
PARTIAL: Final = "partial"
REFUSED: Final = "refused"
PAID: Final = "paid"
REJECTED: Final = "rejected"
SUPERSEDED: Final = "superseded"
CANCELLATION_REQUESTED: Final = "cancellation_requested"
CANCELLED: Final = "cancelled"
BLOCKED: Final = "blocked"

WAITING: Final = frozenset({QUEUED, SENDING})
"""What still has to reach its insurer."""

_DECIDED: Final = frozenset({ACCEPTED, PARTIAL, REFUSED})
_FOLLOWING: Final[dict[str, frozenset[str]]] = {
    QUEUED: frozenset({SENDING, CANCELLED, SUPERSEDED, BLOCKED}),
    SENDING: frozenset({ACKNOWLEDGED, REJECTED, BLOCKED}),
    BLOCKED: frozenset({QUEUED, SENDING, ACKNOWLEDGED, CANCELLED, SUPERSEDED}),
    REJECTED: frozenset({SUPERSEDED, CANCELLED}),
    ACKNOWLEDGED: _DECIDED | {SUPERSEDED, CANCELLATION_REQUESTED},
    ACCEPTED: frozenset({PAID, SUPERSEDED, CANCELLATION_REQUESTED}),
    PARTIAL: frozenset({PAID, SUPERSEDED, CANCELLATION_REQUESTED}),
    REFUSED: frozenset({SUPERSEDED}),
    CANCELLATION_REQUESTED: _DECIDED | {CANCELLED, PAID},
    PAID: frozenset(),
    SUPERSEDED: frozenset(),
    CANCELLED: frozenset(),
}
ALL: Final = frozenset(_FOLLOWING)


def may_become(state: str, following: str) -> bool:
    """Whether a claim may go from `state` to `following`."""
    return following in _FOLLOWING.get(state, frozenset())


def require(state: str, following: str) -> None:
    """TransitionInvalid unless a claim may go from `state` to `following`."""
    if not may_become(state, following):
        raise TransitionInvalid("a claim cannot go from its state to this one", state=state, following=following)
