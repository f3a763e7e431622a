"""Signatures: what verifies, and all that must not."""

import base64
import hashlib
import json

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from hypothesis import given
from hypothesis import strategies as st

from sync.crypto import SigningKey, VerifyingKey
from sync.errors import KeyInvalid, SignatureInvalid

TYP = "comptoir-claim+jws"
KEY = SigningKey.from_bytes(bytes(range(1, 33)))
OTHER = SigningKey.from_bytes(bytes(range(2, 34)))
ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551


def segment(value: object) -> str:
    """The base64url of a value's JSON."""
    raw = value if isinstance(value, bytes) else json.dumps(value, separators=(",", ":")).encode()
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def signed_with_header(header: dict[str, object], payload: bytes) -> str:
    """A JWS whose signature is right and whose header is anything."""
    text = f"{segment(header)}.{segment(payload)}"
    return f"{text}.{segment(KEY.sign_raw(text.encode()))}"


@given(st.binary(max_size=2000))
def test_what_was_signed_is_what_verifies(payload: bytes) -> None:
    """Signing and verifying give back the payload, whatever it is."""
    assert KEY.public.verify(TYP, KEY.sign(TYP, payload)) == payload


def test_another_library_verifies_the_jws() -> None:
    """The three parts are what RFC 7515 says: checked with bare ECDSA, without a JOSE library."""
    header, payload, signature = KEY.sign(TYP, b"claim").split(".")
    raw = base64.urlsafe_b64decode(signature + "==")
    der = encode_dss_signature(int.from_bytes(raw[:32], "big"), int.from_bytes(raw[32:], "big"))
    x, y = (int.from_bytes(base64.urlsafe_b64decode(KEY.public.jwk[name] + "="), "big") for name in ("x", "y"))
    public = ec.EllipticCurvePublicNumbers(x, y, ec.SECP256R1()).public_key()
    public.verify(der, f"{header}.{payload}".encode(), ec.ECDSA(hashes.SHA256()))
    assert json.loads(base64.urlsafe_b64decode(header + "==")) == {"alg": "ES256", "kid": KEY.kid, "typ": TYP}


@given(st.data())
def test_any_changed_character_is_refused(data: st.DataObject) -> None:
    """No other text than the signed one verifies, not even another spelling of the same bytes."""
    signed = KEY.sign(TYP, b"a claim of some length, to have something to change")
    place = data.draw(st.integers(0, len(signed) - 1))
    other = data.draw(st.characters(max_codepoint=0x2FF).filter(lambda character: character != signed[place]))
    with pytest.raises(SignatureInvalid):
        KEY.public.verify(TYP, signed[:place] + other + signed[place + 1 :])


def test_another_purpose_or_key_is_refused() -> None:
    """A receipt is no claim, and another device's signature is not this one's."""
    with pytest.raises(SignatureInvalid):
        KEY.public.verify("comptoir-receipt+jws", KEY.sign(TYP, b"x"))
    with pytest.raises(SignatureInvalid):
        KEY.public.verify(TYP, OTHER.sign(TYP, b"x"))


@pytest.mark.parametrize(
    "header",
    [
        {"alg": "ES256", "kid": KEY.kid, "typ": TYP, "b64": True},
        {"alg": "ES256", "kid": KEY.kid, "typ": TYP, "crit": ["b64"], "b64": False},
        {"alg": "ES256", "kid": KEY.kid, "typ": TYP, "jku": "https://keys.example"},
        {"alg": "ES256", "kid": KEY.kid},
        {"alg": "ES256", "typ": TYP},
        {"alg": "ES256", "kid": OTHER.kid, "typ": TYP},
        {"alg": "ES384", "kid": KEY.kid, "typ": TYP},
        {"alg": "none", "kid": KEY.kid, "typ": TYP},
        {"alg": "HS256", "kid": KEY.kid, "typ": TYP},
        ["ES256"],
    ],
)
def test_only_the_contract_header_is_taken(header: dict[str, object]) -> None:
    """A signature over any other header is refused, although its mathematics are right."""
    with pytest.raises(SignatureInvalid):
        KEY.public.verify(TYP, signed_with_header(header, b"x"))


