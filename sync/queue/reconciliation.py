"""Counterfoil and store tell one story: what one of them missed is taken from the other.

Rules: all this happens inside one store transaction, and every append to the counterfoil is made inside one too, so
no act of another process is seen half done. The store remembers where the counterfoil ended at its last commit (the
anchor). Frames behind the anchor are replayed: an envelope with neither row nor void comes back as `blocked`, reason
`recovered`, because nobody was told that it is registered; a dispatch is adopted, because its number is used up,
unless a later void says that it was displaced; a void is applied to what has not left, one in favour of a correction
only if that was registered. When the counterfoil does not hold the anchor any more, it lost acknowledged frames: all
of it is replayed, and what it lacks is appended again from the store.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert
from sqlalchemy.exc import IntegrityError

from sync.contract.envelope import Dispatch, decode, digest
from sync.crypto import base64url
from sync.errors import ContractError, CounterfoilCorrupt
from sync.queue import states
from sync.queue.blocks import START, Frame, Mark
from sync.queue.counterfoil import Counterfoil
from sync.queue.tables import OUTBOX, milliseconds, row_of
from sync.queue.voiding import DISPLACED, UNREGISTERED, void_record
from sync.store import run

RECOVERED: Final = "recovered"

_ANCHOR: Final = "SELECT length, digest FROM counterfoil_anchor"
_SET_ANCHOR: Final = (
    "INSERT INTO counterfoil_anchor (single, length, digest) VALUES (1, ?, ?)"
    " ON CONFLICT (single) DO UPDATE SET length = excluded.length, digest = excluded.digest"
)
_ADVANCE: Final = (
    "INSERT INTO chain (insurer, seq, head) VALUES (?, ?, ?)"
    " ON CONFLICT (insurer) DO UPDATE SET seq = excluded.seq, head = excluded.head WHERE chain.seq < excluded.seq"
)


@dataclass(frozen=True)
class Reconciliation:
    """What was put right.

    Claims back from the counterfoil (blocked), claims written to it again, bytes cut off, blocks from its second copy.
    """

    recovered: tuple[str, ...] = ()
    repaired: tuple[str, ...] = ()
    torn_bytes: int = 0
    restored_blocks: int = 0


def anchor(connection: Connection) -> Mark:
    """Where the counterfoil ended when the store last followed it."""
    found = run(connection, _ANCHOR)
    return Mark(*found[0]) if found else START


def set_anchor(connection: Connection, mark: Mark) -> None:
    """Remember that the store follows the counterfoil up to `mark`."""
    run(connection, _SET_ANCHOR, (mark.offset, mark.digest))


def catch_up(connection: Connection, counterfoil: Counterfoil, *, wholly: bool = False) -> Reconciliation:
    """Make store and counterfoil agree, inside the caller's write transaction; nothing to do is the common case.

    `wholly` believes no anchor: everything is compared, after a repair.
    """
    known, head = anchor(connection), counterfoil.head()
    if known == head and not wholly:
        return Reconciliation((), (), counterfoil.torn_bytes, counterfoil.restored_blocks)
    complete = counterfoil.holds(known) and not wholly
    recovered = _replay(connection, counterfoil.frames(known if complete else START))
    repaired = () if complete else _append_missing(connection, counterfoil)
    if wholly:
        _restate_chains(connection)
    set_anchor(connection, counterfoil.head())
    return Reconciliation(recovered, repaired, counterfoil.torn_bytes, counterfoil.restored_blocks)


def advance_chain(connection: Connection, insurer: str, seq: int, head: str) -> None:
    """Remember the last number and the digest of the last dispatch to an insurer; a chain never goes back."""
    run(connection, _ADVANCE, (insurer, seq, head))


def _restate_chains(connection: Connection) -> None:
    """Where each chain stands, from the dispatches themselves."""
    numbered = select(OUTBOX.c.insurer, OUTBOX.c.seq, OUTBOX.c.dispatch).where(OUTBOX.c.seq.is_not(None))
    for found in connection.execute(numbered.order_by(OUTBOX.c.insurer, OUTBOX.c.seq)):
        advance_chain(connection, found.insurer, found.seq, digest(found.dispatch.encode("ascii")))


def dispatch_of(signed: str) -> Dispatch:
    """What a dispatch JWS says; ContractError. The signature is not checked here: the bytes are this device's own."""
    parts = signed.split(".")
    if len(parts) != 3:
        raise ContractError("a dispatch is a JWS compact")
    return decode(base64url.to_bytes(parts[1]), Dispatch)


