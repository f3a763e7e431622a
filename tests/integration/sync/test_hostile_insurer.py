"""An insurer that answers wrongly over a right connection: the queue keeps its claims, others are not touched."""

import gzip
import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from sync.contract.envelope import DISPATCH_TYP, RECEIPT_TYP, Dispatch, Package, Receipt, decode, digest, encode
from sync.contract.exchange import PROBLEM_TYPE, RECEIPT_TYPE, RESULTS_TYPE
from sync.contract.problems import problem
from sync.crypto.signing import SigningKey
from tests.integration.sync.hostile import Hostile, answer, hostile_insurer
from tests.integration.sync.world import Insurer, Terminal
from tests.unit.sync.receiver.visitor import AMC

INSURER_KEY = "signing.key"


@pytest.fixture
def hostile(enrolled: Terminal) -> Iterator[Hostile]:
    """A hostile server in the place of the standing insurer."""
    with hostile_insurer() as server:
        record = enrolled.home.insurers.get(AMC)
        enrolled.home.insurers.add(replace(record, endpoint=server.endpoint, authority_pem=server.authority_pem))
        enrolled.confirmed.add(AMC)
        yield server


def receipt_for(package: bytes, signer: SigningKey, device: SigningKey, **changed: Any) -> str:
    """A receipt for a package, right but for what is changed."""
    found = decode(package, Package)
    dispatch = decode(device.public.verify(DISPATCH_TYP, found.dispatch), Dispatch)
    members = {
        "schema": "comptoir/receipt/v1",
        "claim_id": dispatch.claim_id,
        "insurer": dispatch.insurer,
        "device": dispatch.device,
        "seq": dispatch.seq,
        "envelope": dispatch.envelope,
        "dispatch": digest(found.dispatch.encode()),
        "received_at": "2026-11-21T12:00:00Z",
        "state": "acknowledged",
    }
    return signer.sign(RECEIPT_TYP, encode(Receipt(**{**members, **changed})))


def insurer_key(insurer: Insurer) -> SigningKey:
    """The true insurer's signing key, as a thief would have it."""
    return SigningKey.from_bytes((insurer.folder / "intake" / INSURER_KEY).read_bytes())


def test_the_hostile_server_can_answer_rightly(enrolled: Terminal, hostile: Hostile, insurer: Insurer) -> None:
    """With the right receipt the claim settles: what the other tests refuse is refused for its own reason."""
    signer = insurer_key(insurer)
    enrolled.register(AMC)
    hostile.reply = lambda body: answer(
        201, RECEIPT_TYPE, json.dumps({"receipt": receipt_for(body, signer, enrolled.home.signer)}).encode()
    )
    assert enrolled.drain().acknowledged == 1


def test_a_forged_signature_settles_nothing(enrolled: Terminal, hostile: Hostile) -> None:
    """A receipt that is right in every member and signed by another key leaves the claim as it was."""
    (claim_id,) = enrolled.register(AMC)
    forger = SigningKey.generate()
    hostile.reply = lambda body: answer(
        201, RECEIPT_TYPE, json.dumps({"receipt": receipt_for(body, forger, enrolled.home.signer)}).encode()
    )
    report = enrolled.drain()
    row = enrolled.home.outbox.get(claim_id)
    assert report.errors == {AMC: "receipt_invalid"}
    assert (row.state, row.receipt, row.last_error) == ("sending", None, "receipt_invalid")


def test_the_receipt_of_another_claim_settles_nothing(enrolled: Terminal, hostile: Hostile, insurer: Insurer) -> None:
    """A genuine receipt of one claim does not settle the next one."""
    signer = insurer_key(insurer)
    enrolled.register(AMC)
    first: list[str] = []

    def always_the_first(body: bytes) -> bytes:
        first.append(receipt_for(body, signer, enrolled.home.signer))
        return answer(201, RECEIPT_TYPE, json.dumps({"receipt": first[0]}).encode())

    hostile.reply = always_the_first
    assert enrolled.drain().acknowledged == 1
    enrolled.register(AMC)
    assert enrolled.drain().errors == {AMC: "receipt_invalid"}
    assert enrolled.states() == ["acknowledged", "sending"]


