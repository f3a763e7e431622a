"""What an insurer says moves a claim along the table, once, and never a claim of somebody else."""

import itertools

import pytest

from sync.errors import TransitionInvalid
from sync.queue import abandon, ask_cancellation, follow, replace_sent, states
from terminal.domain.claim import TRANSITIONS, ClaimState, may_become
from tests.unit.sync.queue.conftest import Desk
from tests.unit.sync.queue.envelopes import INSURER, LATER, claim_id, entry

SAID = ("accepted", "partial", "refused", "cancelled", "paid")


def test_queue_and_counter_have_one_table() -> None:
    """What may follow what is the same for the queue and for the domain, but for the draft, which no queue knows."""
    named = {str(now): {str(then) for then in following} for now, following in TRANSITIONS.items() if now != "draft"}
    known = {now: {then for then in states.ALL if states.may_become(now, then)} for now in states.ALL}
    assert named == known


def test_nothing_ends_twice() -> None:
    """A law of the table: from an end no insurer's word leads anywhere, and paid follows a decision or a request."""
    for now, then in itertools.product(ClaimState, ClaimState):
        if then is ClaimState.PAID and may_become(now, then):
            assert now in {ClaimState.ACCEPTED, ClaimState.PARTIAL, ClaimState.CANCELLATION_REQUESTED}
        if then is ClaimState.CANCELLED and may_become(now, then):
            assert now not in {ClaimState.ACCEPTED, ClaimState.PARTIAL, ClaimState.ACKNOWLEDGED, ClaimState.SENDING}


@pytest.fixture
def received(desk: Desk) -> Desk:
    """A queue with claim 1 acknowledged, claim 2 on its way, claim 3 not gone."""
    for number in (1, 2, 3):
        desk.outbox.enqueue(entry(number))
    desk.outbox.dispatch(INSURER, [claim_id(1), claim_id(2)], desk.signer, LATER)
    desk.outbox.settle(claim_id(1), "receipt.of.insurer", LATER)
    return desk


def say(desk: Desk, number: int, *said: str, insurer: str = INSURER, asked: bool = False) -> list[str]:
    """What came of each word, in order."""
    findings: list[str] = []
    for word in said:
        with desk.store.write() as connection:
            findings.append(follow(connection, insurer, claim_id(number), word, cancellation_asked=asked))
    return findings


def test_a_decision_and_a_payment_move_a_claim_once(received: Desk) -> None:
    """Said again they change nothing; afterwards every other word contradicts."""
    assert say(received, 1, "accepted", "accepted", "paid", "paid") == ["applied", "repeated", "applied", "repeated"]
    assert say(received, 1, "accepted", "partial", "refused", "cancelled") == ["contradiction"] * 4
    assert received.outbox.get(claim_id(1)).state == "paid"


@pytest.mark.parametrize("word", SAID)
def test_what_comes_before_its_time_waits(received: Desk, word: str) -> None:
    """Without the receipt nothing moves; of a claim that never left nothing can be said."""
    assert say(received, 2, word) == ["waiting"]
    assert say(received, 3, word) == ["contradiction"]
    assert [received.outbox.get(claim_id(number)).state for number in (2, 3)] == ["sending", "queued"]


def test_a_payment_waits_for_its_decision(received: Desk) -> None:
    """Out of order: the payment first, then the decision, then the payment tried again."""
    assert say(received, 1, "paid", "partial", "paid") == ["waiting", "applied", "applied"]


@pytest.mark.parametrize(("number", "insurer"), [(9, INSURER), (1, "99900099")], ids=["unknown", "other insurer"])
def test_words_about_nothing_here_are_named(received: Desk, number: int, insurer: str) -> None:
    """A claim that is not here, or is another insurer's."""
    assert say(received, number, *SAID, insurer=insurer) == ["unknown_claim"] * len(SAID)
    assert received.outbox.get(claim_id(1)).state == "acknowledged"


def test_a_cancellation_counts_only_when_it_was_asked_for(received: Desk) -> None:
    """Unasked it contradicts; asked, it is applied, also after a decision that was on its way meanwhile."""
    assert say(received, 1, "cancelled") == ["contradiction"]
    with received.store.write() as connection:
        ask_cancellation(connection, claim_id(1))
    assert say(received, 1, "accepted", asked=True) == ["applied"]
    assert say(received, 1, "cancelled", "paid", asked=True) == ["applied", "contradiction"]
    assert received.outbox.get(claim_id(1)).state == "cancelled"


def test_giving_up_needs_a_real_rejection(received: Desk) -> None:
    """Neither a claim that the insurer has nor one on its way is given up or replaced; a rejected one is."""
    for number, act in itertools.product((2, 3), (abandon, ask_cancellation)):
        if (number, act) != (3, abandon):
            with pytest.raises(TransitionInvalid), received.store.write() as connection:
                act(connection, claim_id(number))
    with pytest.raises(TransitionInvalid), received.store.write() as connection:
        replace_sent(connection, claim_id(2), "corrected")