def _replay(connection: Connection, frames: Iterable[Frame]) -> tuple[str, ...]:
    replay = _Replay(connection)
    for frame in frames:
        replay.take(frame)
    return replay.finish()


class _Replay:
    """One pass over frames.

    `orphans` are envelopes without a row, `corrected` the voids that name a successor, `dispatches` the last dispatch
    of each claim that left.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._orphans: dict[str, Frame] = {}
        self._corrected: list[tuple[Frame, str]] = []
        self._registered: set[str] = set()
        self._dispatches: dict[str, Frame] = {}

    def take(self, frame: Frame) -> None:
        """Take in the next frame."""
        if frame.kind == "envelope":
            self._take_envelope(frame)
        elif frame.kind == "void":
            self._take_void(frame)
        else:
            self._take_dispatch(frame)

    def finish(self) -> tuple[str, ...]:
        """Adopt what left, and bring back what is left without a row; its claim ids."""
        for frame in self._dispatches.values():
            _adopt_dispatch(self._connection, frame)
        for frame, successor in self._corrected:
            if successor in self._registered or _exists(self._connection, successor):
                self._withdraw(frame)
        for frame in self._orphans.values():
            _insert(self._connection, frame, state=states.BLOCKED, reason=RECOVERED)
        return tuple(self._orphans)

    def _take_envelope(self, frame: Frame) -> None:
        self._registered.add(frame.claim_id)
        if not _exists(self._connection, frame.claim_id):
            self._orphans[frame.claim_id] = frame

    def _take_void(self, frame: Frame) -> None:
        record = void_record(frame.body)
        if record.reason == UNREGISTERED:
            self._forget(frame)
        elif record.reason == DISPLACED:
            self._take_back(frame.claim_id, record.dispatch or "")
        elif record.by is not None:
            self._corrected.append((frame, record.by))
        else:
            self._withdraw(frame)

    def _take_dispatch(self, frame: Frame) -> None:
        orphan = self._orphans.pop(frame.claim_id, None)
        if orphan is not None:
            _insert(self._connection, orphan, state=states.QUEUED, reason=None)
        self._dispatches[frame.claim_id] = frame

    def _take_back(self, claim_id: str, given_up: str) -> None:
        """The dispatch with this digest lost its place to one of another copy: the claim has no number again."""
        pending = self._dispatches.get(claim_id)
        if pending is not None and digest(pending.body) == given_up:
            del self._dispatches[claim_id]
        _drop_dispatch(self._connection, claim_id, given_up)

    def _forget(self, frame: Frame) -> None:
        """Nobody was told of this claim: it does not come back, and if it is back already, a person decides."""
        self._registered.discard(frame.claim_id)
        if self._orphans.pop(frame.claim_id, None) is None:
            _leave_to_a_person(self._connection, frame.claim_id)

    def _withdraw(self, frame: Frame) -> None:
        if frame.claim_id not in self._dispatches and self._orphans.pop(frame.claim_id, None) is None:
            _apply_void(self._connection, frame)


def _exists(connection: Connection, claim_id: str) -> bool:
    return connection.execute(select(OUTBOX.c.entry).where(OUTBOX.c.claim_id == claim_id)).first() is not None


def _insert(connection: Connection, frame: Frame, *, state: str, reason: str | None) -> None:
    connection.execute(
        insert(OUTBOX).values(
            claim_id=frame.claim_id,
            insurer=frame.insurer,
            state=state,
            reason=reason,
            envelope=frame.body,
            digest=digest(frame.body),
            created_at=frame.at,
            not_before=frame.at,
            attempts=0,
        )
    )


def _apply_void(connection: Connection, frame: Frame) -> None:
    reason = void_record(frame.body).reason
    still_here = OUTBOX.c.state.in_((states.QUEUED, states.BLOCKED)), OUTBOX.c.seq.is_(None)
    statement = OUTBOX.update().where(OUTBOX.c.claim_id == frame.claim_id, *still_here)
    connection.execute(statement.values(state=reason, reason=reason, void=frame.body))


def _leave_to_a_person(connection: Connection, claim_id: str) -> None:
    queued = OUTBOX.c.claim_id == claim_id, OUTBOX.c.state == states.QUEUED
    connection.execute(OUTBOX.update().where(*queued).values(state=states.BLOCKED, reason=RECOVERED))


def _adopt_dispatch(connection: Connection, frame: Frame) -> None:
    try:
        signed = frame.body.decode("ascii")
        dispatch = dispatch_of(signed)
    except (ContractError, UnicodeDecodeError) as error:
        raise CounterfoilCorrupt("a dispatch frame holds something else", claim_id=frame.claim_id) from error
    unnumbered = OUTBOX.c.claim_id == frame.claim_id, OUTBOX.c.seq.is_(None), OUTBOX.c.receipt.is_(None)
    values = {"state": states.SENDING, "reason": None, "seq": dispatch.seq, "dispatch": signed}
    try:
        adopted = connection.execute(OUTBOX.update().where(*unnumbered).values(**values)).rowcount
    except IntegrityError:
        raise CounterfoilCorrupt("two claims have one number", claim_id=frame.claim_id, seq=dispatch.seq) from None
    if adopted:
        advance_chain(connection, frame.insurer, dispatch.seq, digest(frame.body))


def _drop_dispatch(connection: Connection, claim_id: str, given_up: str) -> None:
    found = connection.execute(select(OUTBOX).where(OUTBOX.c.claim_id == claim_id)).first()
    if found is None or found.dispatch is None or digest(found.dispatch.encode("ascii")) != given_up:
        return
    state = states.QUEUED if found.receipt is None else found.state
    values = {"state": state, "reason": None, "seq": None, "dispatch": None, "next_try": None}
    connection.execute(OUTBOX.update().where(OUTBOX.c.claim_id == claim_id).values(**values))


def _append_missing(connection: Connection, counterfoil: Counterfoil) -> tuple[str, ...]:
    kept = {(frame.kind, frame.claim_id, digest(frame.body)) for frame in counterfoil.frames()}
    told = _told_by_store(connection)
    missing = [frame for frame in told if (frame.kind, frame.claim_id, digest(frame.body)) not in kept]
    if missing:
        counterfoil.append(missing)
    return tuple(dict.fromkeys(frame.claim_id for frame in missing))


def _told_by_store(connection: Connection) -> Iterator[Frame]:
    """The frames that the store's rows stand for: envelopes and voids as they arrived, then dispatches by number."""
    for found in connection.execute(select(OUTBOX).order_by(OUTBOX.c.entry)):
        row = row_of(found)
        at = milliseconds(row.created_at)
        yield Frame("envelope", row.claim_id, row.insurer, at, row.envelope)
        if found.void is not None:
            yield Frame("void", row.claim_id, row.insurer, at, bytes(found.void))
    numbered = select(OUTBOX).where(OUTBOX.c.seq.is_not(None)).order_by(OUTBOX.c.insurer, OUTBOX.c.seq)
    for found in connection.execute(numbered):
        yield Frame("dispatch", found.claim_id, found.insurer, found.created_at, found.dispatch.encode("ascii"))
