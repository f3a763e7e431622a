"""A posted code: a hundred bits, typed by a person, proved and never sent."""

import hashlib
import hmac
import json

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sync.contract.activation import ActivationCode, new_invitation, parse_invitation
from sync.contract.enrolment import EnrolmentOffer, EnrolmentRequest, proof_of, proves
from sync.contract.envelope import encode
from sync.contract.printed import ALPHABET, check_symbol
from sync.errors import ActivationCodeInvalid

SYMBOLS = st.text(ALPHABET, min_size=20, max_size=20)


@given(SYMBOLS)
def test_what_is_printed_can_be_typed(symbols: str) -> None:
    """The printed form is read back, in small letters, without hyphens, with O, I and L for 0 and 1."""
    code = ActivationCode(symbols)
    printed = code.grouped()
    assert ActivationCode.parse(printed) == code
    assert ActivationCode.parse(f" {printed.lower().replace('-', ' ')} ") == code
    assert ActivationCode.parse(printed[:-1].replace("0", "O").replace("1", "I") + printed[-1]) == code
    assert ActivationCode.parse(printed[:-1].replace("0", "o").replace("1", "l") + printed[-1]) == code


@given(symbols=SYMBOLS, at=st.integers(0, 19), other=st.sampled_from(ALPHABET))
def test_one_wrong_symbol_is_noticed(symbols: str, at: int, other: str) -> None:
    """No single symbol can be replaced without the check symbol saying so."""
    assume(symbols[at] != other)
    wrong = symbols[:at] + other + symbols[at + 1 :] + check_symbol(symbols)
    with pytest.raises(ActivationCodeInvalid):
        ActivationCode.parse(wrong)


@given(symbols=SYMBOLS, at=st.integers(0, 18))
def test_two_exchanged_symbols_are_noticed(symbols: str, at: int) -> None:
    """No two neighbours can be exchanged without the check symbol saying so."""
    assume(symbols[at] != symbols[at + 1])
    wrong = symbols[:at] + symbols[at + 1] + symbols[at] + symbols[at + 2 :] + check_symbol(symbols)
    with pytest.raises(ActivationCodeInvalid):
        ActivationCode.parse(wrong)


@pytest.mark.parametrize("typed", ["", "A", "0" * 20, "0" * 22, "U" * 20 + "0", "é" * 21, "0" * 20 + "1"])
def test_what_cannot_be_a_code_is_refused(typed: str) -> None:
    """A wrong length, a symbol outside the alphabet or a wrong check symbol is refused, and not repeated."""
    with pytest.raises(ActivationCodeInvalid) as caught:
        ActivationCode.parse(typed)
    assert caught.value.facts == {"symbols": 21}


def test_the_check_symbol_is_crockfords() -> None:
    """The check symbol is the number modulo 37: the five symbols beyond the alphabet stand for 32 to 36."""
    assert [check_symbol(text) for text in ("0", "Z", "10", "14")] == ["0", "Z", "*", "U"]
    assert check_symbol("16J") == "D"  # 1234, the example of Crockford's page


def test_codes_and_invitations_are_random() -> None:
    """No two are alike, and an invitation is read as it is typed."""
    codes, invitations = {ActivationCode.generate().symbols for _ in range(50)}, {new_invitation() for _ in range(50)}
    assert len(codes) == len(invitations) == 50
    for invitation in invitations:
        assert parse_invitation(f" {invitation[:4]}-{invitation[4:].lower()}") == invitation


@pytest.mark.parametrize("typed", ["", "0000000", "000000000", "UUUUUUUU"])
def test_what_cannot_be_an_invitation_is_refused(typed: str) -> None:
    """A wrong length or symbol is refused."""
    with pytest.raises(ActivationCodeInvalid):
        parse_invitation(typed)


def test_a_code_is_not_shown() -> None:
    """The representation of a code does not hold it."""
    code = ActivationCode.generate()
    assert code.symbols not in repr(code)


OFFER = {
    "schema": "comptoir/enrolment/v1",
    "insurer": "99999997",
    "invitation": "0123ABCD",
    "nonce": "A" * 43,
    "certificate_request": "-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----\n",
    "signing": {"crv": "P-256", "kty": "EC", "x": "B" * 43, "y": "C" * 43},
    "sealing": {"kid": "D" * 43, "suite": "x25519-hkdfsha256-aes256gcm", "public": "E" * 43},
}


def test_the_proof_is_the_one_the_page_defines() -> None:
    """The proof is HMAC-SHA-256 under the 20 symbols, over label, zero byte and the request without its proof."""
    offer = msgspec.convert(OFFER, EnrolmentOffer)
    code = ActivationCode("0123456789ABCDEFGHJK")
    text = json.dumps(OFFER, sort_keys=True, separators=(",", ":")).encode()
    expected = hmac.new(b"0123456789ABCDEFGHJK", b"comptoir/enrolment/v1\x00" + text, hashlib.sha256).hexdigest()
    assert encode(offer) == text
    assert proof_of(offer, code) == expected


@pytest.mark.parametrize(
    "changed",
    [
        {"insurer": "99999998"},
        {"invitation": "0123ABCE"},
        {"nonce": "F" * 43},
        {"certificate_request": "-----BEGIN CERTIFICATE REQUEST-----\nAAAB\n"},
        {"signing": {"crv": "P-256", "kty": "EC", "x": "F" * 43, "y": "C" * 43}},
        {"sealing": {"kid": "D" * 43, "suite": "x25519-hkdfsha256-aes256gcm", "public": "F" * 43}},
    ],
    ids=lambda changed: str(*changed),
)
def test_the_proof_covers_every_member(changed: dict[str, object]) -> None:
    """A request with any member exchanged is not proved, nor is one under another code."""
    code = ActivationCode.generate()
    proof = proof_of(msgspec.convert(OFFER, EnrolmentOffer), code)
    request = msgspec.convert({**OFFER, "proof": proof}, EnrolmentRequest)
    assert proves(request, code)
    assert not proves(request, ActivationCode.generate())
    assert not proves(msgspec.convert({**OFFER, **changed, "proof": proof}, EnrolmentRequest), code)
