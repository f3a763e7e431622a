"""The professional's card through a real PKCS#11 module: keys, PIN attempts, signatures, removal."""

import hashlib
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pkcs11
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.x509.oid import NameOID
from hypothesis import given
from hypothesis import strategies as st
from pkcs11 import Attribute, KeyType, ObjectClass, TokenFlag
from pkcs11.util.ec import encode_named_curve_parameters
from pkcs11.util.rsa import decode_rsa_private_key

from hardware import (
    TokenAbsent,
    TokenKeyMissing,
    TokenLoginRequired,
    TokenModuleMissing,
    TokenPinInvalid,
    TokenPinLastTry,
    TokenPinLocked,
    TokenPinWrong,
    TokenRemoved,
)
from hardware.cps import CpsSession, Role, find_module, open_cps
from hardware.cryptoki import Attempts, Module, attempts_in, usages_of
from tests.token_fixture import PIN, NewToken, SoftToken

MESSAGE = b"an invented order"
WRONG = "9999"
Private = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certificate_of(key: Private, *, signs: bool) -> bytes:
    """A self-signed certificate, for signatures that bind or for authentication."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "PROFESSIONNEL INVENTE")])
    now = datetime(2026, 1, 1, tzinfo=UTC)
    builder = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now)
        .not_valid_after(now + timedelta(days=900))
    )
    usage = x509.KeyUsage(not signs, signs, *[False] * 7)
    return (
        builder.add_extension(usage, critical=True).sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
    )


def put(token: SoftToken, key: Private, label: str, number: bytes, *, signs: bool) -> bytes:
    """Put a key and its certificate on a token, as an issuer does; the certificate comes back."""
    if isinstance(key, rsa.RSAPrivateKey):
        classic = serialization.PrivateFormat.TraditionalOpenSSL
        attributes = decode_rsa_private_key(
            key.private_bytes(serialization.Encoding.DER, classic, serialization.NoEncryption())
        )
    else:
        attributes = _ec_attributes(key)
    der = certificate_of(key, signs=signs)
    with pkcs11.lib(str(token.module)).get_token(token_label=token.label).open(rw=True, user_pin=PIN) as session:
        session.create_object(
            {**attributes, Attribute.LABEL: label, Attribute.ID: number, Attribute.TOKEN: True, Attribute.SIGN: True}
        )
        session.create_object(
            {
                Attribute.CLASS: ObjectClass.CERTIFICATE,
                Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                Attribute.TOKEN: True,
                Attribute.PRIVATE: False,
                Attribute.LABEL: f"certificate {number.hex()}",
                Attribute.ID: number,
                Attribute.SUBJECT: b"\x30\x00",
                Attribute.VALUE: der,
            }
        )
    return der


def _ec_attributes(key: ec.EllipticCurvePrivateKey) -> dict[Attribute, object]:
    return {
        Attribute.CLASS: ObjectClass.PRIVATE_KEY,
        Attribute.KEY_TYPE: KeyType.EC,
        Attribute.EC_PARAMS: encode_named_curve_parameters("secp256r1"),
        Attribute.VALUE: key.private_numbers().private_value.to_bytes(32, "big"),
        Attribute.PRIVATE: True,
        Attribute.SENSITIVE: True,
        Attribute.EXTRACTABLE: False,
    }


def verify(certificate: bytes, algorithm: str, signature: bytes) -> None:
    """Verify with another library; InvalidSignature."""
    public = x509.load_der_x509_certificate(certificate).public_key()
    if algorithm == "ES256":
        assert isinstance(public, ec.EllipticCurvePublicKey)
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        public.verify(encode_dss_signature(r, s), MESSAGE, ec.ECDSA(hashes.SHA256()))
    else:
        assert isinstance(public, rsa.RSAPublicKey)
        public.verify(signature, MESSAGE, padding.PKCS1v15(), hashes.SHA256())


@dataclass
class Card:
    """A professional card of our making."""

    token: SoftToken
    signature: bytes
    authentication: bytes

    def open(self) -> CpsSession:
        """A session with it."""
        return open_cps(Module(self.token.module), self.token.label)


@pytest.fixture(params=["ES256", "RS256"])
def algorithm(request: pytest.FixtureRequest) -> str:
    """Both kinds of keys."""
    return str(request.param)


def _key(algorithm: str) -> Private:
    if algorithm == "ES256":
        return ec.generate_private_key(ec.SECP256R1())
    return rsa.generate_private_key(65537, 2048)


@pytest.fixture
def card(new_token: NewToken) -> Card:
    """A card with both keys under the labels of the ANS, on elliptic curves."""
    return issue(new_token(), "ES256", "CPS_PRIV_SIG", "CPS_PRIV_AUT")


def issue(token: SoftToken, algorithm: str, signature: str, authentication: str) -> Card:
    """Write both keys, under these labels, with identifiers that say the opposite of what the reader might guess."""
    return Card(
        token,
        put(token, _key(algorithm), signature, b"\x10\x20", signs=True),
        put(token, _key(algorithm), authentication, b"\x10\x10", signs=False),
    )


@pytest.fixture
def session(card: Card) -> Iterator[CpsSession]:
    """A session with the card."""
    with closing(card.open()) as opened:
        yield opened


@pytest.mark.parametrize("labels", [("CPS_PRIV_SIG", "CPS_PRIV_AUT"), ("Clé 1", "Clé 2"), ("", "")])
def test_each_role_signs_with_its_own_key(new_token: NewToken, algorithm: str, labels: tuple[str, str]) -> None:
    """By label, or by what the certificate is for; another library verifies with the certificate that comes along."""
    card = issue(new_token(), algorithm, *labels)
    with closing(card.open()) as session:
        session.login(PIN)
        for role, certificate in ((Role.SIGNATURE, card.signature), (Role.AUTHENTICATION, card.authentication)):
            signed = session.sign(role, MESSAGE)
            assert (signed.algorithm, signed.certificate) == (algorithm, certificate)
            verify(certificate, algorithm, signed.value)


def test_the_label_wins_over_the_identifier(new_token: NewToken) -> None:
    """The same identifiers, exchanged, change nothing: the identifier of a key is the middleware's affair."""
    card = issue(new_token(), "ES256", "CPS_PRIV_AUT", "CPS_PRIV_SIG")
    with closing(card.open()) as session:
        session.login(PIN)
        verify(card.authentication, "ES256", session.sign(Role.SIGNATURE, MESSAGE).value)


