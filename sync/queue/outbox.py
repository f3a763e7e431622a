"""The queue: what was registered, what left, and what the insurers signed for it.

Rules: `enqueue` returns only when the envelope is durable twice, in the counterfoil and in the store, in this order;
what stands beside it (the dossier) commits with it or not at all. A number is given once, at the first dispatch, and
the signed bytes are durable before they are returned; retries get the same bytes. States move only through the methods
here, along `sync.queue.states`; how an act is made durable is `sync.queue.acts`. On a full medium whatever finishes
work uses the reserve (`sync.store.reserve`); a registration never does.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import ClaimNotCorrectable, ClaimUnknown, TransitionInvalid
from sync.queue import journal_head, states
from sync.queue.acts import Act, Beside, Entry, acting, move, move_from, registering
from sync.queue.blocks import Frame
from sync.queue.checks import check_chain, check_counterfoil, check_followed
from sync.queue.counterfoil import Counterfoil
from sync.queue.numbering import number
from sync.queue.reading import QueueReader, row_of_claim
from sync.queue.reconciliation import Reconciliation, catch_up
from sync.queue.settlement import Settlement, Word, lost_by, settle_chain
from sync.queue.standing import STOPPING, Chains, stop
from sync.queue.tables import OUTBOX, REFUSAL, STEPS, Row, milliseconds, package_bytes
from sync.queue.voiding import Reason, signed_void
from sync.store import CheckLine, Store, finishing, run

_BRING_FORWARD: Final = "UPDATE outbox SET next_try = ? WHERE insurer = ? AND state = 'sending' AND next_try > ?"


class Outbox(QueueReader):
    """The queue in a store, with its counterfoil; for several threads and processes."""

    def __init__(self, store: Store, counterfoil: Counterfoil) -> None:
        super().__init__(store)
        self._counterfoil = counterfoil
        store.migrate("outbox", STEPS)
        store.migrate(journal_head.ROOM, journal_head.STEPS)
        self.chains = Chains(store)

    def enqueue(self, entry: Entry, beside: Beside | None = None) -> None:
        """Register a claim: when this returns, it survives a kill and a power cut.

        ContractError: the envelope is none, or another claim's. ClaimExists. DiskFull and the other StoreErrors:
        nothing was registered. Errors of `beside` pass through, and nothing was registered.
        """
        with registering(self._store, self._counterfoil, entry) as act:
            if beside is not None:
                beside(act.connection)

    def replace(self, claim_id: str, entry: Entry, signer: SigningKey, beside: Beside | None = None) -> None:
        """Register a correction and withdraw the claim it corrects, in one act: afterwards one of the two is there.

        ClaimNotCorrectable as `void`, judged at `entry.created_at`; errors as `enqueue`, and then nothing changed.
        """
        now = entry.created_at
        with registering(self._store, self._counterfoil, entry) as act:
            row = _correctable(act.connection, claim_id, now)
            body = signed_void(row, "superseded", signer, now, by=entry.claim_id)
            act.frames.append(_withdraw(act.connection, row, "superseded", body, now))
            if beside is not None:
                beside(act.connection)

    def void(
        self, claim_id: str, reason: Reason, signer: SigningKey, now: datetime, beside: Beside | None = None
    ) -> None:
        """Withdraw a claim before it leaves: `cancelled`, or `superseded` by one that is registered already.

        `beside` commits with it or not at all.

        ClaimNotCorrectable once it left or its grace period is over; a blocked claim that never left has no grace
        period.
        """
        tried: list[Act] = []

        def withdraw() -> None:
            with acting(self._store, self._counterfoil) as act:
                if not any(one.appended for one in tried):  # else the store just followed the counterfoil
                    row = _correctable(act.connection, claim_id, now)
                    body = signed_void(row, reason, signer, now)
                    act.frames.append(_withdraw(act.connection, row, reason, body, now))
                tried.append(act)
                if beside is not None:
                    beside(act.connection)

        self._store.reserve.finish(withdraw)

    @finishing
    def dispatch(self, insurer: str, ids: Sequence[str], signer: SigningKey, now: datetime) -> list[bytes]:
        """The packages of these claims of `insurer`, in this order; durable before they are returned.

        A claim that left before keeps its bytes. ClaimUnknown; TransitionInvalid for one that may not leave (now).
        """
        with acting(self._store, self._counterfoil) as act:
            rows = [row_of_claim(act.connection, claim_id, insurer) for claim_id in dict.fromkeys(ids)]
            signed = number(act, [row for row in rows if row.dispatch is None], signer, now)
        return [package_bytes(row.dispatch or signed[row.claim_id], row.envelope) for row in rows]

    def settle(self, claim_id: str, receipt: str, received_at: datetime) -> None:
        """The insurer's receipt, verified by the caller, is kept: `acknowledged`. A second receipt changes nothing."""
        self.settle_many({claim_id: receipt}, received_at)

    @finishing
    def settle_many(self, receipts: Mapping[str, str], received_at: datetime, beside: Beside | None = None) -> None:
        """The same for the receipts of a batch, by claim id: all are durable together with what `beside` writes."""
        at = milliseconds(received_at)
        with self._store.write() as connection:
            settled = {_settle(connection, claim_id, receipt, at) for claim_id, receipt in receipts.items()}
            for insurer in settled - {None}:
                run(connection, "UPDATE chain SET receipt_at = ? WHERE insurer = ?", (at, insurer))
            if beside is not None:
                beside(connection)

    @finishing
    def refuse(self, claim_id: str, problem: str, refusal: str) -> None:
        """The insurer's refusal, verified by the caller, is kept, and its reason `problem` (a code): `rejected`."""
        values = {"reason": problem, "next_try": None, "last_error": None}
        with self._store.write() as connection:
            move(connection, row_of_claim(connection, claim_id), states.REJECTED, **values)
            connection.execute(REFUSAL.insert().values(claim_id=claim_id, refusal=refusal))

    @finishing
    def block(self, claim_id: str, reason: str, now: datetime) -> None:
        """A person has to look before anything else happens to this claim, or to its insurer's chain if that forked."""
        with self._store.write() as connection:
            row = row_of_claim(connection, claim_id)
            move(connection, row, states.BLOCKED, reason=reason, next_try=None)
            if reason in STOPPING:
                stop(connection, row.insurer, reason, now)

    @finishing
    def release(self, claim_id: str, not_before: datetime, beside: Beside | None = None) -> None:
        """A person looked: a blocked claim goes back to where it was, and leaves from `not_before` on.

        One that never left is registered again with the same bytes: whatever the counterfoil said of it before, its
        envelope stands there last. `beside` commits with it or not at all.
        """
        with acting(self._store, self._counterfoil) as act:
            row = row_of_claim(act.connection, claim_id)
            state = states.QUEUED if row.dispatch is None else states.SENDING
            if row.state != states.BLOCKED:
                raise TransitionInvalid("this claim is not blocked", state=row.state, following=state)
            move(act.connection, row, state, reason=None, not_before=milliseconds(not_before), next_try=None)
            if row.dispatch is None:
                at = milliseconds(row.created_at)
                act.frames.append(Frame("envelope", row.claim_id, row.insurer, at, row.envelope))
            if beside is not None:
                beside(act.connection)

    @finishing
    def postpone(self, ids: Collection[str], until: datetime, error_code: str) -> None:
        """A try failed with `error_code`: these claims are tried again from `until` on.

        Of a claim that has not left yet it is only remembered that its line failed.
        """
        sending = OUTBOX.c.claim_id.in_(sorted(ids)), OUTBOX.c.state.in_(sorted(states.WAITING))
        values = {"attempts": OUTBOX.c.attempts + 1, "next_try": milliseconds(until), "last_error": error_code}
        with self._store.write() as connection:
            connection.execute(OUTBOX.update().where(*sending).values(values))

    @finishing
    def hurry(self) -> None:
        """A person asks: whatever waits for its next try may be tried at once."""
        with self._store.write() as connection:
            connection.execute(OUTBOX.update().where(OUTBOX.c.state == states.SENDING).values(next_try=None))

    @finishing
    def bring_forward(self, insurer: str, until: datetime) -> None:
        """What waits for its next try at this insurer waits until this instant at most."""
        at = milliseconds(until)
        with self._store.write() as connection:
            run(connection, _BRING_FORWARD, (at, insurer, at))

    def lost_by(self, word: Word) -> list[Row]:
        """The claims that an insurer gave a receipt for and does not hold any more."""
        return lost_by(self._store, word)

    @finishing
    def settle_chain(self, word: Word, signer: SigningKey, now: datetime) -> Settlement:
        """Bring this queue to what an insurer holds, and end the réconciliation with it."""
        return settle_chain(self._store, self._counterfoil, word, signer, now)

    @finishing
    def reconcile(self, *, wholly: bool = False) -> Reconciliation:
        """Make store and counterfoil agree (at start; `wholly` after a repair); CounterfoilCorrupt, StoreError."""
        with self._store.write() as connection:
            return catch_up(connection, self._counterfoil, wholly=wholly)

    def check(self, verifier: VerifyingKey) -> tuple[CheckLine, CheckLine]:
        """The findings `chain` and `counterfoil`; `verifier` is this device's key."""
        with self._store.read() as connection:
            chain = check_chain(connection, verifier)
            kept = check_counterfoil(connection, self._counterfoil)
        with self._store.write() as connection:
            followed = check_followed(connection, self._counterfoil)
        return chain, kept if followed.ok or not kept.ok else followed


def _settle(connection: Connection, claim_id: str, receipt: str, at: int) -> str | None:
    """Whose claim was acknowledged now; None for one that was before."""
    found = run(connection, "SELECT insurer, state, receipt FROM outbox WHERE claim_id = ?", (claim_id,))
    if not found:
        raise ClaimUnknown("no claim has this id", claim_id=claim_id)
    ((insurer, state, former),) = found
    if former is not None:
        return None
    values = {"reason": None, "receipt": receipt, "receipt_at": at, "last_error": None, "next_try": None}
    move_from(connection, claim_id, state, states.ACKNOWLEDGED, **values)
    return str(insurer)


def _correctable(connection: Connection, claim_id: str, now: datetime) -> Row:
    row = row_of_claim(connection, claim_id)
    in_grace = row.state == states.QUEUED and now < row.not_before
    if row.dispatch is not None or not (in_grace or row.state == states.BLOCKED):
        raise ClaimNotCorrectable("the claim has left, or its grace period is over", state=row.state)
    return row


def _withdraw(connection: Connection, row: Row, reason: Reason, body: bytes, now: datetime) -> Frame:
    move(connection, row, reason, reason=reason, void=body)
    return Frame("void", row.claim_id, row.insurer, milliseconds(now), body)
