"""A claim becomes an envelope once, at the counter, and is opened once, at the insurer's.

Rules: sign, then seal (design §4, §6). The JWS of the canonical message is padded and sealed; `info` is a fixed prefix
and the canonical clear header, so no header can be exchanged. Opening checks seal, bucket, padding, signature, schema,
and that the header says what the signed message says: a recipient cannot hand a claim on as if sent to another.
"""

from dataclasses import dataclass, field
from typing import Final

import msgspec

from sync.contract.envelope import CLAIM_TYP, Envelope, Header, decode, digest, encode
from sync.contract.events import ANSWER_TYP, DocumentAnswer, check_answer
from sync.contract.message import ClaimMessage, decode_message, encode_message
from sync.crypto import base64url
from sync.crypto.sealing import OpeningKey, SealingKey, pad, unpad
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import ContractError, SealInvalid, SignatureInvalid

INFO_PREFIX: Final = b"comptoir/claim/v1\x00"


@dataclass(frozen=True)
class SealedClaim:
    """Canonical envelope bytes, their SHA-256 (hex), and the JWS inside (it says everything: never stored)."""

    envelope: bytes
    digest: str
    signed: bytes = field(repr=False)


@dataclass(frozen=True)
class Route:
    """What the clear header says of a message: its id and its way."""

    claim_id: str
    insurer: str
    convention: str
    csr: str | None


@dataclass(frozen=True)
class OpenedAnswer:
    """The answer to a document request as an insurer reads it, and the very JWS that the shop signed."""

    answer: DocumentAnswer = field(repr=False)
    signed: bytes = field(repr=False)


@dataclass(frozen=True)
class OpenedClaim:
    """What an insurer reads: the message, and the very JWS that the shop signed."""

    message: ClaimMessage = field(repr=False)
    signed: bytes = field(repr=False)


def seal_claim(message: ClaimMessage, signer: SigningKey, recipient: SealingKey) -> SealedClaim:
    """Sign `message` with the device key and seal it to the insurer; ContractError when it is not of the schema."""
    payload = encode_message(message)
    decode_message(payload)
    signed = signer.sign(CLAIM_TYP, payload).encode("ascii")
    route = Route(message.claim_id, message.insurer, message.convention, message.csr)
    return seal_signed(signed, route, signer.kid, recipient)


def seal_answer(answer: DocumentAnswer, signer: SigningKey, recipient: SealingKey) -> SealedClaim:
    """The same for the answer to a document request: from outside, nobody can tell it from a claim."""
    payload = encode(check_answer(answer))
    decode(payload, DocumentAnswer)
    signed = signer.sign(ANSWER_TYP, payload).encode("ascii")
    route = Route(answer.answer_id, answer.insurer, answer.convention, answer.csr)
    return seal_signed(signed, route, signer.kid, recipient)


def seal_signed(signed: bytes, route: Route, device: str, recipient: SealingKey) -> SealedClaim:
    """The envelope of a JWS that this device signed."""
    padded, bucket = pad(signed)
    header = Header(
        v=1,
        claim_id=route.claim_id,
        insurer=route.insurer,
        convention=route.convention,
        csr=route.csr,
        device=device,
        recipient=recipient.kid,
        suite=recipient.suite,
        bucket=bucket,
    )
    sealed = base64url.to_text(recipient.seal(padded, _info(header)))
    envelope = encode(Envelope(**msgspec.structs.asdict(header), sealed=sealed))
    return SealedClaim(envelope, digest(envelope), signed)


def open_claim(envelope: bytes, opening: OpeningKey, verifier: VerifyingKey) -> OpenedClaim:
    """The claim in canonical envelope bytes.

    ContractError: not of the contract, or header and message disagree. SealInvalid: sealed to another key or altered.
    SignatureInvalid: not signed by this device.
    """
    header, signed = _open_envelope(envelope, opening, verifier)
    message = decode_message(verifier.verify(CLAIM_TYP, _text(signed)))
    _check_routing(header, message)
    return OpenedClaim(message, signed)


def open_answer(envelope: bytes, opening: OpeningKey, verifier: VerifyingKey) -> OpenedAnswer:
    """The answer to a document request in canonical envelope bytes; the errors of `open_claim`."""
    header, signed = _open_envelope(envelope, opening, verifier)
    answer = check_answer(decode(verifier.verify(ANSWER_TYP, _text(signed)), DocumentAnswer))
    said = answer.answer_id, answer.insurer, answer.convention, answer.csr
    if said != (header.claim_id, header.insurer, header.convention, header.csr):
        raise ContractError("header and answer disagree")
    return OpenedAnswer(answer, signed)


def _open_envelope(envelope: bytes, opening: OpeningKey, verifier: VerifyingKey) -> tuple[Header, bytes]:
    if not envelope.isascii():
        raise ContractError("an envelope is ASCII")
    found = decode(envelope, Envelope)
    header = found.header()
    opening = opening.of(header.recipient)
    if header.suite != opening.public.suite:
        raise SealInvalid("sealed to another key")
    if header.device != verifier.kid:
        raise SignatureInvalid("sent by another device")
    padded = opening.open(base64url.to_bytes(found.sealed), _info(header))
    if len(padded) != header.bucket:
        raise ContractError("the size bucket is not the one that was sealed")
    return header, unpad(padded)


def _info(header: Header) -> bytes:
    return INFO_PREFIX + encode(header)


def _text(signed: bytes) -> str:
    try:
        return signed.decode("ascii")
    except UnicodeDecodeError as error:
        raise SignatureInvalid("a signed claim is ASCII") from error


def _check_routing(header: Header, message: ClaimMessage) -> None:
    for name in ("claim_id", "insurer", "convention", "csr"):
        if getattr(header, name) != getattr(message, name):
            raise ContractError("header and message disagree", field=name)
