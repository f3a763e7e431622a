"""Whether the rows, their chains and the counterfoil tell one story.

Rules: every dispatch is verified with the device key, numbered without a gap, linked to the one before, and of the
envelope that the row keeps; every envelope and dispatch of the store stands in the counterfoil with the same bytes. A
finding names the claim concerned, never a person.
"""

from collections.abc import Iterator

from sqlalchemy import Connection, select

from sync.contract.envelope import DISPATCH_TYP, GENESIS, Dispatch, decode, digest
from sync.crypto.signing import VerifyingKey
from sync.errors import SyncError
from sync.queue.blocks import Kind
from sync.queue.counterfoil import Counterfoil
from sync.queue.reconciliation import anchor
from sync.queue.tables import CHAIN, OUTBOX, Row, row_of
from sync.store import CheckLine


def check_chain(connection: Connection, verifier: VerifyingKey) -> CheckLine:
    """The line `chain`: numbers, links and signatures of everything that left."""
    count = 0
    ends: dict[str, tuple[int, str]] = {}
    numbered = select(OUTBOX).where(OUTBOX.c.seq.is_not(None)).order_by(OUTBOX.c.insurer, OUTBOX.c.seq)
    for found in connection.execute(numbered):
        row, count = row_of(found), count + 1
        seq, head = ends.get(row.insurer, (0, GENESIS))
        if not _continues(row, seq, head, verifier):
            return CheckLine("chain", ok=False, detail=f"claim {row.claim_id} does not continue its chain")
        ends[row.insurer] = seq + 1, digest((row.dispatch or "").encode("ascii"))
    if ends != {found.insurer: (found.seq, found.head) for found in connection.execute(select(CHAIN))}:
        return CheckLine("chain", ok=False, detail="the head of a chain is not its last dispatch")
    return CheckLine("chain", ok=True, detail=f"{count} dispatches")


def check_counterfoil(connection: Connection, counterfoil: Counterfoil) -> CheckLine:
    """The line `counterfoil`: whole, followed by the store, and holding all that the store holds."""
    try:
        kept = {(frame.kind, frame.claim_id): digest(frame.body) for frame in counterfoil.frames()}
        followed = anchor(connection) == counterfoil.head()
    except SyncError as error:
        return CheckLine("counterfoil", ok=False, detail=str(error))
    for key, expected in _expected(connection):
        if kept.get(key) != expected:
            return CheckLine("counterfoil", ok=False, detail=f"claim {key[1]}: its {key[0]} is missing or differs")
    if not followed:
        return CheckLine("counterfoil", ok=False, detail="the store does not follow the counterfoil")
    return CheckLine("counterfoil", ok=True, detail=f"{len(kept)} entries")


def _continues(row: Row, seq: int, head: str, verifier: VerifyingKey) -> bool:
    try:
        dispatch = decode(verifier.verify(DISPATCH_TYP, row.dispatch or ""), Dispatch)
    except SyncError:
        return False
    said = dispatch.claim_id, dispatch.insurer, dispatch.seq, dispatch.prev, dispatch.envelope
    return said == (row.claim_id, row.insurer, seq + 1, head, digest(row.envelope)) and row.seq == seq + 1


def _expected(connection: Connection) -> Iterator[tuple[tuple[Kind, str], str]]:
    for found in connection.execute(select(OUTBOX).order_by(OUTBOX.c.entry)):
        row = row_of(found)
        yield ("envelope", row.claim_id), digest(row.envelope)
        if row.dispatch is not None:
            yield ("dispatch", row.claim_id), digest(row.dispatch.encode("ascii"))
