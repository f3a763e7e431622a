"""Leaving: numbers, bytes that never change, and what is due."""

from datetime import timedelta
from typing import Any

import pytest
import rfc8785
from msgspec import json
from sqlalchemy.exc import IntegrityError

from sync.contract.envelope import DISPATCH_TYP, GENESIS, Dispatch, Package, decode, digest, encode
from sync.errors import ClaimUnknown, TransitionInvalid
from sync.queue import Outbox
from tests.unit.sync.queue.conftest import Desk
from tests.unit.sync.queue.envelopes import GRACE, INSURER, LATER, NOW, OTHER_INSURER, claim_id, entry


def fill(outbox: Outbox, count: int, insurer: str = INSURER, first: int = 1) -> list[str]:
    """Register some claims; their ids."""
    for number in range(first, first + count):
        outbox.enqueue(entry(number, insurer))
    return [claim_id(number) for number in range(first, first + count)]


def dispatches(desk: Desk, packages: list[bytes]) -> list[Dispatch]:
    """What the device signed in each package."""
    found = [decode(package, Package) for package in packages]
    return [decode(desk.signer.public.verify(DISPATCH_TYP, package.dispatch), Dispatch) for package in found]


def test_numbers_follow_each_other_from_genesis(desk: Desk) -> None:
    """In two batches: seq has no gap, each `prev` is the digest of the dispatch before, each names its envelope."""
    ids = fill(desk.outbox, 5)
    packages = desk.outbox.dispatch(INSURER, ids[:2], desk.signer, LATER)
    packages += desk.outbox.dispatch(INSURER, ids[2:], desk.signer, LATER)
    said = dispatches(desk, packages)
    signed = [decode(package, Package).dispatch for package in packages]
    assert [one.seq for one in said] == [1, 2, 3, 4, 5]
    assert [one.prev for one in said] == [GENESIS] + [digest(jws.encode()) for jws in signed[:-1]]
    assert [one.claim_id for one in said] == ids
    assert [one.envelope for one in said] == [desk.outbox.get(one).digest for one in ids]
    assert {(one.insurer, one.device) for one in said} == {(INSURER, desk.signer.kid)}


def test_each_insurer_has_a_chain_of_its_own(desk: Desk) -> None:
    """The second insurer's first claim has number 1."""
    desk.outbox.dispatch(INSURER, fill(desk.outbox, 3), desk.signer, LATER)
    other = desk.outbox.dispatch(OTHER_INSURER, fill(desk.outbox, 1, OTHER_INSURER, 9), desk.signer, LATER)
    assert [(one.seq, one.prev) for one in dispatches(desk, other)] == [(1, GENESIS)]


def test_a_package_is_canonical(desk: Desk) -> None:
    """Put together from stored bytes, it is what the contract's encoder and an independent library would write."""
    (package,) = desk.outbox.dispatch(INSURER, fill(desk.outbox, 1), desk.signer, LATER)
    assert encode(decode(package, Package)) == rfc8785.dumps(json.decode(package)) == package
    assert desk.outbox.get(claim_id(1)).package == package


def test_a_retry_has_the_same_bytes_for_ever(desk: Desk) -> None:
    """Asked again, after a restart, and mixed with a new claim: what left keeps its bytes and its number."""
    ids = fill(desk.outbox, 2)
    packages = desk.outbox.dispatch(INSURER, ids, desk.signer, LATER)
    assert desk.outbox.dispatch(INSURER, ids, desk.signer, LATER + GRACE) == packages
    again = desk.reopen()
    fill(again, 1, first=3)
    mixed = again.dispatch(INSURER, [claim_id(3), *ids, ids[0]], desk.signer, LATER)
    assert mixed[1:] == packages
    assert [one.seq for one in dispatches(desk, mixed)] == [3, 1, 2]


def test_a_dispatch_is_in_the_counterfoil_in_one_append(desk: Desk) -> None:
    """All dispatches of a batch stand in one block, and the store follows it."""
    ids = fill(desk.outbox, 3)
    before = desk.counterfoil.head()
    packages = desk.outbox.dispatch(INSURER, ids, desk.signer, LATER)
    frames = list(desk.counterfoil.frames(before))
    assert [(frame.kind, frame.claim_id) for frame in frames] == [("dispatch", one) for one in ids]
    assert [frame.body.decode() for frame in frames] == [decode(package, Package).dispatch for package in packages]


def test_numbers_that_the_store_did_not_keep_are_not_given_twice(desk: Desk) -> None:
    """When the commit of a dispatch fails, the signed numbers are used up: the next act adopts them as they are."""
    ids = fill(desk.outbox, 2)
    with desk.store.write() as connection:
        connection.exec_driver_sql("CREATE TABLE parent (id INTEGER PRIMARY KEY)")
        connection.exec_driver_sql(
            "CREATE TABLE child (id INTEGER REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED)"
        )
        connection.exec_driver_sql(
            "CREATE TRIGGER broken AFTER UPDATE OF seq ON outbox BEGIN INSERT INTO child VALUES (7); END"
        )
    with pytest.raises(IntegrityError):
        desk.outbox.dispatch(INSURER, ids, desk.signer, LATER)
    with desk.store.write() as connection:
        connection.exec_driver_sql("DROP TRIGGER broken")
    signed = [frame.body.decode() for frame in desk.counterfoil.frames() if frame.kind == "dispatch"]
    packages = desk.outbox.dispatch(INSURER, ids, desk.signer, LATER)
    assert [decode(package, Package).dispatch for package in packages] == signed
    assert [frame.kind for frame in desk.counterfoil.frames()].count("dispatch") == 2


