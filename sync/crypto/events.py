"""Events of an insurer: signed inside, sealed to the shop key, signed again outside with their place in the chain.

Rules: `info` is a label and the canonical clear header. Who fetches an event can check the outer signature, number and
chain, and nothing else: it does not even name the claim it is about. Who has the shop key opens it and checks the inner
signature, whose `typ` says what it is: a request of a document, an outcome, a payment.
"""

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import msgspec

from sync.contract.envelope import decode, encode
from sync.contract.events import EVENT_LABEL, EVENT_TYP, REQUEST_TYP, DocumentRequest, Event, EventHeader
from sync.contract.outcomes import OUTCOME_TYP, PAYMENT_TYP, Outcome, Payment, check_outcome, check_payment
from sync.crypto import base64url
from sync.crypto.sealing import OpeningKey, SealingKey, pad, unpad
from sync.crypto.signing import SigningKey, VerifyingKey
from sync.errors import ContractError, SealInvalid, SignatureInvalid


@dataclass(frozen=True)
class Place:
    """Whose chain of events, and where in it: number, and digest of the event before."""

    insurer: str
    device: str
    seq: int
    prev: str


Said: TypeAlias = DocumentRequest | Outcome | Payment
"""What an event can hold."""

_TYPS: Final[dict[type[Said], str]] = {DocumentRequest: REQUEST_TYP, Outcome: OUTCOME_TYP, Payment: PAYMENT_TYP}


@dataclass(frozen=True)
class Opened:
    """What an event held, and the very JWS that the insurer signed."""

    said: Said = field(repr=False)
    signed: str = field(repr=False)


def seal_event(said: Said, place: Place, signer: SigningKey, recipient: SealingKey) -> str:
    """The event (JWS compact) that carries `said` to the shop with the key `recipient`; ContractError."""
    _checked(said)
    signed = signer.sign(_TYPS[type(said)], encode(said)).encode("ascii")
    padded, bucket = pad(signed)
    header = EventHeader(
        schema="comptoir/event/v1",
        insurer=place.insurer,
        device=place.device,
        seq=place.seq,
        prev=place.prev,
        recipient=recipient.kid,
        suite=recipient.suite,
        bucket=bucket,
    )
    sealed = base64url.to_text(recipient.seal(padded, _info(header)))
    return signer.sign(EVENT_TYP, encode(Event(**msgspec.structs.asdict(header), sealed=sealed)))


def read_event(signed: str, verifiers: Iterable[VerifyingKey]) -> Event:
    """What an event says in clear; SignatureInvalid, ContractError."""
    return decode(_verified(EVENT_TYP, signed, verifiers), Event)


def open_event(event: Event, opening: OpeningKey, verifiers: Iterable[VerifyingKey]) -> Opened:
    """What an event holds; SealInvalid, SignatureInvalid (also of a kind that is not known here), ContractError."""
    header = event.header()
    if (header.recipient, header.suite) != (opening.public.kid, opening.public.suite):
        raise SealInvalid("sealed to another key")
    padded = opening.open(base64url.to_bytes(event.sealed), _info(header))
    if len(padded) != header.bucket:
        raise ContractError("the size bucket is not the one that was sealed")
    signed = unpad(padded).decode("ascii", "replace")
    said = _checked(_read(signed, tuple(verifiers)))
    if said.insurer != header.insurer:
        raise ContractError("event and what it holds disagree", field="insurer")
    return Opened(said, signed)


def _read(signed: str, verifiers: tuple[VerifyingKey, ...]) -> Said:
    """The record in a JWS whose `typ` is one of those known here: a signature counts for its own purpose alone."""
    for kind, typ in _TYPS.items():
        with suppress(SignatureInvalid):
            return decode(_verified(typ, signed, verifiers), kind)
    raise SignatureInvalid("no key of the insurer made this signature, or of no kind that is known here")


def _checked(said: Said) -> Said:
    if isinstance(said, Outcome):
        return check_outcome(said)
    return check_payment(said) if isinstance(said, Payment) else said


def _verified(typ: str, signed: str, verifiers: Iterable[VerifyingKey]) -> bytes:
    for key in verifiers:
        with suppress(SignatureInvalid):
            return key.verify(typ, signed)
    raise SignatureInvalid("no key of the insurer made this signature")


def _info(header: EventHeader) -> bytes:
    return EVENT_LABEL + encode(header)
