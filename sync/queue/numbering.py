"""Numbers in the chain of this device to one insurer (design §7).

Rules: a claim gets its number when it first leaves, in the order in which the caller lists it; `seq` has no gap and
`prev` is SHA-256 of the dispatch JWS before (GENESIS for the first); a number is given once. Each dispatch says where
the access journal stood when it was signed.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sync.contract.envelope import DISPATCH_TYP, Dispatch, JournalAnchor, digest, encode
from sync.crypto.signing import SigningKey
from sync.errors import TransitionInvalid
from sync.queue import states
from sync.queue.acts import Act, move
from sync.queue.blocks import Frame
from sync.queue.journal_head import anchor_to_sign
from sync.queue.reading import is_over
from sync.queue.reconciliation import advance_chain
from sync.queue.standing import chain_of
from sync.queue.tables import Row, milliseconds


def number(act: Act, rows: Sequence[Row], signer: SigningKey, now: datetime) -> dict[str, str]:
    """Number, sign and list `rows` of one insurer; the dispatch JWS of each by claim id.

    TransitionInvalid when one of them may not leave at `now`.
    """
    if not rows:
        return {}
    insurer = rows[0].insurer
    seq, head = chain_of(act.connection, insurer)
    journal = anchor_to_sign(act.connection)
    signed: dict[str, str] = {}
    for row in rows:
        _require_free_to_leave(row, now)
        seq += 1
        jws = signed[row.claim_id] = _signed_dispatch(_Place(seq, head, journal), row, signer)
        head = digest(jws.encode("ascii"))
        move(act.connection, row, states.SENDING, reason=None, seq=seq, dispatch=jws)
    act.frames += _frames(insurer, signed.items(), now)
    advance_chain(act.connection, insurer, seq, head)
    return signed


def _frames(insurer: str, signed: Iterable[tuple[str, str]], now: datetime) -> list[Frame]:
    at = milliseconds(now)
    return [Frame("dispatch", claim_id, insurer, at, jws.encode("ascii")) for claim_id, jws in signed]


def _require_free_to_leave(row: Row, now: datetime) -> None:
    if row.state != states.QUEUED or not is_over(row.not_before, now):
        raise TransitionInvalid("this claim may not leave now", state=row.state, following=states.SENDING)


@dataclass(frozen=True)
class _Place:
    """Where a dispatch stands: its number, the digest before it, and the access journal's head."""

    seq: int
    prev: str
    journal: JournalAnchor | None


def _signed_dispatch(place: _Place, row: Row, signer: SigningKey) -> str:
    dispatch = Dispatch(
        schema="comptoir/dispatch/v1",
        claim_id=row.claim_id,
        insurer=row.insurer,
        device=signer.kid,
        seq=place.seq,
        prev=place.prev,
        envelope=row.digest,
        journal=place.journal,
    )
    return signer.sign(DISPATCH_TYP, encode(dispatch))