def test_certificates_are_listed_without_a_pin(session: CpsSession, card: Card) -> None:
    """Both certificates and what they are for, before any login; names stay out of the repr."""
    found = session.certificates()
    assert {item.der: item.usages for item in found} == {
        card.signature: {"non_repudiation"},
        card.authentication: {"digital_signature"},
    }
    assert "INVENTE" not in repr(found)


def test_no_key_signs_before_the_login(session: CpsSession) -> None:
    """Signing needs the PIN."""
    with pytest.raises(TokenLoginRequired):
        session.sign(Role.SIGNATURE, MESSAGE)


def test_a_card_without_the_key_is_said(new_token: NewToken) -> None:
    """No key of the role, or two of one label, is refused: choosing would be a guess."""
    token = new_token()
    for number in (b"\x01", b"\x02"):
        put(token, _key("ES256"), "CPS_PRIV_AUT", number, signs=False)
    with closing(open_cps(Module(token.module), token.label)) as session:
        session.login(PIN)
        for role, reason in ((Role.SIGNATURE, "none"), (Role.AUTHENTICATION, "several")):
            with pytest.raises(TokenKeyMissing) as caught:
                session.sign(role, MESSAGE)
            assert caught.value.facts == {"role": role.name.lower(), "reason": reason}


def test_a_wrong_pin_is_counted_and_a_right_one_forgives(session: CpsSession) -> None:
    """The token's own counter is told with the error and before the next try."""
    told = [session.attempts]
    with pytest.raises(TokenPinWrong) as caught:
        session.login(WRONG)
    assert caught.value.facts["attempts"] == "few"
    told.append(session.attempts)
    session.login(PIN)
    told.append(session.attempts)
    assert told == [Attempts.ALL, Attempts.FEW, Attempts.ALL]


def test_the_last_attempt_is_never_spent_silently(card: Card, session: CpsSession) -> None:
    """With one attempt left even the right PIN is not tried, until somebody agrees to spend it."""
    card.token.raise_flag(TokenFlag.USER_PIN_FINAL_TRY)
    assert session.attempts is Attempts.LAST
    with pytest.raises(TokenPinLastTry):
        session.login(PIN)
    session.login(PIN, spend_last=True)
    verify(card.signature, "ES256", session.sign(Role.SIGNATURE, MESSAGE).value)


