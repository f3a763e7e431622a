"""The engine against a real queue: what moves a claim, what does not, and what is tried again when."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from sync.contract.envelope import STATE_TYP, Package, decode, encode
from sync.contract.problems import PROBLEMS
from sync.crypto.signing import SigningKey
from sync.engine import Lines, drain
from sync.errors import InsurerRefused, InsurerUnknown, InsurerUnreachable, InsurerUntrusted, ReceiptInvalid
from sync.peer import Peer, PushResult
from sync.receipts import last_signed_time, verify_receipt, verify_refusal
from tests.unit.sync.engine_world import ScriptedInsurer, Shop, open_shop
from tests.unit.sync.receiver.visitor import AMC, new_claim_id

OTHER = "88888886"


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A queue on a real store and a real counterfoil."""
    with open_shop(tmp_path) as opened:
        yield opened


def claim_of(package: bytes) -> PushResult:
    """An empty result for a package."""
    return PushResult(decode(package, Package).envelope.claim_id, 200)


def test_a_verified_receipt_settles(shop: Shop) -> None:
    """Claims leave in one batch, in order, and are acknowledged on their receipts, which are kept."""
    insurer = shop.insurer()
    ids = shop.register(5)
    seen: dict[str, int] = {}
    report = shop.drain(observe=lambda name, number: seen.update({name: seen.get(name, 0) + number}))
    assert [len(batch) for batch in insurer.batches] == [5]
    assert (report.pushed, report.verified, report.acknowledged, report.errors) == (5, 5, 5, {})
    assert seen == {"pushed": 5, "verified": 5, "acknowledged": 5}
    assert [shop.outbox.get(claim_id).receipt for claim_id in ids] == [insurer.known[claim_id] for claim_id in ids]
    assert shop.states() == ["acknowledged"] * 5


def test_the_last_signed_time_is_in_the_newest_receipt(shop: Shop) -> None:
    """Nothing is known before a receipt; then it is the receiver's time, whatever this machine's clock says."""
    shop.insurer()
    shop.register(2)
    assert last_signed_time(shop.outbox) is None
    shop.drain()
    assert last_signed_time(shop.outbox) == datetime(2026, 11, 21, 12, tzinfo=UTC)


def test_nothing_waits_nothing_happens(shop: Shop) -> None:
    """Without a waiting claim no insurer is even asked for."""
    assert shop.drain().pushed == 0


def test_an_unknown_outcome_sends_the_same_bytes(shop: Shop) -> None:
    """After an answer that was lost the same packages go again, and the insurer's known receipt settles them."""
    insurer = shop.insurer()
    shop.register(3)
    insurer.failure = InsurerUnreachable("cut")
    first = shop.drain()
    assert (first.errors, first.postponed) == ({AMC: "insurer_unreachable"}, 3)
    assert shop.states() == ["sending"] * 3
    for package in insurer.batches[0]:
        insurer.acknowledge(package)
    insurer.failure = None
    shop.clock.pass_time(minutes=20)
    second = shop.drain()
    assert insurer.batches[0] == insurer.batches[1]
    assert (second.acknowledged, second.duplicates) == (3, 3)


BAD_RECEIPTS: dict[str, dict[str, Any]] = {
    "of another claim": {"claim_id": "01980000-0000-7000-8000-000000000001"},
    "of another insurer": {"insurer": "11111111"},
    "for another terminal": {"device": "A" * 43},
    "for another number": {"seq": 7},
    "over another envelope": {"envelope": "0" * 64},
    "over another dispatch": {"dispatch": "0" * 64},
    "by another key": {"by": SigningKey.generate()},
}


@pytest.mark.parametrize("name", BAD_RECEIPTS)
def test_a_receipt_that_does_not_verify_moves_nothing(shop: Shop, name: str) -> None:
    """The claim stays as it was, keeps its bytes, is tried again later, and the reason is reported."""
    insurer = shop.insurer()
    (claim_id,) = shop.register()
    insurer.answer = lambda peer, package: peer.acknowledge(package, **BAD_RECEIPTS[name])
    report = shop.drain()
    row = shop.outbox.get(claim_id)
    assert (report.errors, report.verified, report.acknowledged) == ({AMC: "receipt_invalid"}, 0, 0)
    assert (row.state, row.receipt, row.last_error, row.attempts) == ("sending", None, "receipt_invalid", 1)
    assert row.next_try is not None
    assert row.next_try >= shop.now()


