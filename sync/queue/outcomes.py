"""What an insurer decided or paid, applied to the queue inside the transaction of whoever opened it.

Rules: the caller verified and opened it, for this takes the shop key, which the service has not. A state moves only for
a claim of that insurer whose receipt is here, and only along `sync.queue.states`; `cancelled` counts only when the shop
asked for it. What comes before its time waits and is tried again; what says the same again, contradicts, or is about no
claim of this terminal, moves nothing and is named. A claim that left is replaced here too: by its correction, in the
act that registers that.
"""

from typing import Final, Literal

from sqlalchemy import Connection

from sync.errors import ClaimUnknown
from sync.queue import states
from sync.queue.acts import move
from sync.queue.reading import row_of_claim
from sync.queue.tables import Row

Finding = Literal["applied", "waiting", "repeated", "contradiction", "unknown_claim"]

FINAL_WORDS: Final = frozenset({states.ACCEPTED, states.PARTIAL, states.REFUSED, states.CANCELLED, states.PAID})
"""What an insurer may say of a claim."""
_UNDER_WAY: Final = (states.SENDING, states.BLOCKED)


def follow(
    connection: Connection, insurer: str, claim_id: str, said: str, *, cancellation_asked: bool = False
) -> Finding:
    """Do what the insurer `said` (one of FINAL_WORDS) of a claim, and say what came of it."""
    try:
        row = row_of_claim(connection, claim_id, insurer)
    except ClaimUnknown:
        return "unknown_claim"
    if said not in FINAL_WORDS or row.dispatch is None:
        return "contradiction"
    if row.receipt is None:
        return "waiting" if row.state in _UNDER_WAY else "contradiction"
    if row.state == said:
        return "repeated"
    return _moved(connection, row, said, cancellation_asked=cancellation_asked)


def _moved(connection: Connection, row: Row, said: str, *, cancellation_asked: bool) -> Finding:
    if said == states.CANCELLED:
        return _cancelled(connection, row, asked=cancellation_asked)
    if states.may_become(row.state, said):
        move(connection, row, said, reason=None)
        return "applied"
    return "waiting" if (row.state, said) == (states.ACKNOWLEDGED, states.PAID) else "contradiction"


def _cancelled(connection: Connection, row: Row, *, asked: bool) -> Finding:
    """Also after a decision that was on its way while the cancellation was asked for."""
    if not asked:
        return "contradiction"
    if row.state != states.CANCELLATION_REQUESTED:
        if not states.may_become(row.state, states.CANCELLATION_REQUESTED):
            return "contradiction"
        move(connection, row, states.CANCELLATION_REQUESTED)
        row = row_of_claim(connection, row.claim_id)
    move(connection, row, states.CANCELLED, reason=None)
    return "applied"


def ask_cancellation(connection: Connection, claim_id: str) -> None:
    """The shop asked the insurer to cancel a claim; TransitionInvalid unless that can still be asked."""
    move(connection, row_of_claim(connection, claim_id), states.CANCELLATION_REQUESTED)


def replace_sent(connection: Connection, claim_id: str, reason: str) -> None:
    """A claim that left has another in its place, or is not needed any more; TransitionInvalid."""
    move(connection, row_of_claim(connection, claim_id), states.SUPERSEDED, reason=reason)


def abandon(connection: Connection, claim_id: str) -> None:
    """A person gives up a claim that the insurer's intake refused: it was never taken. TransitionInvalid."""
    row = row_of_claim(connection, claim_id)
    states.require(row.state, states.CANCELLED)
    move(connection, row, states.CANCELLED)
