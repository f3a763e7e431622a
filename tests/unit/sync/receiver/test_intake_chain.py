"""The chain at the insurer's: once, the same receipt for ever, forks named, gaps accepted and reported."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import URL

from sync.contract.envelope import (
    GENESIS,
    RECEIPT_TYP,
    STATE_TYP,
    ChainState,
    Envelope,
    Package,
    Receipt,
    decode,
    digest,
    encode,
)
from sync.crypto.sealing import OpeningKey
from sync.receiver.db import Ledger
from sync.receiver.enrol import invite
from sync.receiver.folder import IntakeMaterial
from sync.receiver.intake import Answer, Intake
from tests.unit.sync.receiver.visitor import ORIGIN, SHOP, Clock, Visitor, new_claim_id


def body(answer: Answer) -> dict[str, Any]:
    """The answer's JSON."""
    found: dict[str, Any] = json.loads(answer.body)
    return found


def state_of(intake: Intake, visitor: Visitor, material: IntakeMaterial) -> ChainState:
    """The verified state of a terminal's chain, but for the nonce that it answers."""
    signed = body(intake.state(visitor.ask("GET", "/v1/state")))["state"]
    state = decode(material.signer.public.verify(STATE_TYP, signed), ChainState)
    return msgspec.structs.replace(state, nonce=None)


def test_a_receipt_says_exactly_what_came(intake: Intake, visitor: Visitor, material: IntakeMaterial) -> None:
    """The first push is 201 with a receipt over claim, insurer, device, number and both digests."""
    package = visitor.package()
    answer = visitor.push(intake, package)
    found = decode(package, Package)
    receipt = decode(material.signer.public.verify(RECEIPT_TYP, body(answer)["receipt"]), Receipt)
    assert answer.status == 201
    assert receipt == Receipt(
        schema="comptoir/receipt/v1",
        claim_id=found.envelope.claim_id,
        insurer=found.envelope.insurer,
        device=visitor.signer.kid,
        seq=1,
        envelope=digest(encode(found.envelope)),
        dispatch=digest(found.dispatch.encode()),
        received_at="2026-11-21T12:00:00Z",
        state="acknowledged",
    )


def test_the_same_bytes_get_the_same_receipt_for_ever(
    intake: Intake, visitor: Visitor, ledger: Ledger, clock: Clock
) -> None:
    """A second push of the same package is 200 with the stored receipt, even much later."""
    package = visitor.package()
    first = visitor.push(intake, package)
    clock.pass_time(days=700)
    visitor.keep(intake.enrol(visitor.enrolment(invite(ledger, SHOP, clock()))).body)
    second = visitor.push(intake, package)
    assert (first.status, second.status) == (201, 200)
    assert first.body == second.body


def test_other_bytes_under_a_known_id_are_refused_with_both_digests(
    intake: Intake, visitor: Visitor, material: IntakeMaterial
) -> None:
    """Another envelope for a known claim id is a 409 that names both digests, and nothing is stored."""
    claim_id = new_claim_id()
    first, other = visitor.package(claim_id), visitor.package(claim_id)
    receipt = visitor.push(intake, first).body
    answer = visitor.push(intake, other)
    digests = [digest(encode(decode(package, Package).envelope)) for package in (first, other)]
    assert answer.status == 409
    assert (body(answer)["code"], body(answer)["stored"], body(answer)["received"]) == ("digest_conflict", *digests)
    assert visitor.push(intake, first).body == receipt
    assert state_of(intake, visitor, material).seq == 1


def test_a_known_id_of_another_terminal_tells_nothing(intake: Intake, enrolled: Callable[[], Visitor]) -> None:
    """A claim id that another terminal used is a conflict that does not give the stored digest away."""
    first, second = enrolled(), enrolled()
    claim_id = new_claim_id()
    first.push(intake, first.package(claim_id))
    answer = body(second.push(intake, second.package(claim_id)))
    assert answer["code"] == "digest_conflict"
    assert "stored" not in answer


def renumbered(visitor: Visitor, envelope: Envelope, **changed: object) -> bytes:
    """A package of this envelope whose dispatch is changed before it is signed."""
    return visitor.pack(envelope, msgspec.structs.replace(visitor.dispatch_of(envelope), **changed))


@pytest.mark.parametrize(
    "changed",
    [
        {"seq": 2},
        {"seq": 3, "prev": "f" * 64},
        {"seq": 1, "prev": "f" * 64},
        {"seq": 1, "prev": GENESIS},
    ],
    ids=["number taken", "wrong predecessor", "first with a predecessor", "chain begun anew"],
)
def test_a_contradiction_of_the_chain_is_a_fork(
    intake: Intake, visitor: Visitor, material: IntakeMaterial, changed: dict[str, object]
) -> None:
    """A number taken by another dispatch, or a `prev` that is not the neighbour's, is 409 fork and stores nothing."""
    for _ in range(2):
        visitor.push(intake, visitor.package())
    before = state_of(intake, visitor, material)
    answer = visitor.push(intake, renumbered(visitor, visitor.envelope(), **changed))
    assert (answer.status, body(answer)["code"]) == (409, "fork")
    assert state_of(intake, visitor, material) == before


