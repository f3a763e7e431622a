"""Events are taken once, in order, from the insurer alone; an answer holds what was asked for and nothing else."""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest

from sync.contract.envelope import GENESIS, digest
from sync.contract.events import DocumentAnswer, DocumentRequest, Event, check_answer
from sync.contract.exchange import MAX_EVENTS
from sync.crypto.events import Place, open_event, read_event, seal_event
from sync.crypto.sealing import OpeningKey
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import ContractError, EventInvalid, EventsExcessive, SealInvalid, SignatureInvalid
from sync.inbox import ROUND_EVENTS, Inbox, explained
from sync.store import Store
from tests.unit.sync.contract.test_minimal_claim import forbidden_in, struct_names
from tests.unit.sync.queue.envelopes import claim_id

AMC, DEVICE = "99900011", "D" * 43
SHOP = OpeningKey.generate()


@dataclass
class Source:
    """An insurer that says what a test lets it say."""

    signer: SigningKey = field(default_factory=SigningKey.generate)
    said: list[str] = field(default_factory=list)
    amc: str = AMC
    device: str = DEVICE

    @property
    def verifiers(self) -> tuple[VerifyingKey, ...]:
        """Its key."""
        return (self.signer.public,)

    def events(self, after: int) -> tuple[str, ...]:
        """As the contract has it."""
        return tuple(self.said[after : after + MAX_EVENTS])

    def event(self, signer: SigningKey | None = None, **changed: Any) -> str:
        """The next event, or one with another place."""
        prev = digest(self.said[-1].encode()) if self.said else GENESIS
        place = replace(Place(self.amc, self.device, len(self.said) + 1, prev), **changed)
        said = msgspec.structs.replace(request(len(self.said) + 1), insurer=self.amc)
        return seal_event(said, place, signer or self.signer, SHOP.public)

    def say(self, count: int) -> None:
        """Say some more."""
        for _ in range(count):
            self.said.append(self.event())


def request(number: int) -> DocumentRequest:
    """A request about nobody."""
    return DocumentRequest(
        schema="comptoir/document-request/v1",
        request_id=claim_id(1000 + number),
        insurer=AMC,
        claim_id=claim_id(number),
        document="lpp_code",
        ground="contrôle",
        deadline=date(2026, 12, 31),
    )


@pytest.fixture
def inbox(tmp_path: Path) -> Iterator[Inbox]:
    """An empty inbox."""
    store = Store.open(tmp_path / "store.db", bytes(32))
    yield Inbox(store)
    store.close()


def test_all_is_taken_once_and_in_order(inbox: Inbox) -> None:
    """More than one answer holds, then nothing, then one more: each is kept once, as it was signed."""
    source = Source()
    source.say(MAX_EVENTS + 3)
    assert [inbox.fetch(AMC, source, DEVICE) for _ in range(2)] == [MAX_EVENTS + 3, 0]
    source.say(1)
    assert inbox.fetch(AMC, source, DEVICE) == 1
    assert [(one.seq, one.signed) for one in inbox.after(AMC, 0)] == list(enumerate(source.said, start=1))
    assert inbox.cursor(AMC) == MAX_EVENTS + 4


@pytest.mark.parametrize(
    "changed",
    [
        {"seq": 4},
        {"seq": 2},
        {"prev": GENESIS},
        {"device": "E" * 43},
        {"insurer": "99900099"},
        {"signer": SigningKey.generate()},
    ],
    ids=["gap", "again", "other past", "other terminal", "other insurer", "other key"],
)
def test_what_does_not_continue_the_chain_is_not_taken(inbox: Inbox, changed: dict[str, Any]) -> None:
    """A gap, a repetition, another chain, another signer: refused, and the right one is taken then."""
    source = Source()
    source.say(2)
    inbox.fetch(AMC, source, DEVICE)
    right = source.event()
    source.said.append(source.event(**changed))
    with pytest.raises(EventInvalid):
        inbox.fetch(AMC, source, DEVICE)
    assert inbox.cursor(AMC) == 2
    source.said[-1] = right
    assert inbox.fetch(AMC, source, DEVICE) == 1


def test_only_the_shop_opens_an_event(inbox: Inbox) -> None:
    """The shop key opens it, no other; a changed header or another inner signer is refused."""
    source = Source()
    event = read_event(source.event(), source.verifiers)
    assert open_event(event, SHOP, source.verifiers).said == request(1)
    with pytest.raises(SealInvalid):
        open_event(event, OpeningKey.generate(), source.verifiers)
    with pytest.raises(SealInvalid):
        open_event(msgspec.structs.replace(event, seq=9), SHOP, source.verifiers)
    with pytest.raises(SignatureInvalid):
        open_event(event, SHOP, [SigningKey.generate().public])


