"""Where the chains stand with the insurers: which of them are in réconciliation, and what was learnt there.

Rules: an insurer in réconciliation is numbered nothing; it gets there by a fork, a conflict, a chain that is ahead of
this terminal, or because the terminal was restored. It leaves by the settlement alone (`sync.queue.settlement`), which
begins once it is `allowed`: for a restored terminal at once, else when a person agreed, because a second copy of this
terminal may be at work. What an insurer received from another copy is kept with its receipt, and named.
"""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select, text

from sync.contract.envelope import GENESIS, digest
from sync.queue.blocks import Mark
from sync.queue.reconciliation import anchor
from sync.queue.tables import ADOPTED, CHAIN, ELSEWHERE, OUTBOX, RECONCILING, instant, milliseconds
from sync.store import Store, run

RESTORED: Final = "restored"
AHEAD: Final = "chain_ahead"
STOPPING: Final = frozenset({"fork", "digest_conflict"})
"""Problems after which nothing more is numbered for an insurer."""

_STOP: Final = text(
    "INSERT INTO reconciling (insurer, reason, since, allowed) VALUES (:insurer, :reason, :since, :allowed)"
    " ON CONFLICT (insurer) DO NOTHING"
)
_RECONCILING: Final = "SELECT insurer, reason, since, allowed FROM reconciling ORDER BY insurer"
_CHAIN: Final = "SELECT seq, head FROM chain WHERE insurer = ?"
_RECEIVED: Final = """SELECT seq FROM outbox WHERE insurer = ? AND seq IS NOT NULL AND receipt IS NOT NULL
    ORDER BY seq DESC LIMIT 1"""


@dataclass(frozen=True)
class Reconciling:
    """An insurer in réconciliation: why, since when, and whether the settlement may begin."""

    insurer: str
    reason: str
    since: datetime
    allowed: bool


@dataclass(frozen=True)
class Elsewhere:
    """A claim that the insurer received from this device, and that is not in this queue as received."""

    insurer: str
    seq: int
    claim_id: str
    receipt: str = field(repr=False)


@dataclass(frozen=True)
class Standing:
    """One chain as this terminal knows it: its last number, that dispatch's digest, and the last number received."""

    seq: int
    head: str
    received: int


class Chains:
    """The chains of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def stop(self, insurers: Collection[str], reason: str, now: datetime, *, allowed: bool = False) -> None:
        """Put these insurers into réconciliation; one that is there already stays as it is."""
        with self._store.write() as connection:
            for insurer in insurers:
                stop(connection, insurer, reason, now, allowed=allowed)

    def allow(self) -> tuple[str, ...]:
        """A person agrees: whatever is in réconciliation may be settled; the insurers concerned."""
        with self._store.write() as connection:
            connection.execute(RECONCILING.update().values(allowed=1))
        return tuple(found.insurer for found in self.reconciling())

    def reconciling(self) -> tuple[Reconciling, ...]:
        """The insurers in réconciliation, by AMC number."""
        with self._store.read() as connection:
            found = run(connection, _RECONCILING)
        return tuple(Reconciling(insurer, why, instant(since), bool(allowed)) for insurer, why, since, allowed in found)

    def elsewhere(self) -> tuple[Elsewhere, ...]:
        """What insurers received from another copy of this terminal, as far as a settlement learnt it."""
        with self._store.read() as connection:
            found = connection.execute(select(ELSEWHERE).order_by(ELSEWHERE.c.insurer, ELSEWHERE.c.seq)).all()
        return tuple(Elsewhere(row.insurer, row.seq, row.claim_id, row.receipt) for row in found)

    def standing(self, insurer: str) -> Standing:
        """The chain to an insurer; number 0 when nothing has left."""
        with self._store.read() as connection:
            seq, head = chain_of(connection, insurer)
            received = run(connection, _RECEIVED, (insurer,))
            return Standing(seq, head, received[0][0] if received else 0)

    def heads(self) -> dict[str, tuple[int, str]]:
        """The last number and the digest of the last dispatch, by insurer."""
        with self._store.read() as connection:
            return {row.insurer: (row.seq, row.head) for row in connection.execute(select(CHAIN))}

    def followed(self) -> Mark:
        """Where the counterfoil ended when the store last followed it."""
        with self._store.read() as connection:
            return anchor(connection)

    def digest_at(self, insurer: str, seq: int) -> str | None:
        """The digest of the dispatch with this number, as far as it is known here."""
        if not seq:
            return GENESIS
        own = select(OUTBOX.c.dispatch).where(OUTBOX.c.insurer == insurer, OUTBOX.c.seq == seq)
        adopted = select(ADOPTED.c.head).where(ADOPTED.c.insurer == insurer, ADOPTED.c.seq == seq)
        with self._store.read() as connection:
            dispatch = connection.execute(own).scalar()
            return digest(dispatch.encode("ascii")) if dispatch else connection.execute(adopted).scalar()


def stop(connection: Connection, insurer: str, reason: str, now: datetime, *, allowed: bool = False) -> None:
    """Put an insurer into réconciliation, inside the caller's transaction."""
    values = {"insurer": insurer, "reason": reason, "since": milliseconds(now), "allowed": int(allowed)}
    connection.execute(_STOP, values)


def chain_of(connection: Connection, insurer: str) -> tuple[int, str]:
    """The last number given for an insurer and the digest of that dispatch; 0 and GENESIS before the first."""
    found = run(connection, _CHAIN, (insurer,))
    return found[0] if found else (0, GENESIS)
