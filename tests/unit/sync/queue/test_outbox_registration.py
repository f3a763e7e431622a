"""Registering, correcting and withdrawing claims."""

import sqlite3
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import NoReturn

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from sync.contract.envelope import VOID_TYP, decode, digest
from sync.errors import ClaimExists, ClaimNotCorrectable, ClaimUnknown, ContractError, DiskFull
from sync.queue import Entry, Frame, Outbox
from sync.queue.blocks import Mark
from sync.queue.voiding import SignedVoid, unregistered_void, void_record
from tests.unit.sync.queue.conftest import Desk
from tests.unit.sync.queue.envelopes import GRACE, INSURER, LATER, NOW, OTHER_INSURER, claim_id, entry, envelope

NOTE = ("CREATE TABLE note (claim_id TEXT PRIMARY KEY) STRICT",)


def noting(number: int) -> Callable[[Connection], None]:
    """What a dossier does: a row beside the claim."""

    def write(connection: Connection) -> None:
        connection.exec_driver_sql("INSERT INTO note VALUES (?)", (claim_id(number),))

    return write


def notes(desk: Desk) -> list[str]:
    """The rows beside."""
    with desk.store.read() as connection:
        return list(connection.exec_driver_sql("SELECT claim_id FROM note").scalars())


def failing_commit(connection: Connection) -> None:
    """Make the commit of this transaction fail after everything else went well."""
    connection.exec_driver_sql("CREATE TABLE IF NOT EXISTS parent (id INTEGER PRIMARY KEY)")
    connection.exec_driver_sql(
        "CREATE TABLE IF NOT EXISTS child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
    )
    connection.exec_driver_sql("INSERT INTO child VALUES (7)")


def test_a_registered_claim_is_in_both_files(desk: Desk) -> None:
    """The row, and the frame that stands for it, hold the very envelope."""
    desk.outbox.enqueue(entry(1))
    row = desk.outbox.get(claim_id(1))
    assert (row.state, row.insurer, row.envelope, row.digest) == ("queued", INSURER, envelope(1), digest(envelope(1)))
    assert (row.created_at, row.not_before) == (NOW, LATER)
    assert (row.seq, row.dispatch, row.package, row.receipt) == (None, None, None, None)
    (frame,) = desk.counterfoil.frames()
    assert (frame.kind, frame.claim_id, frame.insurer, frame.body) == ("envelope", claim_id(1), INSURER, envelope(1))


def test_a_registered_claim_is_there_in_the_next_life(desk: Desk) -> None:
    """Reopening finds it, and there is nothing to put right."""
    desk.outbox.enqueue(entry(1))
    again = desk.reopen()
    assert again.reconcile().recovered == ()
    assert again.get(claim_id(1)).state == "queued"


def test_what_stands_beside_commits_with_the_claim(desk: Desk) -> None:
    """The dossier's row is there with the claim's."""
    desk.store.migrate("note", (NOTE,))
    desk.outbox.enqueue(entry(1), noting(1))
    assert notes(desk) == [claim_id(1)]


def test_when_the_dossier_fails_nothing_was_registered(desk: Desk) -> None:
    """An error beside the claim leaves no row, no frame, and the error as it is."""
    desk.store.migrate("note", (NOTE,))
    desk.outbox.enqueue(entry(1), noting(1))
    with pytest.raises(IntegrityError):
        desk.outbox.enqueue(entry(2), noting(1))
    with pytest.raises(ClaimUnknown):
        desk.outbox.get(claim_id(2))
    assert len(list(desk.counterfoil.frames())) == 1


def test_when_the_commit_fails_the_counterfoil_says_that_nobody_was_told(desk: Desk) -> None:
    """The envelope was durable already: a void frame follows, and no later start brings the claim back."""
    with pytest.raises(IntegrityError):
        desk.outbox.enqueue(entry(1), failing_commit)
    assert [frame.kind for frame in desk.counterfoil.frames()] == ["envelope", "void"]
    for start in (desk.reopen, desk.lose_store):
        assert desk.outbox.reconcile().recovered == ()
        assert desk.outbox.rows() == start().rows() == []
    assert desk.outbox.reconcile().recovered == ()