@pytest.mark.parametrize("receipt", ["", "x", "a.b.c", "é.é.é", "." * 5000, "eyJhbGciOiJub25lIn0.e30."])
def test_what_is_no_receipt_moves_nothing(shop: Shop, receipt: str) -> None:
    """Any text in the place of a receipt leaves the claim as it was."""
    insurer = shop.insurer()
    shop.register()
    insurer.answer = lambda _peer, package: PushResult(claim_of(package).claim_id, 201, receipt)
    assert shop.drain().errors == {AMC: "receipt_invalid"}
    assert shop.states() == ["sending"]


@pytest.mark.parametrize("status", [200, 201, 204, 302, 500])
def test_no_status_counts_without_a_receipt(shop: Shop, status: int) -> None:
    """A success without a receipt is no success."""
    insurer = shop.insurer()
    shop.register()
    insurer.answer = lambda _peer, package: PushResult(claim_of(package).claim_id, status)
    assert shop.drain().acknowledged == 0
    assert shop.states() == ["sending"]


def test_a_document_of_another_kind_is_no_receipt(shop: Shop) -> None:
    """The insurer's signature over something else, receipt-shaped, does not settle."""
    insurer = shop.insurer()
    (claim_id,) = shop.register()

    def as_state(peer: ScriptedInsurer, package: bytes) -> PushResult:
        return PushResult(claim_id, 201, peer.key.sign(STATE_TYP, encode(peer.receipt_for(package))))

    insurer.answer = as_state
    assert shop.drain().errors == {AMC: "receipt_invalid"}


def test_one_bad_receipt_among_good_ones(shop: Shop) -> None:
    """In a batch the good receipts settle their claims and the bad one leaves its own alone."""
    insurer = shop.insurer()
    ids = shop.register(3)
    wrong: dict[str, Any] = {"seq": 9}
    insurer.answer = lambda peer, package: peer.acknowledge(
        package, **(wrong if claim_of(package).claim_id == ids[1] else {})
    )
    report = shop.drain()
    assert shop.states() == ["acknowledged", "sending", "acknowledged"]
    assert (report.acknowledged, report.postponed) == (2, 1)


@pytest.mark.parametrize("problem", ["fork", "digest_conflict"])
def test_a_conflict_that_is_signed_for_stops_the_insurer(shop: Shop, problem: str) -> None:
    """A 409, and the insurer's receipt gives our number away: a person decides, and nothing new gets a number."""
    insurer = shop.insurer()
    (claim_id,) = shop.register()
    insurer.answer = lambda peer, package: taken_by_another(peer, package, problem)
    report = shop.drain()
    shop.register(2)
    shop.clock.pass_time(days=1)
    again = shop.drain()
    assert (report.blocked, report.errors, again.errors) == ([claim_id], {AMC: problem}, {AMC: problem})
    assert [(row.state, row.reason) for row in shop.outbox.rows()] == [("blocked", problem)] + [("queued", None)] * 2
    assert len(insurer.batches) == 1


def taken_by_another(insurer: ScriptedInsurer, package: bytes, problem: str) -> PushResult:
    """The answer of an insurer that holds a copy's dispatch under this number."""
    insurer.acknowledge(package, dispatch="d" * 64, claim_id=new_claim_id(), envelope="e" * 64)
    return PushResult(claim_of(package).claim_id, 409, problem=problem)


@pytest.mark.parametrize("problem", ["fork", "digest_conflict"])
def test_a_conflict_that_nobody_signs_stops_nothing(shop: Shop, problem: str) -> None:
    """The claim keeps its bytes and is sent again, later and later; the others leave as ever; no chain is stopped."""
    insurer = shop.insurer()
    first, second = shop.register(2)
    insurer.answer = lambda peer, package: (
        PushResult(first, 409, problem=problem) if claim_of(package).claim_id == first else peer.acknowledge(package)
    )
    reports = [shop.drain()]
    waits = []
    for _ in range(3):
        row = shop.outbox.get(first)
        assert (row.state, row.last_error, row.reason) == ("sending", "conflict_unproved", None)
        waits.append(row.attempts)
        shop.clock.pass_time(days=1)
        shop.register()
        reports.append(shop.drain())
    assert [report.errors for report in reports] == [{AMC: "conflict_unproved"}] * 4
    assert (waits, shop.states()) == ([1, 2, 3], ["sending", "acknowledged", *["acknowledged"] * 3])
    assert shop.outbox.chains.reconciling() == ()
    insurer.answer = lambda peer, package: peer.acknowledge(package)
    shop.clock.pass_time(days=1)
    assert shop.drain().acknowledged == 1
    sent = {package for batch in insurer.batches for package in batch if claim_of(package).claim_id == first}
    assert sent == {shop.outbox.get(first).package}
    assert shop.outbox.get(second).state == "acknowledged"