def test_the_same_envelope_numbered_anew_is_a_fork(intake: Intake, visitor: Visitor) -> None:
    """A restored terminal that dispatches the same envelope a second time is found out."""
    package = visitor.package()
    visitor.push(intake, package)
    envelope = decode(package, Package).envelope
    again = visitor.pack(envelope, visitor.dispatch_of(envelope))
    answer = body(visitor.push(intake, again))
    assert answer["code"] == "fork"
    assert answer["stored"] != answer["received"]


def test_a_successor_that_contradicts_is_a_fork(intake: Intake, visitor: Visitor) -> None:
    """A late number whose digest is not the `prev` of the stored successor is 409 fork."""
    visitor.package()
    third = visitor.package()
    visitor.push(intake, third)
    visitor.seq, visitor.head = 0, GENESIS
    other_first = visitor.package()
    assert visitor.push(intake, other_first).status == 409


@pytest.fixture(scope="module")
def arrivals(
    tmp_path_factory: pytest.TempPathFactory, material: IntakeMaterial, opening: OpeningKey
) -> Iterator[Callable[[], tuple[Intake, Visitor]]]:
    """Make an intake with one newly enrolled terminal; several in one test."""
    clock = Clock()
    with Ledger.at(tmp_path_factory.mktemp("arrivals") / "intake.db") as ledger:
        intake = Intake(ledger, material, ORIGIN, clock)

        def make() -> tuple[Intake, Visitor]:
            visitor = Visitor(opening.public, clock)
            visitor.keep(intake.enrol(visitor.enrolment(invite(ledger, SHOP, clock()))).body)
            return intake, visitor

        yield make


@settings(max_examples=15)
@given(order=st.permutations(range(1, 7)), cut=st.integers(0, 6))
def test_any_order_of_arrival_ends_in_the_same_chain(
    arrivals: Callable[[], tuple[Intake, Visitor]], material: IntakeMaterial, order: list[int], cut: int
) -> None:
    """Whatever arrives first, the state names exactly the numbers below the highest one that have not arrived."""
    intake, visitor = arrivals()
    packages = {number: visitor.package() for number in range(1, 7)}
    heads = {number: digest(decode(package, Package).dispatch.encode()) for number, package in packages.items()}
    arrived = set(order[:cut])
    for number in order[:cut]:
        assert visitor.push(intake, packages[number]).status == 201
    state = state_of(intake, visitor, material)
    missing = tuple(number for number in range(1, max(arrived, default=0)) if number not in arrived)
    assert state.seq == min(missing, default=max(arrived, default=0) + 1) - 1
    assert state.missing == missing
    assert state.head == heads.get(state.seq, GENESIS)


def test_missing_numbers_are_named_up_to_a_thousand(intake: Intake, visitor: Visitor, material: IntakeMaterial) -> None:
    """A huge gap is accepted, and the state names its thousand lowest numbers without counting to the end."""
    visitor.push(intake, renumbered(visitor, visitor.envelope(), seq=2**53 - 1, prev="a" * 64))
    state = state_of(intake, visitor, material)
    assert (state.seq, state.missing) == (0, tuple(range(1, 1001)))


def test_a_number_no_json_keeps_is_refused(intake: Intake, visitor: Visitor) -> None:
    """A number beyond 2^53 - 1 is not of the schema, so it never reaches the database."""
    answer = visitor.push(intake, renumbered(visitor, visitor.envelope(), seq=2**53))
    assert (answer.status, body(answer)["code"]) == (422, "dispatch_invalid")


def test_a_batch_is_judged_one_by_one(intake: Intake, visitor: Visitor, material: IntakeMaterial) -> None:
    """In a batch each package has its own result, in order, and a bad one hinders no other."""
    known = visitor.package()
    visitor.push(intake, known)
    good, bad = visitor.package(), b'{"dispatch":1}'
    answer = intake.push_batch(visitor.post_batch(known, bad, good))
    results = body(answer)["results"]
    assert [result["status"] for result in results] == [200, 422, 201]
    assert results[1]["problem"]["code"] == "package_invalid"
    assert "claim_id" not in results[1]
    assert state_of(intake, visitor, material).seq == 2


def test_what_is_stored_keeps_its_receipt_after_a_fork(
    intake: Intake, visitor: Visitor, material: IntakeMaterial
) -> None:
    """In a batch a fork makes forks of those that follow and are new; one that was stored before has its receipt."""
    known = visitor.package()
    receipt = body(visitor.push(intake, known))["receipt"]
    forked = renumbered(visitor, visitor.envelope(), seq=1, prev=GENESIS)
    results = body(intake.push_batch(visitor.post_batch(forked, visitor.package(), known)))["results"]
    assert [result["status"] for result in results] == [409, 409, 200]
    assert results[2]["receipt"] == receipt
    assert state_of(intake, visitor, material).seq == 1


def test_claim_and_receipt_are_one_row(intake: Intake, visitor: Visitor, database: URL) -> None:
    """What is stored beside the receipt are the very package bytes that came."""
    package = visitor.package()
    receipt = body(visitor.push(intake, package))["receipt"]
    with Ledger(database) as other, other.reading() as connection:
        rows = connection.exec_driver_sql("SELECT package, receipt FROM claims").all()
    assert [(bytes(stored), text) for stored, text in rows] == [(package, receipt)]
