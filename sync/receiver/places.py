"""The place of each claim in the insurer's log, given in the transaction that stores the claim.

Rules: places count from 0 without a gap, in the order of commits, and are never taken back; a claim has one. Whoever
gives places holds the row that says which follows until it commits, so what another sees of them is always a
beginning. The log's files are made from these rows alone (`publisher`), and can be made again.
"""

from collections.abc import Sequence

from sqlalchemy import Connection, insert, select, update

from sync.errors import LogDamaged
from sync.receiver.db import claims, log_entries, log_head

_SINGLE = 1
_UNPLACED = select(claims.c.claim_id).outerjoin(log_entries).where(log_entries.c.position.is_(None))


def place(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    """The place of each of these stored claims, given now to those that have none, in this order."""
    known = _places_of(connection, ids)
    new = [claim_id for claim_id in dict.fromkeys(ids) if claim_id not in known]
    if new:
        wanted = select(claims.c.claim_id, claims.c.envelope).where(claims.c.claim_id.in_(new))
        digests = {row.claim_id: row.envelope for row in connection.execute(wanted)}
        start = _take(connection, len(new))
        rows = [
            {"position": start + offset, "claim_id": claim_id, "envelope": digests[claim_id]}
            for offset, claim_id in enumerate(new)
        ]
        connection.execute(insert(log_entries), rows)
        known.update({claim_id: start + offset for offset, claim_id in enumerate(new)})
    return known


def some_unplaced(connection: Connection) -> bool:
    """Whether there are claims stored before there was a log."""
    return connection.execute(_UNPLACED.limit(1)).first() is not None


def place_older(connection: Connection) -> int:
    """Give places to claims stored before there was a log, oldest first; how many there were."""
    ids = list(connection.execute(_UNPLACED.order_by(claims.c.received_at, claims.c.claim_id)).scalars())
    for start in range(0, len(ids), 500):
        place(connection, ids[start : start + 500])
    return len(ids)


def entries_from(connection: Connection, start: int, limit: int) -> list[bytes]:
    """The entries (envelope digests, 32 bytes) from the place `start` on, at most `limit`; LogDamaged at a gap."""
    wanted = select(log_entries.c.position, log_entries.c.envelope).where(log_entries.c.position >= start)
    found = connection.execute(wanted.order_by(log_entries.c.position).limit(limit)).all()
    if [row.position for row in found] != list(range(start, start + len(found))):
        raise LogDamaged("a place of the log is missing in the database", first=start)
    return [bytes.fromhex(row.envelope) for row in found]


def _places_of(connection: Connection, ids: Sequence[str]) -> dict[str, int]:
    wanted = select(log_entries.c.claim_id, log_entries.c.position).where(log_entries.c.claim_id.in_(ids))
    return {row.claim_id: row.position for row in connection.execute(wanted)}


def _take(connection: Connection, count: int) -> int:
    """The first of `count` places that nobody else gets."""
    mine = log_head.c.single == _SINGLE
    following = connection.execute(select(log_head.c.following).where(mine).with_for_update()).scalar()
    if following is None:
        connection.execute(insert(log_head).values(single=_SINGLE, following=count))
        return 0
    connection.execute(update(log_head).where(mine).values(following=following + count))
    return int(following)
