"""A chain settled with the insurer's word: every claim once, every number the insurer holds, nothing guessed.

Rules: what is heard is the insurer's signed state and every receipt it gave this device (verified by the caller). A
claim whose envelope has a receipt is acknowledged by it, whichever copy of this terminal sent it. A dispatch that still
continues the insurer's chain is sent again as it is; one whose place was taken is given up by a signed void in the
counterfoil, and its claim waits for a new number. A claim that was turned down keeps its number where the chain goes on
from it, for a number is given once, and loses it where another dispatch stands. A receipt of a claim that is not here,
or of other bytes, or of one that was withdrawn here, is kept and named. The chain goes on from the highest number the
insurer received.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, select
from sqlalchemy.dialects.sqlite import insert

from sync.contract.envelope import Receipt, digest
from sync.crypto.signing import SigningKey
from sync.queue import states
from sync.queue.acts import Act, acting, move
from sync.queue.blocks import Frame
from sync.queue.counterfoil import Counterfoil
from sync.queue.reconciliation import dispatch_of
from sync.queue.tables import ADOPTED, CHAIN, ELSEWHERE, OUTBOX, RECONCILING, Row, milliseconds, row_of
from sync.queue.voiding import displaced_void
from sync.store import Store

CONFLICT: Final = "digest_conflict"
"""The insurer knows this claim id with other bytes: its number is given up, and a person decides about the claim."""


@dataclass(frozen=True)
class Heard:
    """A verified receipt of this device's chain, and the JWS it stands in."""

    receipt: Receipt
    signed: str = field(repr=False)


@dataclass(frozen=True)
class Word:
    """What an insurer says of this device's chain: the head of the state it signed, and all its receipts by number."""

    insurer: str
    state_seq: int
    state_head: str
    heard: Sequence[Heard]

    def end(self) -> tuple[int, str]:
        """The highest number received, and that dispatch's digest."""
        last = self.heard[-1].receipt if self.heard else None
        return (last.seq, last.dispatch) if last else (self.state_seq, self.state_head)


@dataclass
class Settlement:
    """What a settlement did, claim ids each.

    `settled` are acknowledged now, `renumbered` wait for a new number, `resumed` are sent again as they are,
    `elsewhere` were sent by another copy and are not here as received.
    """

    insurer: str
    seq: int = 0
    settled: list[str] = field(default_factory=list)
    renumbered: list[str] = field(default_factory=list)
    resumed: list[str] = field(default_factory=list)
    elsewhere: list[str] = field(default_factory=list)


def lost_by(store: Store, word: Word) -> list[Row]:
    """The claims that this insurer gave a receipt for and does not hold any more, by number: it has to be sent them."""
    held = {heard.receipt.claim_id for heard in word.heard}
    with store.read() as connection:
        return [row for row in _numbered(connection, word.insurer) if row.receipt and row.claim_id not in held]


def settle_chain(store: Store, counterfoil: Counterfoil, word: Word, signer: SigningKey, now: datetime) -> Settlement:
    """Bring the queue to what the insurer holds, in one durable act, and end the réconciliation with it."""
    with acting(store, counterfoil) as act:
        work = _Work(act, word, signer, now)
        work.take_receipts()
        work.judge_dispatches()
        work.set_chain()
    return work.done


