"""Signed requests, checked both ways against an independent implementation of RFC 9421."""

import dataclasses
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from http_message_signatures import HTTPMessageSigner, HTTPMessageVerifier, HTTPSignatureKeyResolver, algorithms
from hypothesis import given
from hypothesis import strategies as st

from sync.crypto import SigningKey
from sync.crypto.httpsig import Request, content_digest, sign_request, verify_request
from sync.crypto.signing import private_key
from sync.errors import SignatureInvalid

KEY = SigningKey.generate()
OTHER = SigningKey.generate()
KEYS = {KEY.kid: KEY.public}
NOW = datetime.now(UTC)  # the independent verifier reads the machine's own clock
URL = "https://tp.mutuelle.example:8443/v1/claims/01890a5d-ac96-774b-bcce-b302099a8057?x=1"
HEADERS = {"Content-Type": "application/json", "Idempotency-Key": "01890a5d", "Accept": "*/*"}


@dataclasses.dataclass
class Message:
    """A request as the independent library wants it."""

    method: str
    url: str
    headers: dict[str, str]


class Resolver(HTTPSignatureKeyResolver):
    """Gives the independent library our key."""

    def resolve_private_key(self, key_id: str) -> ec.EllipticCurvePrivateKey:
        """The private key."""
        assert key_id == KEY.kid
        return private_key(KEY.to_bytes())

    def resolve_public_key(self, key_id: str) -> ec.EllipticCurvePublicKey:
        """The public key."""
        return self.resolve_private_key(key_id).public_key()


def signed(body: bytes = b"{}", headers: Mapping[str, str] = HEADERS, created: datetime = NOW) -> Request:
    """A request with our signature on it."""
    bare = Request("PUT", URL, headers, body)
    return dataclasses.replace(bare, headers={**headers, **sign_request(KEY, bare, created)})


def check(request: Request, now: datetime = NOW, seen: bool = False) -> str:
    """The key id our verifier finds."""
    return verify_request(request, KEYS.get, now, lambda *_: seen)


@given(st.binary(max_size=500), st.booleans(), st.booleans())
def test_what_we_sign_we_verify(body: bytes, typed: bool, keyed: bool) -> None:
    """Any body, with and without the optional fields, gives back the key id."""
    headers = {name: value for name, value in HEADERS.items() if (typed, keyed)[name == "Idempotency-Key"]}
    assert check(signed(body, headers)) == KEY.kid


@pytest.mark.parametrize("body", [b"{}", b""])
def test_another_implementation_verifies_what_we_sign(body: bytes) -> None:
    """The independent library accepts signature, coverage and body digest."""
    request = signed(body)
    verifier = HTTPMessageVerifier(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=Resolver())
    covered = ["@method", "@target-uri", "content-type", "idempotency-key"] + ["content-digest"] * bool(body)
    (result,) = verifier.verify(
        Message(request.method, request.url, dict(request.headers)), require_components=covered, body=body
    )
    assert result.parameters["keyid"] == KEY.kid
    assert result.parameters["alg"] == "ecdsa-p256-sha256"


def test_we_verify_what_another_implementation_signs() -> None:
    """A terminal written by somebody else, that follows the contract, is understood."""
    body = b'{"a":1}'
    message = Message("PUT", URL, {**HEADERS, "Content-Digest": content_digest(body)})
    signer = HTTPMessageSigner(signature_algorithm=algorithms.ECDSA_P256_SHA256, key_resolver=Resolver())
    signer.sign(
        message,
        key_id=KEY.kid,
        created=NOW,
        nonce="0123456789abcdefghijkl",
        label="comptoir",
        include_alg=True,
        use_existing_digest=True,
        covered_component_ids=("@method", "@target-uri", "content-digest", "content-type", "idempotency-key"),
    )
    assert check(Request(message.method, message.url, message.headers, body)) == KEY.kid


CHANGES: list[dict[str, Any]] = [
    {"method": "POST"},
    {"method": "put"},
    {"url": URL + "0"},
    {"url": URL.replace("8443", "8444")},
    {"body": b"{} "},
    {"body": b""},
]


@pytest.mark.parametrize("change", CHANGES)
def test_another_method_address_or_body_is_refused(change: dict[str, Any]) -> None:
    """Nothing that was signed can be exchanged."""
    with pytest.raises(SignatureInvalid):
        check(dataclasses.replace(signed(), **change))


@pytest.mark.parametrize("name", ["content-digest", "Content-Type", "Idempotency-Key", "signature-input", "signature"])
def test_no_covered_field_can_be_changed_or_dropped(name: str) -> None:
    """Another value, an added character, or no field at all is refused."""
    request = signed()
    for headers in (
        {key: value for key, value in request.headers.items() if key != name},
        {**request.headers, name: request.headers[name] + "x"},
        {**request.headers, name: ""},
        {**request.headers, name: "é"},
        {**request.headers, name: "a\nb"},
        {**request.headers, name.swapcase(): request.headers[name]},
    ):
        with pytest.raises(SignatureInvalid):
            check(dataclasses.replace(request, headers=headers))