def test_a_receipt_in_two_megabytes_is_not_read(enrolled: Terminal, hostile: Hostile, insurer: Insurer) -> None:
    """Even a genuine receipt does not count in an answer larger than the contract allows."""
    signer = insurer_key(insurer)
    enrolled.register(AMC)

    def padded(body: bytes) -> bytes:
        receipt = json.dumps({"receipt": receipt_for(body, signer, enrolled.home.signer)}).encode()
        return answer(201, RECEIPT_TYPE, receipt + b" " * 2_000_000)

    hostile.reply = padded
    assert enrolled.drain().errors == {AMC: "insurer_unreachable"}


def test_a_redirect_is_not_followed(enrolled: Terminal, hostile: Hostile, insurer: Insurer) -> None:
    """Not even to the same server, where a genuine receipt would wait: the claim is sent where it was to be sent."""
    signer = insurer_key(insurer)
    enrolled.register(AMC)

    def there(body: bytes) -> bytes:
        if len(hostile.bodies) == 1:
            return answer(307, "text/plain", b"", f"location: {hostile.endpoint}/v1/elsewhere")
        receipt = receipt_for(body, signer, enrolled.home.signer)
        return answer(201, RECEIPT_TYPE, json.dumps({"receipt": receipt}).encode())

    hostile.reply = there
    assert enrolled.drain().errors == {AMC: "insurer_unreachable"}
    assert len(hostile.bodies) == 1


def test_results_in_another_order_settle_nothing(enrolled: Terminal, hostile: Hostile, insurer: Insurer) -> None:
    """A batch whose results are exchanged settles no claim, named or not."""
    signer = insurer_key(insurer)
    enrolled.register(AMC, 2)

    def exchanged(body: bytes) -> bytes:
        packages = [json.dumps(item).encode() for item in json.loads(gzip.decompress(body))["packages"]]
        canonical = [encode(decode_loosely(package)) for package in packages]
        receipts = [receipt_for(package, signer, enrolled.home.signer) for package in canonical]
        results = [{"status": 201, "receipt": receipt} for receipt in reversed(receipts)]
        return answer(200, RESULTS_TYPE, json.dumps({"results": results}).encode())

    hostile.reply = exchanged
    report = enrolled.drain()
    assert (report.errors, report.acknowledged) == ({AMC: "receipt_invalid"}, 0)
    assert enrolled.states() == ["sending", "sending"]


def decode_loosely(package: bytes) -> Package:
    """A package from JSON in any order."""
    return msgspec.json.decode(package, type=Package)


def says(status: int, media_type: str, body: bytes, *more: str) -> Callable[[bytes], bytes]:
    """The same answer whatever is asked."""
    return lambda _body: answer(status, media_type, body, *more)


def refuses(status: int, code: str) -> Callable[[bytes], bytes]:
    """A problem document with some code."""
    found = {"type": "about:blank", "title": "x", "status": status, "code": code}
    return says(status, PROBLEM_TYPE, json.dumps(found).encode())


