"""One durable act in two files: frames in the counterfoil, rows in the store.

Rules: the store transaction is begun first (so nobody else acts, and a store that cannot write says so before anything
is kept), then rows are changed, then the frames are flushed into the counterfoil, then the store commits. A caller
that fails leaves nothing. When the commit fails, the counterfoil knows more than the store: for a registration it is
told at once that nobody was told, and the next act takes in whatever is left to take in (`reconciliation`).
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Final

from sqlalchemy import Connection

from sync.contract.envelope import Envelope, decode, digest
from sync.errors import ClaimExists, ContractError, SyncError
from sync.queue import reconciliation, states
from sync.queue.blocks import Frame
from sync.queue.counterfoil import Counterfoil
from sync.queue.tables import Row, milliseconds
from sync.queue.voiding import unregistered_void
from sync.store import RowRefused, Store, run

_REGISTER: Final = (
    "INSERT INTO outbox (claim_id, insurer, state, envelope, digest, created_at, not_before)"
    " VALUES (?, ?, ?, ?, ?, ?, ?)"
)

Beside = Callable[[Connection], None]
"""Writes what belongs to the same act into the same transaction."""


def together(*acts: Beside) -> Beside:
    """Several things that belong to one act, in this order."""

    def write(connection: Connection) -> None:
        for act in acts:
            act(connection)

    return write


@dataclass(frozen=True)
class Entry:
    """A sealed claim to be registered; it may leave from `not_before` on (end of the grace period)."""

    claim_id: str
    insurer: str
    envelope: bytes
    created_at: datetime
    not_before: datetime


@dataclass
class Act:
    """What is being done: rows through `connection`, and the frames that are durable before it commits."""

    connection: Connection
    frames: list[Frame] = field(default_factory=list)
    appended: bool = False


@contextmanager
def acting(store: Store, counterfoil: Counterfoil) -> Iterator[Act]:
    """One act, begun with store and counterfoil in agreement."""
    with store.write() as connection:
        reconciliation.catch_up(connection, counterfoil)
        act = Act(connection)
        yield act
        if act.frames:
            mark = counterfoil.append(act.frames)
            act.appended = True
            reconciliation.set_anchor(connection, mark)


@contextmanager
def registering(store: Store, counterfoil: Counterfoil, entry: Entry) -> Iterator[Act]:
    """An act that registers `entry`; the caller adds what belongs to it, and the envelope's frame comes last.

    ContractError when the envelope is none or another claim's, ClaimExists, StoreError; DiskFull also while the
    reserve is spent.
    """
    _require_own_envelope(entry)
    store.reserve.require()
    begun: Act | None = None
    try:
        with acting(store, counterfoil) as act:
            begun = act
            _insert(act.connection, entry)
            yield act
            at = milliseconds(entry.created_at)
            act.frames.append(Frame("envelope", entry.claim_id, entry.insurer, at, entry.envelope))
    except BaseException:
        if begun is not None and begun.appended:
            _tell_unregistered(counterfoil, entry)
        raise


def move(connection: Connection, row: Row, state: str, **values: object) -> None:
    """Give `row` another state, and `values` (columns of the queue's table as they are stored); TransitionInvalid."""
    move_from(connection, row.claim_id, row.state, state, **values)


def move_from(connection: Connection, claim_id: str, former: str, state: str, **values: object) -> None:
    """The same for a claim of which only its present state was read."""
    states.require(former, state)
    run(connection, _moving(tuple(values)), (state, *values.values(), claim_id))


@cache
def _moving(columns: tuple[str, ...]) -> str:
    """The statement that gives a claim a state and these columns, which the callers here name."""
    return f"UPDATE outbox SET {', '.join(f'{name} = ?' for name in ('state', *columns))} WHERE claim_id = ?"  # noqa: S608  # no value is in it


def _require_own_envelope(entry: Entry) -> None:
    envelope = decode(entry.envelope, Envelope)
    if (envelope.claim_id, envelope.insurer) != (entry.claim_id, entry.insurer):
        raise ContractError("the envelope is not this claim's")


def _insert(connection: Connection, entry: Entry) -> None:
    instants = milliseconds(entry.created_at), milliseconds(entry.not_before)
    sealed = entry.envelope, digest(entry.envelope)
    try:
        run(connection, _REGISTER, (entry.claim_id, entry.insurer, states.QUEUED, *sealed, *instants))
    except RowRefused:
        raise ClaimExists("this claim id is used already", claim_id=entry.claim_id) from None


def _tell_unregistered(counterfoil: Counterfoil, entry: Entry) -> None:
    """Void the envelope that was appended for nothing; if even that fails, a person will be asked about it."""
    frame = Frame("void", entry.claim_id, entry.insurer, milliseconds(entry.created_at), unregistered_void())
    with suppress(SyncError):
        counterfoil.append([frame])
