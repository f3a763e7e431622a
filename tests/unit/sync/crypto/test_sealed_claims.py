"""A claim sealed at the counter is the claim that the insurer opens, or nothing opens at all."""

import itertools

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from sync.contract.envelope import CLAIM_TYP, RECEIPT_TYP, Envelope, decode, digest, encode
from sync.contract.message import ClaimMessage, encode_message
from sync.crypto import OpeningKey, SigningKey, base64url, open_claim, seal_claim
from sync.crypto.claims import INFO_PREFIX
from sync.crypto.sealing import X25519, XWING, pad
from sync.errors import ContractError, SealInvalid, SignatureInvalid, SyncError
from tests.unit.sync.crypto.samples import message, messages

SIGNER = SigningKey.generate()
OPENING = {suite: OpeningKey.generate(suite) for suite in (XWING, X25519)}
SEALED = seal_claim(message(), SIGNER, OPENING[XWING].public)


def sealed_again(signed: bytes, **changes: object) -> bytes:
    """An envelope around `signed`, sealed rightly under a header with `changes`: what a dishonest peer can make."""
    header = msgspec.structs.replace(decode(SEALED.envelope, Envelope).header(), **changes)
    padded, bucket = pad(signed)
    header = msgspec.structs.replace(header, bucket=changes.get("bucket", bucket))
    sealed = OPENING[XWING].public.seal(padded, INFO_PREFIX + encode(header))
    return encode(Envelope(**msgspec.structs.asdict(header), sealed=base64url.to_text(sealed)))


@given(messages, st.sampled_from([XWING, X25519]))
def test_the_insurer_opens_what_the_shop_signed(claim: ClaimMessage, suite: str) -> None:
    """Message and signed bytes come back equal, and the digest is that of the envelope."""
    opening = OPENING[XWING if suite == XWING else X25519]
    sealed = seal_claim(claim, SIGNER, opening.public)
    opened = open_claim(sealed.envelope, opening, SIGNER.public)
    assert (opened.message, opened.signed) == (claim, sealed.signed)
    assert SIGNER.public.verify(CLAIM_TYP, sealed.signed.decode()) == encode_message(claim)
    assert digest(sealed.envelope) == sealed.digest


@given(messages)
def test_message_and_envelope_are_canonical(claim: ClaimMessage) -> None:
    """Our encoding is byte for byte that of an independent RFC 8785 library."""
    envelope = seal_claim(claim, SIGNER, OPENING[XWING].public).envelope
    assert rfc8785.dumps(msgspec.json.decode(encode_message(claim))) == encode_message(claim)
    assert rfc8785.dumps(msgspec.json.decode(envelope)) == envelope