def test_a_locked_card_is_not_tried(card: Card, session: CpsSession) -> None:
    """A locked PIN is said, whatever is agreed to."""
    card.token.raise_flag(TokenFlag.USER_PIN_LOCKED)
    for spend_last in (False, True):
        with pytest.raises(TokenPinLocked):
            session.login(PIN, spend_last=spend_last)


@pytest.mark.parametrize("pin", ["", "é234", "1", "1" * 300])
def test_a_pin_of_no_form_is_refused(session: CpsSession, pin: str) -> None:
    """What cannot be a PIN is an error, and never counts as an attempt by ours or by the token's judgement."""
    with pytest.raises((TokenPinInvalid, TokenPinWrong)) as caught:
        session.login(pin)
    assert pin == "" or pin not in str(caught.value)


def test_a_pin_pad_is_for_readers_that_have_one(session: CpsSession) -> None:
    """Asking for the pad of a reader without one is refused before the card is asked."""
    assert not session.token.pin_pad
    with pytest.raises(TokenPinInvalid) as caught:
        session.login(None)
    assert caught.value.facts["reason"] == "no_pin_pad"
    assert session.attempts is Attempts.ALL


def test_a_card_taken_out_is_noticed(card: Card, session: CpsSession) -> None:
    """Polling sees it go; what was allowed a moment ago is a coded error."""
    session.login(PIN)
    assert session.present
    card.token.pull()
    assert not session.present
    for act in (lambda: session.sign(Role.SIGNATURE, MESSAGE), session.certificates, lambda: session.login(PIN)):
        with pytest.raises(TokenRemoved):
            act()


def test_another_card_in_the_slot_is_not_this_one(card: Card, session: CpsSession) -> None:
    """A card exchanged between two looks ends the session: nothing is signed with somebody else's key."""
    session.login(PIN)
    card.token.exchange()
    assert not session.present
    with pytest.raises(TokenRemoved) as caught:
        session.sign(Role.SIGNATURE, MESSAGE)
    assert caught.value.facts["reason"] == "other"


def test_without_a_card_there_is_no_session(card: Card) -> None:
    """A label that no token has, and a token that left, are absent."""
    module = Module(card.token.module)
    with pytest.raises(TokenAbsent):
        open_cps(module, "nobody's card")
    (state,) = [token for token in module.tokens() if token.label == card.token.label]
    card.token.pull()
    with pytest.raises(TokenRemoved):
        module.session(state)
    with pytest.raises(TokenAbsent):
        open_cps(module, card.token.label)


def test_a_module_that_is_none_is_said(tmp_path: Path) -> None:
    """No file, or a file that is no module, is an error of the environment."""
    (tmp_path / "text.so").write_text("no module", "utf-8")
    for name, reason in (("absent.so", "absent"), ("text.so", "unusable")):
        with pytest.raises(TokenModuleMissing) as caught:
            Module(tmp_path / name)
        assert caught.value.facts["reason"] == reason
        assert caught.value.environment


def test_the_first_installed_module_is_found(tmp_path: Path) -> None:
    """Known places are looked into in order; none is None."""
    paths = [tmp_path / name for name in ("a.so", "b.so", "c.so")]
    assert find_module(paths) is None
    for path in paths[1:]:
        path.touch()
    assert find_module(paths) == paths[1]


def test_serial_and_pin_are_in_no_repr(session: CpsSession) -> None:
    """What identifies the professional stays out of logs."""
    state = session.token
    session.login(PIN)
    assert state.serial
    assert state.serial not in repr(state)
    assert PIN not in repr(vars(session))


@given(st.integers(0, 2**24 - 1))
def test_the_gravest_flag_counts(bits: int) -> None:
    """Whatever else a token says, locked is before last, last before few."""
    flags = TokenFlag(bits & sum(TokenFlag))
    found = attempts_in(flags)
    assert (found is Attempts.NONE) is bool(flags & TokenFlag.USER_PIN_LOCKED)
    assert (found is Attempts.ALL) is not bool(
        flags & (TokenFlag.USER_PIN_LOCKED | TokenFlag.USER_PIN_FINAL_TRY | TokenFlag.USER_PIN_COUNT_LOW)
    )


@given(st.binary(max_size=400))
def test_bytes_that_are_no_certificate_have_no_usage(data: bytes) -> None:
    """Whatever a card stores where certificates are, reading it raises nothing."""
    assert usages_of(hashlib.sha256(data).digest() + data) is None
