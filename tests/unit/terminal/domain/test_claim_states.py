"""The life of a claim as a table: what may follow what."""

from itertools import pairwise

import pytest

from terminal.domain.claim import TRANSITIONS, ClaimState, may_become

S = ClaimState
FINAL = {S.PAID, S.SUPERSEDED, S.CANCELLED}


def test_the_states_are_those_of_the_contract_and_the_screens() -> None:
    """The strings that store, contract and screens know."""
    names = "draft queued sending acknowledged accepted partial refused paid rejected superseded cancellation_requested"
    assert {str(state) for state in ClaimState} == {*names.split(), "cancelled", "blocked"}


def test_every_state_has_its_row() -> None:
    """Only paid, superseded and cancelled lead nowhere, and no state follows itself."""
    assert set(TRANSITIONS) == set(ClaimState)
    assert {state for state, following in TRANSITIONS.items() if not following} == FINAL
    assert not any(may_become(state, state) for state in ClaimState)


def test_every_state_can_be_reached_and_ended() -> None:
    """From a draft every state is reachable, and from every state a final one."""

    def reachable(start: ClaimState) -> set[ClaimState]:
        seen, todo = {start}, [start]
        while todo:
            new = TRANSITIONS[todo.pop()] - seen
            seen |= new
            todo += new
        return seen

    assert reachable(S.DRAFT) == set(ClaimState)
    assert all(reachable(state) & FINAL for state in ClaimState)


@pytest.mark.parametrize(
    "way", ["accepted paid", "partial paid", "refused superseded", "cancellation_requested cancelled"]
)
def test_the_straight_ways(way: str) -> None:
    """A claim goes from draft to its end by these steps."""
    steps = [ClaimState(name) for name in f"draft queued sending acknowledged {way}".split()]
    assert all(may_become(one, other) for one, other in pairwise(steps))


@pytest.mark.parametrize(
    ("now", "then"),
    [
        (S.DRAFT, S.SENDING),
        (S.QUEUED, S.ACKNOWLEDGED),
        (S.QUEUED, S.PAID),
        (S.SENDING, S.QUEUED),
        (S.SENDING, S.CANCELLED),
        (S.SENDING, S.SUPERSEDED),
        (S.SENDING, S.ACCEPTED),
        (S.ACKNOWLEDGED, S.CANCELLED),
        (S.ACKNOWLEDGED, S.QUEUED),
        (S.REFUSED, S.PAID),
        (S.REJECTED, S.ACKNOWLEDGED),
    ],
)
def test_the_forbidden_ways(now: ClaimState, then: ClaimState) -> None:
    """Nothing is settled without a receipt, and nothing that left is voided here."""
    assert not may_become(now, then)