@given(st.data())
def test_any_flipped_bit_of_an_envelope_is_refused(data: st.DataObject) -> None:
    """Header, ciphertext, spelling: an envelope with one other bit is a named error and never a claim."""
    changed = bytearray(SEALED.envelope)
    changed[data.draw(st.integers(0, len(changed) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises((ContractError, SealInvalid, SignatureInvalid)):
        open_claim(bytes(changed), OPENING[XWING], SIGNER.public)


@pytest.mark.parametrize(
    "changes",
    [
        {"claim_id": "01890a5d-ac96-774b-bcce-b302099a8058"},
        {"insurer": "87654321"},
        {"convention": "OC"},
        {"csr": None},
        {"csr": "B2"},
        {"bucket": 8192},
        {"device": "A" * 43},
        {"recipient": "A" * 43},
        {"suite": X25519},
    ],
)
def test_a_header_cannot_be_exchanged(changes: dict[str, object]) -> None:
    """The clear header is bound into the seal: with any field exchanged nothing opens."""
    envelope = encode(msgspec.structs.replace(decode(SEALED.envelope, Envelope), **changes))
    with pytest.raises(SyncError) as caught:
        open_claim(envelope, OPENING[XWING], SIGNER.public)
    assert isinstance(caught.value, SealInvalid | SignatureInvalid)


@pytest.mark.parametrize(
    "changes",
    [
        {"insurer": "87654321"},
        {"convention": "OC"},
        {"csr": None},
        {"claim_id": "01890a5d-ac96-774b-bcce-b302099a8058"},
    ],
)
def test_a_recipient_cannot_hand_a_claim_on(changes: dict[str, object]) -> None:
    """Sealed again under another routing, the signed message contradicts the header and is refused."""
    with pytest.raises(ContractError) as caught:
        open_claim(sealed_again(SEALED.signed, **changes), OPENING[XWING], SIGNER.public)
    assert caught.value.facts == {"field": next(iter(changes))}


def test_a_wrong_bucket_is_refused() -> None:
    """A header that names another bucket than was sealed is not of the contract."""
    with pytest.raises(ContractError):
        open_claim(sealed_again(SEALED.signed, bucket=8192), OPENING[XWING], SIGNER.public)


def test_what_is_sealed_must_be_a_signed_claim() -> None:
    """A right seal around another device's claim, another purpose, or no text at all is SignatureInvalid."""
    other = seal_claim(message(), SigningKey.generate(), OPENING[XWING].public).signed
    receipt = SIGNER.sign(RECEIPT_TYP, encode_message(message())).encode()
    for signed in (other, receipt, b"", "é".encode()):
        with pytest.raises(SignatureInvalid):
            open_claim(sealed_again(signed), OPENING[XWING], SIGNER.public)


def test_what_is_signed_must_be_of_the_schema() -> None:
    """A signed message with one field more than the schema has is refused, although everything else is right."""
    foreign = msgspec.json.decode(encode_message(message())) | {"correction": {"sphere": -125}}
    signed = SIGNER.sign(CLAIM_TYP, rfc8785.dumps(foreign)).encode()
    with pytest.raises(ContractError):
        open_claim(sealed_again(signed), OPENING[XWING], SIGNER.public)


def test_the_wrong_insurer_or_device_cannot_open() -> None:
    """Another insurer's key is SealInvalid; a claim of another device is SignatureInvalid."""
    with pytest.raises(SealInvalid):
        open_claim(SEALED.envelope, OpeningKey.generate(XWING), SIGNER.public)
    with pytest.raises(SignatureInvalid):
        open_claim(SEALED.envelope, OPENING[XWING], SigningKey.generate().public)


def test_a_claim_outside_the_schema_is_not_sealed() -> None:
    """What no insurer could read is refused at the counter, before it is signed."""
    with pytest.raises(ContractError):
        seal_claim(msgspec.structs.replace(message(), amo_rate=101), SIGNER, OPENING[XWING].public)


def test_a_claim_too_large_for_the_largest_bucket_is_refused() -> None:
    """Twenty lines with forty commitments do not fit 8 KiB: a named error, not a cut claim."""
    with pytest.raises(ContractError):
        seal_claim(message(lines=20, evidence=40), SIGNER, OPENING[XWING].public)


def test_sizes_say_the_bucket_only() -> None:
    """Envelopes of one bucket have one length, whatever is claimed."""
    sealed = [seal_claim(message(lines=lines), SIGNER, OPENING[XWING].public) for lines in range(1, 10)]
    buckets = [(decode(claim.envelope, Envelope).bucket, len(claim.envelope)) for claim in sealed]
    assert all(len({length for _, length in same}) == 1 for _, same in itertools.groupby(buckets, lambda pair: pair[0]))
    assert len(set(buckets)) > 1


def test_nothing_of_a_claim_is_shown() -> None:
    """Representations of sealed and opened claims hold nothing of the person."""
    shown = repr(SEALED) + repr(open_claim(SEALED.envelope, OPENING[XWING], SIGNER.public))
    assert "1984" not in shown
    assert "abababab" not in shown