@pytest.mark.parametrize("code", [code for code, kind in PROBLEMS.items() if kind.concerns == "claim"])
def test_a_claim_of_a_wrong_form_is_rejected(shop: Shop, code: str) -> None:
    """What the insurer signs that it will never take is rejected with its reason, and the others go on."""
    insurer = shop.insurer()
    ids = shop.register(3)
    insurer.answer = lambda peer, package: (
        peer.refuse(package, code) if claim_of(package).claim_id == ids[1] else peer.acknowledge(package)
    )
    report = shop.drain()
    assert shop.states() == ["acknowledged", "rejected", "acknowledged"]
    row = shop.outbox.get(ids[1])
    assert (row.reason, row.last_error, report.rejected, report.errors) == (code, None, 1, {})
    assert verify_refusal(row, shop.outbox.refusals()[ids[1]], insurer.verifiers, shop.signer.kid).code == code


@pytest.mark.parametrize("code", [code for code, kind in PROBLEMS.items() if kind.concerns == "claim"])
def test_an_unsigned_refusal_leaves_the_claim_waiting(shop: Shop, code: str) -> None:
    """The claim waits with the problem as its reason and is tried again with the same bytes; the others go on."""
    insurer = shop.insurer()
    ids = shop.register(130)
    insurer.answer = lambda peer, package: (
        PushResult(ids[0], 422, problem=code) if claim_of(package).claim_id == ids[0] else peer.acknowledge(package)
    )
    report = shop.drain()
    row = shop.outbox.get(ids[0])
    assert (report.rejected, report.acknowledged, report.errors) == (0, 129, {AMC: code})
    assert (row.state, row.reason, row.last_error, row.attempts) == ("sending", None, code, 1)
    shop.clock.pass_time(days=1)
    insurer.answer = lambda peer, package: peer.acknowledge(package)
    shop.drain()
    assert insurer.batches[-1] == [insurer.batches[0][0]]
    assert set(shop.states()) == {"acknowledged"}


WRONG_REFUSALS: dict[str, dict[str, Any]] = {
    "of another claim": {"claim_id": "01980000-0000-7000-8000-000000000001"},
    "of another insurer": {"insurer": "11111111"},
    "for another terminal": {"device": "A" * 43},
    "over another envelope": {"envelope": "0" * 64},
    "over another dispatch": {"dispatch": "0" * 64},
    "by another key": {"by": SigningKey.generate()},
    "signed as something else": {"typ": STATE_TYP},
}


@pytest.mark.parametrize("name", WRONG_REFUSALS)
def test_a_refusal_that_does_not_verify_moves_nothing(shop: Shop, name: str) -> None:
    """The claim stays as it was, keeps its bytes and is tried again later."""
    insurer = shop.insurer()
    (claim_id,) = shop.register()
    insurer.answer = lambda peer, package: peer.refuse(package, "recipient_unknown", **WRONG_REFUSALS[name])
    report = shop.drain()
    row = shop.outbox.get(claim_id)
    assert (report.rejected, report.errors) == (0, {AMC: "refusal_invalid"})
    assert (row.state, row.last_error, shop.outbox.refusals()) == ("sending", "refusal_invalid", {})


@pytest.mark.parametrize("refusal", ["", "x", "a.b.c", "é.é.é", "." * 5000])
def test_what_is_no_refusal_moves_nothing(shop: Shop, refusal: str) -> None:
    """Any text in the place of a refusal leaves the claim as it was."""
    insurer = shop.insurer()
    (claim_id,) = shop.register()
    insurer.answer = lambda _peer, _package: PushResult(claim_id, 422, problem="package_invalid", refusal=refusal)
    assert shop.drain().errors == {AMC: "refusal_invalid"}
    assert shop.states() == ["sending"]


