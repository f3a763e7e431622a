"""Whether the rows, their chains and the counterfoil tell one story.

Rules: every dispatch is verified with the device key, numbered without a gap, linked to the one before (or to a head
that the insurer confirmed at a settlement), and of the envelope that the row keeps; every envelope and dispatch of
the store stands in the counterfoil with the same bytes. A finding names the claim concerned, never a person.
"""

import hashlib
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from sqlalchemy import Connection, select

from sync.contract.envelope import DISPATCH_TYP, GENESIS, Dispatch, decode, digest
from sync.crypto.signing import VerifyingKey
from sync.errors import SyncError
from sync.queue.blocks import Kind
from sync.queue.counterfoil import Counterfoil
from sync.queue.reconciliation import anchor
from sync.queue.tables import ADOPTED, CHAIN, OUTBOX, Row, row_of
from sync.store import CheckLine

_MOST_NAMED: Final = 10

Adopted = Collection[tuple[str, int, str]]
"""Heads that an insurer confirmed and that no dispatch here made: insurer, number, digest."""


def check_chain(connection: Connection, verifier: VerifyingKey) -> CheckLine:
    """The line `chain`: numbers, links and signatures of everything that left."""
    count = 0
    ends: dict[str, tuple[int, str]] = {}
    adopted = {(found.insurer, found.seq, found.head) for found in connection.execute(select(ADOPTED))}
    numbered = select(OUTBOX).where(OUTBOX.c.seq.is_not(None)).order_by(OUTBOX.c.insurer, OUTBOX.c.seq)
    for found in connection.execute(numbered):
        row, count = row_of(found), count + 1
        places = {ends.get(row.insurer, (0, GENESIS)), *_adopted_before(row, adopted)}
        if not any(_continues(row, seq, head, verifier) for seq, head in places):
            return CheckLine("chain", ok=False, detail=f"claim {row.claim_id} does not continue its chain")
        ends[row.insurer] = row.seq or 0, digest((row.dispatch or "").encode("ascii"))
    chains = connection.execute(select(CHAIN)).all()
    known = {found.insurer for found in chains}
    if not known.issuperset(ends) or not all(_ends_right(found, ends, adopted) for found in chains):
        return CheckLine("chain", ok=False, detail="the head of a chain is not its last dispatch")
    return CheckLine("chain", ok=True, detail=f"{count}")


def check_counterfoil(connection: Connection, counterfoil: Counterfoil) -> CheckLine:
    """The line `counterfoil`: whole, and holding all that the store holds; others may act meanwhile."""
    try:
        kept = {_mark(frame.kind, frame.claim_id, frame.body) for frame in counterfoil.frames()}
    except SyncError as error:
        return CheckLine("counterfoil", ok=False, detail=str(error))
    missing = [(kind, claim_id) for kind, claim_id, mark in _expected(connection) if mark not in kept]
    if missing:
        return CheckLine("counterfoil", ok=False, detail=_named(missing))
    return CheckLine("counterfoil", ok=True, detail=f"{len(kept)}")


def check_followed(connection: Connection, counterfoil: Counterfoil) -> CheckLine:
    """The line `counterfoil` again: whether the store follows it; inside a write transaction, so nobody acts."""
    try:
        if anchor(connection) == counterfoil.head():
            return CheckLine("counterfoil", ok=True, detail="followed")
    except SyncError as error:
        return CheckLine("counterfoil", ok=False, detail=str(error))
    return CheckLine("counterfoil", ok=False, detail="the store does not follow the counterfoil")


def _named(missing: list[tuple[Kind, str]]) -> str:
    kind, claim_id = missing[0]
    others = ", ".join(dict.fromkeys(other for _, other in missing[1:_MOST_NAMED]))
    more = f" and {len(missing) - _MOST_NAMED} more" if len(missing) > _MOST_NAMED else ""
    return f"claim {claim_id}: its {kind} is missing or differs" + (f"; so for {others}{more}" if others else "")


def _adopted_before(row: Row, adopted: Adopted) -> list[tuple[int, str]]:
    """Where the insurer's word lets a chain go on after numbers that another copy of this terminal gave."""
    return [(seq, head) for insurer, seq, head in adopted if (insurer, seq + 1) == (row.insurer, row.seq)]


def _ends_right(found: Any, ends: Mapping[str, tuple[int, str]], adopted: Adopted) -> bool:
    end, own = (found.seq, found.head), ends.get(found.insurer, (0, GENESIS))
    return end == own or (end > own and (found.insurer, *end) in adopted)


def _continues(row: Row, seq: int, head: str, verifier: VerifyingKey) -> bool:
    try:
        dispatch = decode(verifier.verify(DISPATCH_TYP, row.dispatch or ""), Dispatch)
    except SyncError:
        return False
    said = dispatch.claim_id, dispatch.insurer, dispatch.seq, dispatch.prev, dispatch.envelope
    return said == (row.claim_id, row.insurer, seq + 1, head, digest(row.envelope)) and row.seq == seq + 1


def _mark(kind: Kind, claim_id: str, body: bytes) -> bytes:
    """What stands for a frame while all of them are compared: a hundred thousand claims have to fit into memory."""
    return hashlib.sha256(f"{kind} {claim_id} ".encode("ascii") + body).digest()


def _expected(connection: Connection) -> Iterator[tuple[Kind, str, bytes]]:
    for found in connection.execute(select(OUTBOX).order_by(OUTBOX.c.entry)):
        row = row_of(found)
        yield "envelope", row.claim_id, _mark("envelope", row.claim_id, row.envelope)
        if row.dispatch is not None:
            yield "dispatch", row.claim_id, _mark("dispatch", row.claim_id, row.dispatch.encode("ascii"))
