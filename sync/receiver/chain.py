"""One terminal's chain of dispatches, and the receipts that answer it.

Rules: the same bytes again get the stored receipt; a claim id with another envelope is a digest conflict; the same
envelope numbered anew, a number taken by another dispatch, or a `prev` that is not the neighbour's digest is a fork.
Gaps are accepted, because a batch may be refused in the middle, and named in the state. A receipt is signed inside the
transaction that stores it with its claim, and answered after the commit: a crash never yields two receipts for a claim.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, insert, select, update

from sync.contract.envelope import (
    GENESIS,
    RECEIPT_TYP,
    STATE_TYP,
    ChainState,
    Dispatch,
    Receipt,
    encode,
)
from sync.contract.exchange import MAX_MISSING, MAX_RECEIPTS
from sync.crypto.signing import SigningKey
from sync.receiver.db import claims, terminals
from sync.receiver.packages import Checked
from sync.receiver.refusal import Refusal

_Neighbour = Row[Any, Any, Any]


@dataclass(frozen=True)
class Filed:
    """A claim that is stored: its receipt, and whether these very bytes had been there before."""

    receipt: str
    known: bool


def file_claim(connection: Connection, checked: Checked, signer: SigningKey, now: datetime) -> Filed:
    """Store a package in its terminal's chain, with its receipt; Refusal (409) when it contradicts what is stored."""
    dispatch = checked.dispatch
    chain = connection.execute(_chain_of(dispatch.device).with_for_update()).one()
    known = connection.execute(select(claims).where(claims.c.claim_id == dispatch.claim_id)).first()
    if known is not None:
        return _again(known, checked)
    _check_place(connection, checked)
    receipt = signer.sign(RECEIPT_TYP, encode(_receipt(checked, now)))
    _insert(connection, checked, receipt, now)
    _advance(connection, checked, chain)
    return Filed(receipt, known=False)


def sign_state(connection: Connection, insurer: str, device: str, signer: SigningKey) -> str:
    """The signed state (JWS) of this terminal's chain."""
    chain = connection.execute(_chain_of(device)).one()
    state = ChainState(
        schema="comptoir/state/v1",
        insurer=insurer,
        device=device,
        seq=chain.contiguous,
        head=chain.head,
        missing=_missing(connection, device, chain.contiguous),
    )
    return signer.sign(STATE_TYP, encode(state))


def receipt_of(connection: Connection, device: str, package: bytes, claim_id: str) -> str | None:
    """The receipt (JWS) that these very bytes of this terminal were given before; None when they were not."""
    wanted = select(claims.c.receipt).where(
        claims.c.claim_id == claim_id, claims.c.device == device, claims.c.package == package
    )
    return connection.execute(wanted).scalar()


def receipts_after(connection: Connection, device: str, after: int) -> tuple[str, ...]:
    """The receipts of this terminal's claims with a number above `after`, the lowest MAX_RECEIPTS of them."""
    wanted = select(claims.c.receipt).where(claims.c.device == device, claims.c.seq > after)
    return tuple(connection.execute(wanted.order_by(claims.c.seq).limit(MAX_RECEIPTS)).scalars())


def _chain_of(device: str) -> Select[tuple[int, str, int]]:
    """The head of a chain; locked while a claim is filed, where the database has row locks."""
    return select(terminals.c.contiguous, terminals.c.head, terminals.c.highest).where(terminals.c.device == device)


def _again(known: Row[Any], checked: Checked) -> Filed:
    if known.device != checked.dispatch.device:
        raise Refusal("digest_conflict", received=checked.dispatch.envelope)
    if known.package == checked.raw:
        return Filed(known.receipt, known=True)
    if known.envelope == checked.dispatch.envelope:
        raise Refusal("fork", stored=known.dispatch, received=checked.dispatch_digest)
    raise Refusal("digest_conflict", stored=known.envelope, received=checked.dispatch.envelope)


def _check_place(connection: Connection, checked: Checked) -> None:
    dispatch, own = checked.dispatch, checked.dispatch_digest
    near = _neighbours(connection, dispatch)
    taken, before, after = (near.get(dispatch.seq + step) for step in (0, -1, 1))
    if taken is not None:
        raise Refusal("fork", stored=taken.dispatch, received=own)
    expected = _expected_prev(dispatch, before)
    if dispatch.prev != expected:
        raise Refusal("fork", stored=expected, received=dispatch.prev)
    if after is not None and after.prev != own:
        raise Refusal("fork", stored=after.prev, received=own)


def _expected_prev(dispatch: Dispatch, before: _Neighbour | None) -> str:
    if dispatch.seq == 1:
        return GENESIS
    return dispatch.prev if before is None else str(before.dispatch)


def _neighbours(connection: Connection, dispatch: Dispatch) -> dict[int, _Neighbour]:
    """What is stored at this place and at the two beside it, by number."""
    near = claims.c.seq.between(dispatch.seq - 1, dispatch.seq + 1)
    wanted = select(claims.c.seq, claims.c.prev, claims.c.dispatch).where(claims.c.device == dispatch.device, near)
    return {row.seq: row for row in connection.execute(wanted)}


def _receipt(checked: Checked, now: datetime) -> Receipt:
    dispatch = checked.dispatch
    return Receipt(
        schema="comptoir/receipt/v1",
        claim_id=dispatch.claim_id,
        insurer=dispatch.insurer,
        device=dispatch.device,
        seq=dispatch.seq,
        envelope=dispatch.envelope,
        dispatch=checked.dispatch_digest,
        received_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        state="acknowledged",
    )


def _insert(connection: Connection, checked: Checked, receipt: str, now: datetime) -> None:
    dispatch = checked.dispatch
    connection.execute(
        insert(claims).values(
            claim_id=dispatch.claim_id,
            device=dispatch.device,
            seq=dispatch.seq,
            prev=dispatch.prev,
            dispatch=checked.dispatch_digest,
            envelope=dispatch.envelope,
            package=checked.raw,
            receipt=receipt,
            received_at=int(now.timestamp() * 1000),
        )
    )


def _advance(connection: Connection, checked: Checked, chain: Row[Any]) -> None:
    """Note the number just stored; when it follows the head, move the head over all that is there without a gap."""
    device, seq = checked.dispatch.device, checked.dispatch.seq
    reached = chain.contiguous, chain.head
    if seq == chain.contiguous + 1:
        reached = seq, checked.dispatch_digest
        reached = _run_from(connection, device, reached) if chain.highest > seq else reached
    moved = {"contiguous": reached[0], "head": reached[1], "highest": max(chain.highest, seq)}
    connection.execute(update(terminals).where(terminals.c.device == device).values(moved))


def _run_from(connection: Connection, device: str, reached: tuple[int, str]) -> tuple[int, str]:
    beyond = select(claims.c.seq, claims.c.dispatch).where(claims.c.device == device, claims.c.seq > reached[0])
    for row in connection.execute(beyond.order_by(claims.c.seq)):
        if row.seq != reached[0] + 1:
            break
        reached = row.seq, row.dispatch
    return reached


def _missing(connection: Connection, device: str, contiguous: int) -> tuple[int, ...]:
    """The lowest numbers not received between the head and the highest received, at most MAX_MISSING."""
    beyond = select(claims.c.seq).where(claims.c.device == device, claims.c.seq > contiguous).order_by(claims.c.seq)
    missing: list[int] = []
    expected = contiguous + 1
    for seq in connection.execute(beyond).scalars():
        missing.extend(range(expected, min(seq, expected + MAX_MISSING - len(missing))))
        expected = seq + 1
        if len(missing) >= MAX_MISSING:
            break
    return tuple(missing)