def test_the_order_of_header_members_is_free() -> None:
    """Another implementation may spell the same header in another order."""
    signed = signed_with_header({"typ": TYP, "alg": "ES256", "kid": KEY.kid}, b"x")
    assert KEY.public.verify(TYP, signed) == b"x"


@given(st.text(max_size=80) | st.lists(st.text(max_size=30), min_size=3, max_size=3).map(".".join))
def test_garbage_is_refused_by_name(text: str) -> None:
    """Whatever a peer sends as a signature, the answer is SignatureInvalid and no other error."""
    with pytest.raises(SignatureInvalid):
        KEY.public.verify(TYP, text)


def test_a_kid_is_the_thumbprint() -> None:
    """The key id is the RFC 7638 thumbprint, computed here without the library."""
    text = json.dumps(KEY.public.jwk, sort_keys=True, separators=(",", ":"))
    assert segment(hashlib.sha256(text.encode()).digest()) == KEY.kid == KEY.public.kid


def test_keys_survive_their_storage() -> None:
    """Scalar and JWK give back the same key."""
    assert SigningKey.from_bytes(KEY.to_bytes()).public == KEY.public
    assert VerifyingKey.from_jwk({**KEY.public.jwk, "use": "sig", "kid": "ignored"}) == KEY.public
    assert {KEY.public, VerifyingKey.from_jwk(KEY.public.jwk)} == {KEY.public}
    assert KEY.public != OTHER.public


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "key",
        {},
        {**KEY.public.jwk, "d": "AQ"},
        {**KEY.public.jwk, "crv": "P-384"},
        {**KEY.public.jwk, "kty": "OKP"},
        {**KEY.public.jwk, "x": KEY.public.jwk["y"]},
        {**KEY.public.jwk, "x": 7},
        {"kty": "EC", "crv": "P-256", "x": "AA"},
    ],
)
def test_what_is_no_public_key_is_refused(jwk: object) -> None:
    """A private key, another curve, a point off the curve and plain garbage are KeyInvalid."""
    with pytest.raises(KeyInvalid):
        VerifyingKey.from_jwk(jwk)


def test_another_curve_is_refused() -> None:
    """A P-384 key object is KeyInvalid."""
    with pytest.raises(KeyInvalid):
        VerifyingKey(ec.generate_private_key(ec.SECP384R1()).public_key())


@pytest.mark.parametrize("scalar", [b"", bytes(32), b"\xff" * 32, ORDER.to_bytes(32, "big"), bytes(31), bytes(33)])
def test_what_is_no_scalar_is_refused_and_not_shown(scalar: bytes) -> None:
    """A private key out of range is KeyInvalid, and the error does not quote it."""
    with pytest.raises(KeyInvalid) as caught:
        SigningKey.from_bytes(scalar)
    assert scalar == b"" or scalar.hex() not in str(caught.value)


def test_a_private_key_is_never_shown() -> None:
    """No representation of a signing key holds its scalar."""
    shown = repr(KEY) + str(KEY) + repr(KEY.public)
    assert KEY.to_bytes().hex() not in shown
    assert str(int.from_bytes(KEY.to_bytes(), "big")) not in shown


@given(st.binary(max_size=300))
def test_a_raw_signature_verifies_for_its_message_only(message: bytes) -> None:
    """The 64-byte form of RFC 9421 verifies, and not for another message."""
    signature = KEY.sign_raw(message)
    KEY.public.verify_raw(message, signature)
    with pytest.raises(SignatureInvalid):
        KEY.public.verify_raw(message + b"\x00", signature)


@pytest.mark.parametrize("signature", [b"", bytes(64), bytes(63), bytes(65), b"\xff" * 64])
def test_a_malformed_raw_signature_is_refused(signature: bytes) -> None:
    """Wrong lengths and numbers out of range are SignatureInvalid."""
    with pytest.raises(SignatureInvalid):
        KEY.public.verify_raw(b"x", signature)