def test_a_field_added_after_signing_is_refused() -> None:
    """An idempotency key that the sender did not sign is not taken for his."""
    request = signed(headers={"Content-Type": "application/json"})
    with pytest.raises(SignatureInvalid):
        check(dataclasses.replace(request, headers={**request.headers, "Idempotency-Key": "x"}))


def test_a_signature_has_one_spelling() -> None:
    """The bits of the last sign that no byte uses are zero."""
    request = signed()
    value = request.headers["signature"]
    last = value.index("==") - 1
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    other = alphabet[alphabet.index(value[last]) + 1]
    headers = {**request.headers, "signature": value[:last] + other + value[last + 1 :]}
    with pytest.raises(SignatureInvalid):
        check(dataclasses.replace(request, headers=headers))


@given(st.data())
def test_any_changed_character_of_the_signature_is_refused(data: st.DataObject) -> None:
    """Parameters, coverage, label and value: one other character and the request is refused."""
    request = signed()
    name = data.draw(st.sampled_from(["signature-input", "signature"]))
    value = request.headers[name]
    place = data.draw(st.integers(0, len(value) - 1))
    other = data.draw(st.characters(min_codepoint=33, max_codepoint=126).filter(lambda one: one != value[place]))
    headers = {**request.headers, name: value[:place] + other + value[place + 1 :]}
    with pytest.raises(SignatureInvalid):
        check(dataclasses.replace(request, headers=headers))


@pytest.mark.parametrize(
    "params",
    [
        'created=1;keyid="k";nonce="0123456789abcdef"',
        'created=1;created=1;keyid="k";nonce="0123456789abcdef"',
        'created=1;keyid="k";nonce="0123456789abcdef";alg="hmac-sha256"',
        'created=1;keyid="k";nonce="short";alg="ecdsa-p256-sha256"',
        'created=1;keyid="k";nonce="0123456789abcdef";alg="ecdsa-p256-sha256";tag="x"',
        'created=1;keyid="k";nonce="0123456789abcdef";alg="ecdsa-p256-sha256";expires=9',
        'created="1";keyid="k";nonce="0123456789abcdef";alg="ecdsa-p256-sha256"',
    ],
)
def test_other_parameters_are_refused(params: str) -> None:
    """A parameter missing, doubled, added, too short or of another algorithm is refused before any key is asked for."""
    request = signed()
    given_input = request.headers["signature-input"]
    changed = given_input[: given_input.index(";") + 1] + params
    with pytest.raises(SignatureInvalid, match=r"form|parameters"):
        check(dataclasses.replace(request, headers={**request.headers, "signature-input": changed}))


@pytest.mark.parametrize(
    ("late", "taken"), [(0, True), (300, True), (301.5, False), (-60, True), (-62, False), (86400, False)]
)
def test_a_request_has_an_age(late: float, taken: bool) -> None:
    """Five minutes late and one minute early are taken, more is not."""
    request, now = signed(created=NOW.replace(microsecond=0)), NOW.replace(microsecond=0) + timedelta(seconds=late)
    if taken:
        assert check(request, now) == KEY.kid
    else:
        with pytest.raises(SignatureInvalid):
            check(request, now)


def test_a_nonce_is_taken_once_and_asked_last() -> None:
    """A replay is refused, and a request that does not verify leaves no nonce behind."""
    asked: list[tuple[str, str]] = []

    def seen(kid: str, nonce: str) -> bool:
        asked.append((kid, nonce))
        return asked.count((kid, nonce)) > 1

    request = signed()
    with pytest.raises(SignatureInvalid):
        verify_request(dataclasses.replace(request, body=b"other"), KEYS.get, NOW, seen)
    assert asked == []
    assert verify_request(request, KEYS.get, NOW, seen) == KEY.kid
    with pytest.raises(SignatureInvalid):
        verify_request(request, KEYS.get, NOW, seen)


def test_an_unknown_or_swapped_key_is_refused() -> None:
    """The key must be enrolled, and be the one that its id names."""
    for key_of in (lambda *_: None, lambda *_: OTHER.public):
        with pytest.raises(SignatureInvalid):
            verify_request(signed(), key_of, NOW, lambda *_: False)


def test_nonces_are_fresh() -> None:
    """The same request is never signed with one nonce twice."""
    assert len({signed().headers["signature-input"] for _ in range(50)}) == 50


def test_the_digest_is_that_of_the_norm() -> None:
    """The example of RFC 9530, appendix B.1 (its body ends with a line feed)."""
    assert content_digest(b'{"hello": "world"}\n') == "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:"


def test_a_body_is_not_shown() -> None:
    """The representation of a request holds no body."""
    assert "secret" not in repr(Request("PUT", URL, {}, b"secret"))
