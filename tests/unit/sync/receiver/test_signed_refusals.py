"""A claim that is refused for ever is refused under the insurer's signature, and never after it was taken."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from sync.contract.envelope import REFUSAL_TYP, ClaimRefusal, Envelope, Package, decode, digest, encode
from sync.crypto.signing import VerifyingKey
from sync.errors import SignatureInvalid
from sync.receiver.db import Ledger
from sync.receiver.folder import IntakeMaterial
from sync.receiver.intake import Answer, Intake
from tests.unit.sync.receiver.test_intake_door import ALTERED
from tests.unit.sync.receiver.visitor import ORIGIN, Clock, Visitor, new_claim_id


def refusal_in(problem: dict[str, Any], material: IntakeMaterial) -> ClaimRefusal:
    """The refusal beside a problem, verified."""
    return decode(material.signer.public.verify(REFUSAL_TYP, problem["refusal"]), ClaimRefusal)


def altered(visitor: Visitor, change: Callable[[Envelope], Envelope]) -> bytes:
    """A package, signed by its terminal, of an envelope that was changed."""
    envelope = change(visitor.envelope())
    return visitor.pack(envelope, visitor.dispatch_of(envelope))


@pytest.mark.parametrize("name", ALTERED)
@pytest.mark.parametrize("batch", [False, True], ids=["alone", "in a batch"])
def test_a_refused_package_is_refused_in_writing(
    intake: Intake, visitor: Visitor, material: IntakeMaterial, name: str, *, batch: bool
) -> None:
    """The refusal names claim, insurer, terminal, both digests, the problem's code and the receiver's time."""
    code, change = ALTERED[name]
    package = altered(visitor, change)
    if batch:
        problem = json.loads(intake.push_batch(visitor.post_batch(package)).body)["results"][0]["problem"]
    else:
        problem = json.loads(visitor.push(intake, package).body)
    sent = decode(package, Package)
    assert problem["code"] == code
    assert msgspec.to_builtins(refusal_in(problem, material)) == {
        "schema": "comptoir/refusal/v1",
        "claim_id": sent.envelope.claim_id,
        "insurer": material.settings.amc,
        "device": visitor.signer.kid,
        "envelope": digest(encode(sent.envelope)),
        "dispatch": digest(sent.dispatch.encode()),
        "refused_at": "2026-11-21T12:00:00Z",
        "code": code,
    }


def test_another_terminals_package_is_refused_to_its_sender(
    intake: Intake, enrolled: Callable[[], Visitor], material: IntakeMaterial
) -> None:
    """The refusal is for who sent it: it says nothing to the terminal that made the package."""
    sender, maker = enrolled(), enrolled()
    problem = json.loads(sender.push(intake, maker.package()).body)
    assert refusal_in(problem, material).device == sender.signer.kid != maker.signer.kid


@pytest.mark.parametrize("spoilt", [b"null", b"{}", b"\xff"])
def test_what_cannot_be_read_is_refused_without_a_signature(intake: Intake, visitor: Visitor, spoilt: bytes) -> None:
    """There is no digest to sign over, so the problem stands alone."""
    claim_id = new_claim_id()
    problem = json.loads(intake.push(visitor.put(spoilt, claim_id), claim_id).body)
    assert (problem["code"], problem.get("refusal")) == ("package_invalid", None)


@pytest.mark.parametrize("batch", [False, True], ids=["alone", "in a batch"])
def test_what_was_taken_is_never_refused(
    intake: Intake, visitor: Visitor, material: IntakeMaterial, ledger: Ledger, clock: Clock, *, batch: bool
) -> None:
    """When the sealing key is gone, a stored package still gets its receipt, and a new one is refused."""
    package = visitor.package()
    first = json.loads(visitor.push(intake, package).body)["receipt"]
    later = Intake(ledger, replace(material, recipients=frozenset({"A" * 43})), ORIGIN, clock)
    if batch:
        result = json.loads(later.push_batch(visitor.post_batch(package)).body)["results"][0]
    else:
        answer = visitor.push(later, package)
        result = {"status": answer.status, **json.loads(answer.body)}
    assert (result["status"], result["receipt"]) == (200, first)
    assert json.loads(visitor.push(later, visitor.package()).body)["code"] == "recipient_unknown"


def test_the_same_claim_of_another_terminal_is_refused(
    intake: Intake, enrolled: Callable[[], Visitor], material: IntakeMaterial
) -> None:
    """A stored package helps only the terminal that sent it: nobody else gets its receipt."""
    owner, other = enrolled(), enrolled()
    package = owner.package()
    owner.push(intake, package)
    problem = json.loads(other.push(intake, package).body)
    assert refusal_in(problem, material).code == "dispatch_invalid"


def test_every_flipped_bit_of_a_refusal_is_refused(intake: Intake, visitor: Visitor, material: IntakeMaterial) -> None:
    """Header, payload and signature: no other text is this refusal."""
    answer: Answer = visitor.push(intake, altered(visitor, ALTERED["recipient"][1]))
    signed, key = json.loads(answer.body)["refusal"].encode(), material.signer.public
    assert flips_that_verify(signed, key) == []
    assert len(signed) > 500


def flips_that_verify(signed: bytes, key: VerifyingKey) -> list[int]:
    """The bits whose change nobody would see."""
    unseen = []
    for bit in range(len(signed) * 8):
        changed = bytearray(signed)
        changed[bit // 8] ^= 1 << bit % 8
        try:
            key.verify(REFUSAL_TYP, changed.decode("latin-1"))
        except SignatureInvalid:
            continue
        unseen.append(bit)
    return unseen