@pytest.mark.parametrize("code", ["request_invalid", "too_large", "media_type_unsupported"])
def test_a_batch_refused_for_its_form_is_sent_one_by_one(shop: Shop, code: str) -> None:
    """When the request as a whole is refused, only the claim that is refused alone waits: nobody signed against it."""
    insurer = shop.insurer()
    ids = shop.register(3)

    class Strict(ScriptedInsurer):
        def push(self, packages: Any) -> list[PushResult]:
            if len(packages) > 1 or claim_of(packages[0]).claim_id == ids[1]:
                raise InsurerRefused("form", problem=code, status=400)
            return super().push(packages)

    shop.insurers[AMC] = Strict(shop.signer, insurer.key)
    report = shop.drain()
    assert shop.states() == ["acknowledged", "sending", "acknowledged"]
    assert (report.rejected, report.postponed, report.errors) == (0, 1, {AMC: code})


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (InsurerUntrusted("x"), "insurer_untrusted"),
        (InsurerRefused("x", problem="certificate_unknown", status=403), "certificate_unknown"),
        (InsurerRefused("x", problem="unknown", status=418), "unknown"),
        (InsurerRefused("x", problem="unavailable", status=503, retry_after=3600), "unavailable"),
    ],
)
def test_a_refused_caller_keeps_its_claims(shop: Shop, failure: Exception, code: str) -> None:
    """What is wrong with line, certificate or service says nothing of the claims: they wait, with the reason."""
    shop.insurer().failure = failure
    shop.register(2)
    report = shop.drain()
    assert (report.errors, shop.states()) == ({AMC: code}, ["sending"] * 2)
    assert {row.last_error for row in shop.outbox.rows()} == {code}


def test_the_insurer_gets_the_time_it_asked_for(shop: Shop) -> None:
    """Retry-After is honoured, and nothing is sent before it is over."""
    insurer = shop.insurer()
    insurer.failure = InsurerRefused("x", problem="unavailable", status=503, retry_after=3600)
    lines = Lines()
    shop.register()
    shop.drain(lines=lines)
    insurer.failure = None
    shop.register()
    shop.clock.pass_time(minutes=59)
    assert shop.drain(lines=lines).pushed == 0
    shop.clock.pass_time(minutes=2)
    assert shop.drain(lines=lines).acknowledged == 2


def test_one_insurer_down_touches_no_other(shop: Shop) -> None:
    """Claims of the insurer that answers are settled, whatever the other one does."""
    shop.insurer().failure = InsurerUnreachable("down")
    shop.insurer(OTHER)
    shop.register(2)
    shop.register(2, OTHER)
    report = shop.drain()
    assert report.errors == {AMC: "insurer_unreachable"}
    assert shop.states() == ["sending"] * 2 + ["acknowledged"] * 2


def test_an_insurer_that_is_not_enrolled_is_reported(shop: Shop) -> None:
    """Without an enrolment the claims stay queued and the reason is said; the others leave."""
    shop.insurer(OTHER)
    shop.register()
    shop.register(1, OTHER)

    def peer_for(amc: str) -> Peer:
        if amc not in shop.insurers:
            raise InsurerUnknown("not enrolled", insurer=amc)
        return shop.insurers[amc]

    report = drain(shop.outbox, peer_for, shop.now, shop.rng)
    assert report.errors == {AMC: "insurer_unknown"}
    assert shop.states() == ["queued", "acknowledged"]


def test_a_receipt_is_verified_against_what_left(shop: Shop) -> None:
    """A stored receipt verifies again later, and against no other row."""
    insurer = shop.insurer()
    ids = shop.register(2)
    shop.drain()
    first, second = (shop.outbox.get(claim_id) for claim_id in ids)
    assert verify_receipt(first, first.receipt or "", insurer.verifiers, shop.signer.kid).seq == 1
    for row, receipt, device in ((second, first.receipt, shop.signer.kid), (first, first.receipt, "A" * 43)):
        with pytest.raises(ReceiptInvalid):
            verify_receipt(row, receipt or "", insurer.verifiers, device)
    with pytest.raises(ReceiptInvalid):
        verify_receipt(first, first.receipt or "", (), shop.signer.kid)
