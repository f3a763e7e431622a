"""States: a claim moves along the table and on proof only."""

from collections.abc import Iterable
from datetime import timedelta

import pytest

from sync.errors import TransitionInvalid
from sync.queue import Late, Outbox, Row, Summary, states
from tests.unit.sync.queue.conftest import Desk
from tests.unit.sync.queue.envelopes import GRACE, INSURER, LATER, NOW, claim_id, entry

RECEIPT = "receipt.of.insurer"


@pytest.fixture
def sent(desk: Desk) -> Outbox:
    """An outbox whose claim 1 left."""
    desk.outbox.enqueue(entry(1))
    desk.outbox.dispatch(INSURER, [claim_id(1)], desk.signer, LATER)
    return desk.outbox


def test_a_receipt_settles_a_claim_once(sent: Outbox) -> None:
    """The first receipt is kept with its instant; a second one, of the same or another text, changes nothing."""
    sent.postpone([claim_id(1)], LATER, "insurer_unreachable")
    sent.settle(claim_id(1), RECEIPT, LATER)
    first = sent.get(claim_id(1))
    assert (first.state, first.receipt, first.receipt_at) == ("acknowledged", RECEIPT, LATER)
    assert (first.last_error, first.next_try, first.attempts) == (None, None, 1)
    sent.settle(claim_id(1), "another.text.here", LATER + GRACE)
    assert sent.get(claim_id(1)) == first
    assert sent.due(INSURER, LATER + GRACE) == []


def test_without_having_left_no_claim_is_settled(desk: Desk) -> None:
    """A receipt for a claim that is queued, withdrawn or rejected moves nothing."""
    for number in (1, 2, 3):
        desk.outbox.enqueue(entry(number))
    desk.outbox.void(claim_id(2), "cancelled", desk.signer, NOW)
    desk.outbox.dispatch(INSURER, [claim_id(3)], desk.signer, LATER)
    desk.outbox.refuse(claim_id(3), "envelope_invalid", "refusal.of.insurer")
    for number in (1, 2, 3):
        with pytest.raises(TransitionInvalid):
            desk.outbox.settle(claim_id(number), RECEIPT, LATER)
    assert [row.state for row in desk.outbox.rows()] == ["queued", "cancelled", "rejected"]


def test_a_rejection_names_its_problem(sent: Outbox) -> None:
    """Rejected with the insurer's code and signature, and never due again."""
    sent.refuse(claim_id(1), "envelope_invalid", "refusal.of.insurer")
    row = sent.get(claim_id(1))
    assert (row.state, row.reason) == ("rejected", "envelope_invalid")
    assert sent.refusals() == {claim_id(1): "refusal.of.insurer"}
    assert sent.due(INSURER, LATER + GRACE) == []
    with pytest.raises(TransitionInvalid):
        sent.refuse(claim_id(1), "again", "refusal.of.insurer")


def test_a_blocked_claim_that_left_goes_back_on_its_way(sent: Outbox) -> None:
    """Released, it is sent again with the same bytes; a receipt settles it even while it is blocked."""
    package = sent.get(claim_id(1)).package
    sent.block(claim_id(1), "fork", NOW)
    assert sent.due(INSURER, LATER) == []
    sent.release(claim_id(1), LATER)
    (row,) = sent.due(INSURER, LATER)
    assert (row.state, row.package) == ("sending", package)
    sent.block(claim_id(1), "fork", NOW)
    sent.settle(claim_id(1), RECEIPT, LATER)
    assert sent.get(claim_id(1)).state == "acknowledged"


def test_only_a_blocked_claim_is_released(sent: Outbox) -> None:
    """What is not blocked stays as it is."""
    with pytest.raises(TransitionInvalid) as caught:
        sent.release(claim_id(1), LATER)
    assert caught.value.facts["state"] == "sending"


def test_an_acknowledged_claim_is_not_blocked_or_refused(sent: Outbox) -> None:
    """After the insurer's signature the queue has nothing more to say."""
    sent.settle(claim_id(1), RECEIPT, LATER)
    with pytest.raises(TransitionInvalid):
        sent.refuse(claim_id(1), "code", "refusal.of.insurer")
    with pytest.raises(TransitionInvalid):
        sent.block(claim_id(1), "code", NOW)
    assert sent.get(claim_id(1)).state == "acknowledged"