def test_a_claim_may_not_leave_early_or_for_another(desk: Desk) -> None:
    """In its grace period, withdrawn, blocked, or asked for by another insurer, nothing leaves or gets a number."""
    ids = fill(desk.outbox, 3)
    desk.outbox.void(ids[1], "cancelled", desk.signer, NOW)
    desk.outbox.block(ids[2], "duplicate", NOW)
    for one, now in ((ids[0], LATER - timedelta(milliseconds=1)), (ids[1], LATER), (ids[2], LATER)):
        with pytest.raises(TransitionInvalid):
            desk.outbox.dispatch(INSURER, [one], desk.signer, now)
    with pytest.raises(ClaimUnknown):
        desk.outbox.dispatch(OTHER_INSURER, ids[:1], desk.signer, LATER)
    with pytest.raises(TransitionInvalid):
        desk.outbox.dispatch(INSURER, ids[:2], desk.signer, LATER)
    assert [one.seq for one in dispatches(desk, desk.outbox.dispatch(INSURER, ids[:1], desk.signer, LATER))] == [1]


def test_nothing_asked_is_nothing_done(desk: Desk) -> None:
    """An empty batch writes nothing."""
    head = desk.counterfoil.head()
    assert desk.outbox.dispatch(INSURER, [], desk.signer, LATER) == []
    assert desk.counterfoil.head() == head


def test_a_claim_is_due_when_its_grace_period_is_over(outbox: Outbox) -> None:
    """Not before, and then for its own insurer."""
    fill(outbox, 1)
    early = LATER - timedelta(milliseconds=1)
    assert (outbox.due(INSURER, early), outbox.insurers_due(early)) == ([], ())
    assert [row.claim_id for row in outbox.due(INSURER, LATER)] == [claim_id(1)]
    assert outbox.due(OTHER_INSURER, LATER) == []
    assert outbox.insurers_due(LATER) == (INSURER,)


def test_due_is_ordered_by_number_then_by_arrival_and_never_by_clock(desk: Desk) -> None:
    """A clock that jumped changes neither order; what left comes before what is new."""
    for number, days in ((1, 0), (2, -400), (3, 30), (4, -9000), (5, 0)):
        desk.outbox.enqueue(entry(number, created_at=NOW + timedelta(days=days)))
    later = NOW + timedelta(days=60)
    desk.outbox.dispatch(INSURER, [claim_id(number) for number in (5, 3, 2)], desk.signer, later)
    assert [row.claim_id for row in desk.outbox.due(INSURER, later)] == [claim_id(n) for n in (5, 3, 2, 1, 4)]
    assert [row.claim_id for row in desk.outbox.due(INSURER, later, limit=4)] == [claim_id(n) for n in (5, 3, 2, 1)]


def test_a_postponed_claim_is_due_again_at_its_time(desk: Desk) -> None:
    """It counts its tries and its last error; what has not left stays due, and only remembers that its line failed."""
    ids = fill(desk.outbox, 3)
    desk.outbox.dispatch(INSURER, ids[:2], desk.signer, LATER)
    for _ in range(2):
        desk.outbox.postpone([ids[0], ids[2]], LATER + GRACE, "insurer_unreachable")
    assert [row.claim_id for row in desk.outbox.due(INSURER, LATER)] == [ids[1], ids[2]]
    assert [row.claim_id for row in desk.outbox.due(INSURER, LATER + GRACE)] == ids
    row = desk.outbox.get(ids[0])
    assert (row.attempts, row.last_error, row.next_try) == (2, "insurer_unreachable", LATER + GRACE)
    fresh = desk.outbox.get(ids[2])
    assert (fresh.state, fresh.seq, fresh.attempts) == ("queued", None, 2)


def test_the_next_instant_at_which_something_may_leave(desk: Desk) -> None:
    """The end of a grace period or of a wait after a failure; none that a wrong clock wrote, and none that is past."""
    ids = fill(desk.outbox, 3)
    assert desk.outbox.next_due(NOW) == LATER
    assert desk.outbox.next_due(LATER) is None
    desk.outbox.dispatch(INSURER, ids[:2], desk.signer, LATER)
    desk.outbox.postpone(ids[:1], LATER + GRACE * 9, "insurer_unreachable")
    desk.outbox.postpone(ids[1:2], LATER + timedelta(days=3000), "insurer_unreachable")
    assert desk.outbox.next_due(LATER) == LATER + GRACE * 9
    desk.outbox.bring_forward(OTHER_INSURER, LATER + GRACE)
    assert desk.outbox.next_due(LATER) == LATER + GRACE * 9
    desk.outbox.bring_forward(INSURER, LATER + GRACE)
    assert desk.outbox.next_due(LATER) == LATER + GRACE
    desk.outbox.bring_forward(INSURER, LATER + GRACE * 2)
    assert desk.outbox.get(ids[0]).next_try == LATER + GRACE


def test_the_queries_of_a_status_line_use_their_indexes(desk: Desk) -> None:
    """What is asked often reads no row, however much waits: asked of the query planner."""
    fill(desk.outbox, 3)
    statements: list[str] = []
    with desk.store.read() as connection:
        raw: Any = connection.connection.driver_connection
    raw.set_trace_callback(statements.append)
    desk.outbox.summary()
    desk.outbox.insurers_due(LATER)
    desk.outbox.ids(["queued", "sending"])
    desk.outbox.due(INSURER, LATER)
    raw.set_trace_callback(None)
    asked = [statement for statement in statements if "outbox" in statement]
    assert len(asked) == 6
    with desk.store.read() as connection:
        for statement in asked:
            plan = connection.exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}").all()
            details = [str(row.detail) for row in plan]
            assert any("COVERING INDEX" in one or "outbox_waiting (insurer=? AND state=?" in one for one in details)
            assert "envelope" not in statement or not any("TEMP B-TREE" in one for one in details)