WRONG_ANSWERS: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "nothing": (lambda _body: b"", "insurer_unreachable"),
    "no HTTP": (lambda _body: b"\x00\xff garbage\r\n\r\n", "insurer_unreachable"),
    "success without receipt": (says(201, RECEIPT_TYPE, b"{}"), "insurer_unreachable"),
    "empty success": (says(200, RECEIPT_TYPE, b""), "insurer_unreachable"),
    "no content": (says(204, RECEIPT_TYPE, b""), "insurer_unreachable"),
    "a receipt that is a number": (says(201, RECEIPT_TYPE, b'{"receipt":1}'), "insurer_unreachable"),
    "a receipt of nothing": (says(201, RECEIPT_TYPE, b'{"receipt":"a.b.c"}'), "receipt_invalid"),
    "invalid UTF-8": (says(201, RECEIPT_TYPE, b'{"receipt":"\xff\xfe"}'), "insurer_unreachable"),
    "deeply nested": (says(201, RECEIPT_TYPE, b"[" * 100_000), "insurer_unreachable"),
    "another media type": (says(201, "application/json", b'{"receipt":"a.b.c"}'), "insurer_unreachable"),
    "a web page": (says(200, "text/html", b"<html>"), "insurer_unreachable"),
    "a redirect": (says(302, "text/plain", b"", "location: https://127.0.0.1:1/"), "insurer_unreachable"),
    "a permanent redirect": (says(308, "text/plain", b"", "location: /v2/claims"), "insurer_unreachable"),
    "two megabytes": (says(201, RECEIPT_TYPE, b" " * 2_000_000), "insurer_unreachable"),
    "a gzip nobody asked for": (
        says(201, RECEIPT_TYPE, gzip.compress(bytes(50_000_000)), "content-encoding: gzip"),
        "insurer_unreachable",
    ),
    "less than it says": (
        lambda _body: answer(201, RECEIPT_TYPE, b"{}").replace(b": 2\r", b": 999\r"),
        "insurer_unreachable",
    ),
    "a failure without a problem": (says(500, "text/plain", b"x"), "insurer_unreachable"),
    "a failure with its problem": (refuses(500, "internal"), "internal"),
    "a claim refused without a signature": (refuses(422, "recipient_unknown"), "recipient_unknown"),
    "a form refused": (refuses(413, "too_large"), "too_large"),
    "a problem nobody knows": (refuses(422, "bad_weather"), "bad_weather"),
    "a problem that is no code": (refuses(422, "<b>'; DROP TABLE claims</b>"), "unknown"),
    "too many requests": (refuses(429, "too_many_requests"), "too_many_requests"),
    "not enrolled any more": (refuses(403, "certificate_unknown"), "certificate_unknown"),
    "an informational code": (lambda _body: b"HTTP/1.1 103 X\r\n\r\n" * 3, "insurer_unreachable"),
}


@pytest.mark.parametrize("name", WRONG_ANSWERS)
def test_a_wrong_answer_moves_nothing(enrolled: Terminal, hostile: Hostile, name: str) -> None:
    """The claim is still to be sent, as the same bytes, and the reason is reported under a stable code."""
    (claim_id,) = enrolled.register(AMC)
    hostile.reply, code = WRONG_ANSWERS[name]
    report = enrolled.drain()
    row = enrolled.home.outbox.get(claim_id)
    assert report.errors == {AMC: code}
    assert (row.state, row.receipt, row.last_error, report.acknowledged) == ("sending", None, code, 0)
    assert hostile.bodies
    assert set(hostile.bodies) == {row.package}


@pytest.mark.parametrize(
    "results",
    [
        [],
        [{"status": 201}],
        [{"status": 201}] * 3,
        [{"status": 201, "claim_id": "01980000-0000-7000-8000-000000000001"}] * 2,
    ],
    ids=["none", "too few", "too many", "of other claims"],
)
def test_results_that_do_not_fit_the_batch_are_a_broken_answer(
    enrolled: Terminal, hostile: Hostile, results: list[dict[str, Any]]
) -> None:
    """A batch has one result for each package, in order, or says nothing at all."""
    enrolled.register(AMC, 2)
    hostile.reply = says(200, RESULTS_TYPE, json.dumps({"results": results}).encode())
    assert enrolled.drain().errors == {AMC: "insurer_unreachable"}
    assert enrolled.states() == ["sending", "sending"]


def test_the_true_insurer_heals_it_all(enrolled: Terminal, hostile: Hostile, insurer: Insurer) -> None:
    """After a hostile episode the same bytes reach the true insurer and settle."""
    enrolled.register(AMC, 3)
    hostile.reply = says(503, PROBLEM_TYPE, encode(problem("unavailable")), "retry-after: 1")
    assert enrolled.drain().errors == {AMC: "unavailable"}
    record = enrolled.home.insurers.get(AMC)
    true_authority = (insurer.folder / "intake" / "authority.pem").read_text("ascii")
    enrolled.home.insurers.add(replace(record, endpoint=insurer.endpoint, authority_pem=true_authority))
    report = enrolled.drain_later()
    assert (report.acknowledged, report.errors) == (3, {})