def test_the_summary_counts_what_waits(desk: Desk) -> None:
    """Waiting is what is queued or on its way; then the oldest of them, rejections, last receipt, state of the line."""
    outbox = desk.outbox
    assert outbox.summary() == Summary(0, None, 0, None, line_failed=False, states={})
    for number in range(1, 6):
        outbox.enqueue(entry(number, created_at=NOW + timedelta(seconds=number)))
    ids = [claim_id(number) for number in range(1, 5)]
    outbox.dispatch(INSURER, ids, desk.signer, LATER + GRACE)
    outbox.settle(ids[0], RECEIPT, LATER)
    outbox.settle(ids[1], RECEIPT, LATER + GRACE)
    outbox.refuse(ids[2], "envelope_invalid", "refusal.of.insurer")
    expected = {"acknowledged": 2, "rejected": 1, "sending": 1, "queued": 1}
    assert outbox.summary() == Summary(2, NOW + timedelta(seconds=4), 1, LATER + GRACE, False, expected)
    outbox.postpone(ids, LATER + 2 * GRACE, "too_large")
    assert not outbox.summary().line_failed, "one claim that is set aside is no line that failed"
    outbox.postpone(ids, LATER + 2 * GRACE, "insurer_unreachable")
    assert outbox.summary().line_failed
    outbox.settle(ids[3], RECEIPT, LATER)
    assert not outbox.summary().line_failed


def test_rows_are_listed_by_arrival(desk: Desk) -> None:
    """All or some states, newest or oldest first, a limit, since an instant, ids only."""
    outbox = desk.outbox
    for number in range(1, 6):
        outbox.enqueue(entry(number, created_at=NOW + timedelta(days=number % 3)))
    outbox.block(claim_id(2), "x", NOW)

    def numbers(found: Iterable[Row | str]) -> list[int]:
        return [int((one if isinstance(one, str) else one.claim_id)[-12:], 16) for one in found]

    assert numbers(outbox.rows()) == [1, 2, 3, 4, 5]
    assert numbers(outbox.rows(newest_first=True, limit=2)) == [5, 4]
    assert numbers(outbox.rows(("queued",), limit=3)) == [1, 3, 4]
    assert numbers(outbox.rows(())) == []
    assert numbers(outbox.rows_since(NOW + timedelta(days=1))) == [1, 2, 4, 5]
    since = outbox.states_since(NOW + timedelta(days=1))
    assert since == [
        (claim_id(1), "queued"),
        (claim_id(2), "blocked"),
        (claim_id(4), "queued"),
        (claim_id(5), "queued"),
    ]
    assert numbers(outbox.ids(["queued"])) == [1, 3, 4, 5]
    assert numbers(outbox.ids(["queued", "blocked"])) == [1, 2, 3, 4, 5]


def test_end_states_have_no_way_out_and_all_others_one() -> None:
    """Paid, superseded and cancelled are ends; every other state leads somewhere, to known states only."""
    ends = {state for state in states.ALL if not any(states.may_become(state, other) for other in states.ALL)}
    assert ends == {states.PAID, states.SUPERSEDED, states.CANCELLED}
    assert not states.may_become("unheard-of", states.QUEUED)
    assert not any(states.may_become(state, "unheard-of") for state in states.ALL)


def test_no_state_is_acknowledged_without_having_been_sent() -> None:
    """Every way to `acknowledged` begins on the line: from sending, or from blocked after it."""
    before = {state for state in states.ALL if states.may_become(state, states.ACKNOWLEDGED)}
    assert before == {states.SENDING, states.BLOCKED}


def test_claims_without_receipt_are_counted_by_working_days(desk: Desk) -> None:
    """Registered on a Friday: in time on Thursday, warned of on Friday, an alarm on Wednesday, whatever its state.

    A receipt ends it. One that is dated ahead is warned of, unless the day itself is one that is only surely past.
    """
    friday, outbox = NOW.date(), desk.outbox
    for number in (1, 2, 3):
        outbox.enqueue(entry(number))
    outbox.dispatch(INSURER, [claim_id(1), claim_id(2)], desk.signer, LATER)
    outbox.block(claim_id(2), "fork", NOW)
    for days, told in ((6, Late()), (7, Late(warned=3)), (11, Late(warned=3)), (12, Late(alarmed=3))):
        assert outbox.late(friday + timedelta(days)) == told
    outbox.settle(claim_id(1), RECEIPT, LATER)
    assert outbox.late(friday + timedelta(12)) == Late(alarmed=2)
    assert outbox.late(friday - timedelta(1)) == Late(warned=2)
    assert outbox.late(friday - timedelta(1), trusted=False) == Late()


def test_the_day_of_a_registration_is_that_of_france(desk: Desk) -> None:
    """Half past eleven at night in UTC is the next day in France: the period begins a day later."""
    desk.outbox.enqueue(entry(1, created_at=NOW.replace(hour=23, minute=30)))
    desk.outbox.enqueue(entry(2, created_at=NOW.replace(hour=22, minute=30)))
    friday_after = NOW.date() + timedelta(7)
    assert desk.outbox.late(friday_after) == Late(warned=2), "both on Saturday: five days are Monday to Friday"
    desk.outbox.enqueue(entry(3, created_at=NOW.replace(day=22, hour=23, minute=30)))
    assert desk.outbox.late(friday_after) == Late(warned=2), "one on Monday: four days"