def test_requests_and_answers_have_no_field_for_what_never_leaves() -> None:
    """No correction, prescription, prescriber or image; the kind of document is a closed list of codes."""
    for record in (Event, DocumentRequest, DocumentAnswer):
        assert set(forbidden_in(struct_names(record))) <= {"document"}
    for code in ("prescription", "image", "correction"):
        with pytest.raises(msgspec.ValidationError):
            msgspec.convert({**msgspec.to_builtins(request(1)), "document": code}, DocumentRequest)


def test_an_answer_holds_its_own_member_alone() -> None:
    """Over every document, verdict and set of members: exactly the one that belongs is accepted."""
    members: dict[str, dict[str, Any]] = {
        "lpp_code": {"openings": [{"line": 0, "code": "2222124", "salt": "0" * 64}]},
        "last_equipment_date": {"last_equipment_date": "2024-01-31"},
        "early_renewal": {"early_renewal": True},
        "invoice_reference": {"invoice_reference": "F-12/3"},
    }
    told_sets = [told for size in range(3) for told in itertools.combinations(members, size)]
    accepted = []
    for document, verdict, told, reason in itertools.product(
        members, ("provided", "refused"), told_sets, (False, True)
    ):
        given = {key: value for name in told for key, value in members[name].items()}
        if holds(document, verdict, {**given, **({"reason": "not_held"} if reason else {})}):
            accepted.append((document, verdict, told, reason))
    provided = [(document, "provided", (document,), False) for document in members]
    assert sorted(accepted) == sorted(provided + [(document, "refused", (), True) for document in members])


def holds(document: str, verdict: str, members: dict[str, Any]) -> bool:
    """Whether an answer with these members is one to this document."""
    answer = {
        "schema": "comptoir/document-answer/v1",
        "answer_id": claim_id(1),
        "request_id": claim_id(2),
        "claim_id": claim_id(3),
        "insurer": AMC,
        "convention": "TP",
        "shop": "991000019",
        "document": document,
        "verdict": verdict,
        **members,
    }
    try:
        check_answer(msgspec.convert(answer, DocumentAnswer))
    except ContractError:
        return False
    return True


def test_an_insurer_without_an_end_has_one_round_after_the_other(inbox: Inbox) -> None:
    """A round takes so many events and no more, and the next goes on where it ended."""
    source = Source()
    source.say(ROUND_EVENTS + 7)
    assert [inbox.fetch(AMC, source, DEVICE) for _ in range(3)] == [ROUND_EVENTS, 7, 0]


def test_a_round_ends_when_its_time_is_over(inbox: Inbox) -> None:
    """No further answer is asked for once the caller says so."""
    source = Source()
    source.say(3 * MAX_EVENTS)
    turns = iter((True, True, False))
    assert inbox.fetch(AMC, source, DEVICE, go_on=lambda: next(turns)) == 2 * MAX_EVENTS


def test_no_more_is_kept_of_an_insurer_than_claims_explain(inbox: Inbox) -> None:
    """Up to the number that was said, events are kept; beyond it they are refused by name, each time."""
    source = Source()
    source.say(MAX_EVENTS + 9)
    for _ in range(2):
        with pytest.raises(EventsExcessive):
            inbox.fetch(AMC, source, DEVICE, most=MAX_EVENTS + 2)
        assert inbox.cursor(AMC) == MAX_EVENTS + 2
    assert inbox.fetch(AMC, source, DEVICE, most=explained(1)) == 7


def test_a_longer_answer_than_the_contract_has_counts_as_far_as_it_goes(inbox: Inbox) -> None:
    """What is beyond the length of an answer is asked for again, and kept once."""
    source = Source()
    source.say(2 * MAX_EVENTS)
    source.events = lambda after: tuple(source.said[after:])  # type: ignore[method-assign]  # an insurer without a limit
    assert inbox.fetch(AMC, source, DEVICE) == 2 * MAX_EVENTS
    assert len(inbox.after(AMC, 0)) == 2 * MAX_EVENTS


def test_two_who_fetch_at_once_keep_each_event_once(inbox: Inbox) -> None:
    """What another process took while an answer came is not taken again, and nothing breaks."""
    source, other = Source(), Source()
    source.say(5)
    other.signer, other.said = source.signer, source.said

    def overtaken(after: int) -> tuple[str, ...]:
        del source.events
        inbox.fetch(AMC, other, DEVICE)
        return tuple(source.said[after:])

    source.events = overtaken  # type: ignore[method-assign]  # once; then the source answers as it always does
    assert inbox.fetch(AMC, source, DEVICE) == 0
    assert [one.seq for one in inbox.after(AMC, 0)] == [1, 2, 3, 4, 5]