class _Work:
    """One settlement under way: `tip` is where the chain goes on."""

    def __init__(self, act: Act, word: Word, signer: SigningKey, now: datetime) -> None:
        self._act = act
        self._connection = act.connection
        self._word = word
        self._signer = signer
        self._now = now
        self._tip = word.end()
        self.done = Settlement(word.insurer)

    def take_receipts(self) -> None:
        """Believe each receipt: for the claim it names, or as one of a claim that is not here as received."""
        for heard in self._word.heard:
            row = _row(self._connection, heard.receipt.claim_id)
            if row is None or not self._takes(row, heard):
                self._note_elsewhere(heard)

    def judge_dispatches(self) -> None:
        """What left and was not received goes on in its place, or gives it up."""
        followed = self._followed()
        for row in _numbered(self._connection, self._word.insurer):
            waits = row.state in (states.SENDING, states.BLOCKED)
            if row.receipt is not None:
                continue
            if waits and row.reason == CONFLICT:
                self._give_up(row, state=states.BLOCKED)
            elif not self._keeps_place(row, followed):
                self._lose_place(row, waits=waits)
            elif waits:
                self._resume(row)

    def set_chain(self) -> None:
        """Number on from the tip; remember what the insurer confirmed and no dispatch here made."""
        seq, head = self._tip
        self.done.seq = seq
        values = {"seq": seq, "head": head}
        chain = insert(CHAIN).values(insurer=self._word.insurer, **values)
        self._connection.execute(chain.on_conflict_do_update(index_elements=["insurer"], set_=values))
        own = {row.seq for row in _numbered(self._connection, self._word.insurer)}
        for heard in self._word.heard:
            receipt = heard.receipt
            if receipt.seq not in own and (receipt.seq + 1 in own or receipt.seq == self._word.end()[0]):
                self._adopt(receipt.seq, receipt.dispatch)
        self._connection.execute(RECONCILING.delete().where(RECONCILING.c.insurer == self._word.insurer))

    def _takes(self, row: Row, heard: Heard) -> bool:
        """Whether the receipt is one of this row; then the row is acknowledged, if it was not."""
        receipt = heard.receipt
        if row.receipt is not None and row.digest == receipt.envelope:
            return True
        if row.digest != receipt.envelope or row.state not in (states.QUEUED, states.SENDING, states.BLOCKED):
            return False
        if row.dispatch is not None and digest(row.dispatch.encode("ascii")) != receipt.dispatch:
            row = self._give_up(row)
        if row.state == states.QUEUED:
            row = self._blocked(row)
        at = milliseconds(self._now)
        values = {"receipt": heard.signed, "receipt_at": at, "last_error": None, "next_try": None}
        move(self._connection, row, states.ACKNOWLEDGED, reason=None, **values)
        self.done.settled.append(row.claim_id)
        return True

    def _followed(self) -> set[str]:
        """The digests that a dispatch held by the insurer names as the one before it, as far as it is one of ours."""
        held = {heard.receipt.dispatch for heard in self._word.heard}
        rows = _numbered(self._connection, self._word.insurer)
        dispatches = [row.dispatch for row in rows if row.dispatch is not None]
        return {dispatch_of(one).prev for one in dispatches if digest(one.encode("ascii")) in held}

    def _keeps_place(self, row: Row, followed: set[str]) -> bool:
        """Whether the chain goes on with the row's dispatch, which moves the tip, or the insurer follows it."""
        dispatch = dispatch_of(row.dispatch or "")
        own = digest((row.dispatch or "").encode("ascii"))
        if (dispatch.seq - 1, dispatch.prev) != self._tip:
            return own in followed
        self._tip = dispatch.seq, own
        return True

    def _lose_place(self, row: Row, *, waits: bool) -> None:
        """Another claim gets its number: one that waits is numbered anew, one that was turned down needs none."""
        if waits:
            self._give_up(row)
            self.done.renumbered.append(row.claim_id)
        else:
            self._void_number(row)

    def _resume(self, row: Row) -> None:
        if row.state == states.BLOCKED:
            move(self._connection, row, states.SENDING, reason=None, next_try=None)
        self.done.resumed.append(row.claim_id)

    def _give_up(self, row: Row, state: str = states.QUEUED) -> Row:
        """Take the number of `row` back; it is queued again, or stays blocked."""
        row = self._blocked(row)
        self._void_number(row, next_try=None, attempts=0, last_error=None)
        if state != states.BLOCKED:
            move(self._connection, row, state, reason=None)
        return replace(row, state=state, seq=None, dispatch=None)

    def _void_number(self, row: Row, **values: object) -> None:
        body = displaced_void(row, self._signer, self._now)
        self._act.frames.append(Frame("void", row.claim_id, row.insurer, milliseconds(self._now), body))
        emptied = OUTBOX.update().where(OUTBOX.c.claim_id == row.claim_id).values(seq=None, dispatch=None, **values)
        self._connection.execute(emptied)

    def _blocked(self, row: Row) -> Row:
        if row.state != states.BLOCKED:
            move(self._connection, row, states.BLOCKED)
        return replace(row, state=states.BLOCKED)

    def _note_elsewhere(self, heard: Heard) -> None:
        receipt = heard.receipt
        values = {"insurer": receipt.insurer, "seq": receipt.seq, "claim_id": receipt.claim_id}
        noted = insert(ELSEWHERE).values(**values, receipt=heard.signed).on_conflict_do_nothing()
        if self._connection.execute(noted).rowcount:
            self.done.elsewhere.append(receipt.claim_id)

    def _adopt(self, seq: int, head: str) -> None:
        values = {"insurer": self._word.insurer, "seq": seq, "head": head}
        self._connection.execute(insert(ADOPTED).values(**values).on_conflict_do_nothing())


def _row(connection: Connection, claim_id: str) -> Row | None:
    found = connection.execute(select(OUTBOX).where(OUTBOX.c.claim_id == claim_id)).first()
    return None if found is None else row_of(found)


def _numbered(connection: Connection, insurer: str) -> list[Row]:
    """The rows of an insurer that have a dispatch, by number."""
    numbered = select(OUTBOX).where(OUTBOX.c.insurer == insurer, OUTBOX.c.seq.is_not(None)).order_by(OUTBOX.c.seq)
    return [row_of(found) for found in connection.execute(numbered)]
