"""What the intake refuses at the door: callers it does not know, requests not signed, packages not of the form."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import msgspec
import pytest

from sync.contract.envelope import Dispatch, Envelope, Package, decode
from sync.contract.exchange import BATCH_TYPE, PACKAGE_TYPE, join_batch
from sync.crypto.certificates import der_of, issue_client, make_authority, make_csr
from sync.crypto.sealing import OpeningKey
from sync.errors import ContractError
from sync.receiver.admission import Asked
from sync.receiver.intake import Answer, Intake
from sync.receiver.refusal import Refusal
from tests.unit.sync.receiver.visitor import Clock, Visitor, new_claim_id

Change = Callable[[Visitor, Asked], Asked]


def problem_of(work: Callable[[], Answer]) -> str:
    """The code of the refusal, whether raised or answered."""
    try:
        answer = work()
    except Refusal as refusal:
        return refusal.problem.code
    return str(json.loads(answer.body)["code"])


def test_an_operation_needs_a_certificate(intake: Intake, visitor: Visitor) -> None:
    """Without a client certificate nothing is answered."""
    asked = replace(visitor.ask("GET", "/v1/state"), certificate=None)
    assert problem_of(lambda: intake.state(asked)) == "certificate_missing"


def test_a_certificate_must_be_an_enrolled_one(intake: Intake, visitor: Visitor, clock: Clock) -> None:
    """A certificate that this insurer did not record is refused, whoever issued it."""
    foreign = issue_client(make_authority("other", clock()), make_csr(visitor.tls_key, "x"), "x", clock())
    asked = replace(visitor.ask("GET", "/v1/state"), certificate=der_of(foreign))
    assert problem_of(lambda: intake.state(asked)) == "certificate_unknown"


def test_certificate_and_signature_are_of_one_terminal(intake: Intake, enrolled: Callable[[], Visitor]) -> None:
    """A request signed by one enrolled terminal over the connection of another is refused."""
    first, second = enrolled(), enrolled()
    asked = replace(first.ask("GET", "/v1/state"), certificate=second.certificate)
    assert problem_of(lambda: intake.state(asked)) == "signature_invalid"


def test_a_request_is_good_once(intake: Intake, visitor: Visitor) -> None:
    """The same signed request is refused the second time, on each kind of operation."""
    for asked, operation in (
        (visitor.ask("GET", "/v1/keys"), intake.keys),
        (visitor.ask("GET", "/v1/state"), intake.state),
    ):
        assert operation(asked).status == 200
        assert problem_of(lambda asked=asked, operation=operation: operation(asked)) == "signature_invalid"  # type: ignore[misc]


@pytest.mark.parametrize(
    "change",
    [
        lambda asked: replace(asked, path="/v1/profile"),
        lambda asked: replace(asked, method="HEAD"),
        lambda asked: replace(asked, body=b"{}"),
        lambda asked: replace(asked, headers={**asked.headers, "content-type": "text/plain"}),
        lambda asked: replace(
            asked, headers={name: value for name, value in asked.headers.items() if name != "signature"}
        ),
    ],
    ids=["path", "method", "body", "media type", "no signature"],
)
def test_a_signature_covers_the_whole_request(
    intake: Intake, visitor: Visitor, change: Callable[[Asked], Asked]
) -> None:
    """A request changed after it was signed is refused."""
    asked = change(visitor.ask("GET", "/v1/state"))
    assert problem_of(lambda: intake.state(asked)) == "signature_invalid"


@pytest.mark.parametrize("hours", [-1, 1])
def test_a_signature_has_its_time(intake: Intake, visitor: Visitor, clock: Clock, hours: int) -> None:
    """A signature from another hour is refused."""
    asked = visitor.ask("GET", "/v1/state")
    clock.pass_time(hours=hours)
    assert problem_of(lambda: intake.state(asked)) == "signature_invalid"


def test_a_push_names_its_claim_three_times(intake: Intake, visitor: Visitor) -> None:
    """The path, the idempotency key and the package name the same claim."""
    package, other = visitor.package(), new_claim_id()
    assert problem_of(lambda: intake.push(visitor.put(package, other), other)) == "routing_mismatch"
    named = decode(package, Package).envelope.claim_id
    bare = visitor.ask("PUT", f"/v1/claims/{named}", package, content_type=PACKAGE_TYPE)
    assert problem_of(lambda: intake.push(bare, named)) == "request_invalid"


ALTERED: dict[str, tuple[str, Callable[[Envelope], Envelope]]] = {
    "convention": ("routing_mismatch", lambda e: msgspec.structs.replace(e, convention="AUTRE")),
    "csr": ("routing_mismatch", lambda e: msgspec.structs.replace(e, csr="01")),
    "recipient": ("recipient_unknown", lambda e: msgspec.structs.replace(e, recipient="A" * 43)),
    "bucket": ("package_invalid", lambda e: msgspec.structs.replace(e, bucket=8192)),
    "suite": ("package_invalid", lambda e: msgspec.structs.replace(e, suite="x25519-hkdfsha256-aes256gcm")),
    "seal cut": ("package_invalid", lambda e: msgspec.structs.replace(e, sealed=e.sealed[:-4])),
}


@pytest.mark.parametrize("name", ALTERED)
def test_an_envelope_is_judged_without_being_opened(intake: Intake, visitor: Visitor, name: str) -> None:
    """Route, recipient and length of the seal are checked even when the terminal signed the dispatch of it."""
    code, change = ALTERED[name]
    envelope = change(visitor.envelope())
    package = visitor.pack(envelope, visitor.dispatch_of(envelope))
    assert problem_of(lambda: visitor.push(intake, package)) == code


@pytest.mark.parametrize(
    ("code", "changed"),
    [
        ("dispatch_invalid", {"envelope": "0" * 64}),
        ("dispatch_invalid", {"device": "A" * 43}),
        ("routing_mismatch", {"insurer": "11111111"}),
        ("routing_mismatch", {"claim_id": "01980000-0000-7000-8000-000000000000"}),
    ],
)
def test_dispatch_and_envelope_tell_one_story(
    intake: Intake, visitor: Visitor, code: str, changed: dict[str, object]
) -> None:
    """A signed dispatch that names another envelope, device, insurer or claim is refused."""
    envelope = visitor.envelope()
    dispatch: Dispatch = msgspec.structs.replace(visitor.dispatch_of(envelope), **changed)
    assert problem_of(lambda: visitor.push(intake, visitor.pack(envelope, dispatch))) == code


def test_a_dispatch_is_signed_by_its_sender(intake: Intake, enrolled: Callable[[], Visitor]) -> None:
    """A package made by another terminal is refused, even over the connection of an enrolled one."""
    sender, maker = enrolled(), enrolled()
    assert problem_of(lambda: sender.push(intake, maker.package())) == "dispatch_invalid"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda raw: raw.replace(b'{"dispatch"', b'{ "dispatch"'),
        lambda raw: raw[:-1] + b',"more":1}',
        lambda raw: raw[:-1] + b',"dispatch":"a.b.c"}',
        lambda raw: raw[:-2] + b',"sealed":"AAAA"}}',
        lambda raw: raw[: len(raw) // 2],
        lambda _raw: b"[" * 30_000,
        lambda raw: b"\xff" + raw,
        lambda _raw: b"null",
    ],
    ids=["space", "unknown member", "repeated member", "repeated inside", "cut", "nested", "not UTF-8", "null"],
)
def test_a_package_has_one_spelling(intake: Intake, visitor: Visitor, spoil: Callable[[bytes], bytes]) -> None:
    """Bytes that are not the canonical form of a package are refused, repeated members included."""
    package = visitor.package()
    claim_id = decode(package, Package).envelope.claim_id
    spoilt = spoil(package)
    assert problem_of(lambda: intake.push(visitor.put(spoilt, claim_id), claim_id)) == "package_invalid"


@pytest.mark.parametrize(
    "body",
    [b"", b"{}", b'{"packages":[]}', b'{"packages": [1]}', b'{"packages":[1],"packages":[2]}', b"[" * 100_000],
    ids=["empty", "no member", "no package", "space", "repeated member", "nested"],
)
def test_a_batch_has_one_spelling(intake: Intake, visitor: Visitor, body: bytes) -> None:
    """A batch whose frame is not canonical is refused as a whole."""
    asked = visitor.ask("POST", "/v1/claims:batch", body, content_type=BATCH_TYPE)
    assert problem_of(lambda: intake.push_batch(asked)) == "request_invalid"


def test_a_batch_has_at_most_a_hundred_packages(intake: Intake, visitor: Visitor) -> None:
    """A hundred packages are taken, a hundred and one refused as a whole."""
    hundred = join_batch((b"1",) * 100)
    taken = intake.push_batch(visitor.ask("POST", "/v1/claims:batch", hundred, content_type=BATCH_TYPE))
    assert len(json.loads(taken.body)["results"]) == 100
    more = hundred[:-2] + b",1]}"
    asked = visitor.ask("POST", "/v1/claims:batch", more, content_type=BATCH_TYPE)
    assert problem_of(lambda: intake.push_batch(asked)) == "request_invalid"
    with pytest.raises(ContractError):
        join_batch((b"1",) * 101)


def test_what_the_insurer_says_is_signed(intake: Intake, visitor: Visitor, opening: OpeningKey) -> None:
    """Keys and profile come as signed documents, and health without any."""
    keys: dict[str, Any] = json.loads(intake.keys(visitor.ask("GET", "/v1/keys")).body)
    profile: dict[str, Any] = json.loads(intake.profile(visitor.ask("GET", "/v1/profile")).body)
    assert keys["keys"].count(".") == profile["profile"].count(".") == 2
    assert opening.public.kid
    assert json.loads(intake.health().body) == {"status": "pass"}