def test_when_not_even_that_can_be_said_a_person_decides(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """An envelope with neither row nor void comes back blocked: nobody was told that it is registered."""
    append = desk.counterfoil.append

    def full(frames: object) -> NoReturn:
        raise DiskFull

    def last_append(frames: Sequence[Frame]) -> Mark:
        monkeypatch.setattr(desk.counterfoil, "append", full)
        return append(frames)

    monkeypatch.setattr(desk.counterfoil, "append", last_append)
    with pytest.raises(IntegrityError):
        desk.outbox.enqueue(entry(1), failing_commit)
    monkeypatch.undo()
    assert desk.outbox.reconcile().recovered == (claim_id(1),)
    row = desk.outbox.get(claim_id(1))
    assert (row.state, row.reason, row.envelope) == ("blocked", "recovered", envelope(1))


def test_an_id_is_used_once(desk: Desk) -> None:
    """The same claim again, or other bytes under its id, is ClaimExists; the first stays."""
    desk.outbox.enqueue(entry(1))
    for again in (entry(1), entry(1, created_at=LATER)):
        with pytest.raises(ClaimExists):
            desk.outbox.enqueue(again)
    assert len(list(desk.counterfoil.frames())) == len(desk.outbox.rows()) == 1


@pytest.mark.parametrize(
    "foreign",
    [
        Entry(claim_id(1), INSURER, envelope(2), NOW, LATER),
        Entry(claim_id(1), OTHER_INSURER, envelope(1), NOW, LATER),
        Entry(claim_id(1), INSURER, b"{}", NOW, LATER),
        Entry(claim_id(1), INSURER, envelope(1) + b" ", NOW, LATER),
    ],
)
def test_only_a_claims_own_envelope_is_queued(outbox: Outbox, foreign: Entry) -> None:
    """What no insurer could take is refused at the counter, while the person is still there."""
    with pytest.raises(ContractError):
        outbox.enqueue(foreign)
    assert outbox.rows() == []


def test_a_claim_is_withdrawn_in_its_grace_period(desk: Desk) -> None:
    """The row is cancelled, never due, and the counterfoil holds the device's signature on it."""
    desk.outbox.enqueue(entry(1))
    desk.outbox.void(claim_id(1), "cancelled", desk.signer, NOW + GRACE / 2)
    row = desk.outbox.get(claim_id(1))
    assert (row.state, row.reason) == ("cancelled", "cancelled")
    assert desk.outbox.due(INSURER, LATER + GRACE) == []
    record = void_record(list(desk.counterfoil.frames())[-1].body)
    said = decode(desk.signer.public.verify(VOID_TYP, record.signed or ""), SignedVoid)
    assert (said.claim_id, said.envelope, said.reason) == (claim_id(1), row.digest, "cancelled")


def test_after_its_grace_period_or_dispatch_a_claim_stays(desk: Desk) -> None:
    """At `not_before`, and once it left, withdrawing and correcting are ClaimNotCorrectable; so is a second void."""
    desk.outbox.enqueue(entry(1))
    desk.outbox.enqueue(entry(2, created_at=NOW - GRACE))
    desk.outbox.dispatch(INSURER, [claim_id(2)], desk.signer, NOW)
    desk.outbox.enqueue(entry(3))
    desk.outbox.void(claim_id(3), "cancelled", desk.signer, NOW)
    for number, now in ((1, LATER), (2, NOW), (3, NOW)):
        with pytest.raises(ClaimNotCorrectable):
            desk.outbox.void(claim_id(number), "cancelled", desk.signer, now)
        with pytest.raises(ClaimNotCorrectable):
            desk.outbox.replace(claim_id(number), entry(9, created_at=now), desk.signer)
    assert [row.state for row in desk.outbox.rows()] == ["queued", "sending", "cancelled"]


def test_a_correction_takes_the_place_of_a_claim(desk: Desk) -> None:
    """One act: the first is superseded, the new one is queued with its dossier, one append holds both."""
    desk.store.migrate("note", (NOTE,))
    desk.outbox.enqueue(entry(1))
    before = desk.counterfoil.head()
    desk.outbox.replace(claim_id(1), entry(2), desk.signer, noting(2))
    assert [row.state for row in desk.outbox.rows()] == ["superseded", "queued"]
    assert [frame.kind for frame in desk.counterfoil.frames(before)] == ["void", "envelope"]
    assert notes(desk) == [claim_id(2)]


@pytest.mark.parametrize("told", [True, False])
def test_a_correction_that_fails_leaves_one_of_the_two(desk: Desk, monkeypatch: pytest.MonkeyPatch, told: bool) -> None:
    """When the commit fails the first claim stays; cut off before that could be said, the second waits for a person."""
    desk.outbox.enqueue(entry(1))
    if not told:
        monkeypatch.setattr("sync.queue.acts._tell_unregistered", lambda *_: None)
    with pytest.raises(IntegrityError):
        desk.outbox.replace(claim_id(1), entry(2), desk.signer, failing_commit)
    states = [("queued",), ("superseded", "blocked")][not told]
    desk.outbox.reconcile()
    assert tuple(row.state for row in desk.outbox.rows()) == states
    desk.lose_store().reconcile()
    assert len([row for row in desk.outbox.rows() if row.state == "blocked"]) == 1


def test_a_blocked_claim_is_released_or_withdrawn(desk: Desk) -> None:
    """A person decides: back into the queue from an instant on, or away, without grace period."""
    for number in (1, 2):
        desk.outbox.enqueue(entry(number))
        desk.outbox.block(claim_id(number), "duplicate", NOW)
    assert desk.outbox.due(INSURER, LATER) == []
    desk.outbox.release(claim_id(1), LATER + GRACE)
    desk.outbox.void(claim_id(2), "cancelled", desk.signer, LATER + GRACE)
    assert [row.claim_id for row in desk.outbox.due(INSURER, LATER + GRACE)] == [claim_id(1)]
    assert desk.outbox.get(claim_id(2)).state == "cancelled"


def test_a_released_claim_is_registered_again(desk: Desk) -> None:
    """What the counterfoil once called unregistered comes back after a loss of the store, for a person again."""
    desk.outbox.enqueue(entry(1))
    desk.counterfoil.append([Frame("void", claim_id(1), INSURER, 0, unregistered_void())])
    desk.outbox.reconcile()
    assert desk.outbox.get(claim_id(1)).state == "blocked"
    desk.outbox.release(claim_id(1), NOW)
    assert desk.outbox.get(claim_id(1)).state == "queued"
    assert desk.lose_store().reconcile().recovered == (claim_id(1),)
    assert desk.outbox.get(claim_id(1)).envelope == envelope(1)


def test_unknown_claims_have_a_name(desk: Desk) -> None:
    """Every question about a claim that is not there is ClaimUnknown."""
    outbox = desk.outbox
    for ask in (
        lambda: outbox.get(claim_id(1)),
        lambda: outbox.void(claim_id(1), "cancelled", desk.signer, NOW),
        lambda: outbox.replace(claim_id(1), entry(2), desk.signer),
        lambda: outbox.dispatch(INSURER, [claim_id(1)], desk.signer, NOW),
        lambda: outbox.settle(claim_id(1), "a.b.c", NOW),
        lambda: outbox.refuse(claim_id(1), "code", "refusal.of.insurer"),
        lambda: outbox.block(claim_id(1), "code", NOW),
        lambda: outbox.release(claim_id(1), NOW),
    ):
        with pytest.raises(ClaimUnknown):
            ask()
    assert outbox.rows() == []


def test_a_row_shows_no_ciphertext(outbox: Outbox) -> None:
    """The representation of a row holds neither envelope nor JWS."""
    outbox.enqueue(entry(1))
    assert "sealed" not in repr(outbox.get(claim_id(1)))


def test_times_are_kept_to_the_millisecond(outbox: Outbox) -> None:
    """What is finer is cut, what is a millisecond is not."""
    outbox.enqueue(entry(1, created_at=NOW + timedelta(microseconds=1999)))
    assert outbox.get(claim_id(1)).created_at == NOW + timedelta(milliseconds=1)


def test_the_planted_failure_is_a_failure_of_the_commit() -> None:
    """The constraint used above is checked by COMMIT and by nothing before it: else these tests would prove nothing."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("BEGIN")
    connection.execute("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
    connection.execute("CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)")
    connection.execute("INSERT INTO child VALUES (7)")
    with pytest.raises(sqlite3.IntegrityError):
        connection.execute("COMMIT")
    connection.close()
