"""A posted letter becomes an enrolled insurer.

Rules: trust begins with the directory's entry (authority and signing key), never with the answer; the answer counts
only when its keys, profile, device and certificate all hold. The code stays here: only a proof made with it leaves. A
lost answer is asked for again with the same bytes, which the insurer answers alike.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

import msgspec

from sync.client.channel import Channel, Now, Question, utc_now
from sync.contract.activation import ActivationCode
from sync.contract.enrolment import (
    ENROLMENT_SCHEMA,
    DirectoryEntry,
    EnrolmentAnswer,
    EnrolmentOffer,
    EnrolmentRequest,
    proof_of,
)
from sync.contract.envelope import encode
from sync.contract.exchange import ENROLLED_TYPE, ENROLMENT_TYPE
from sync.contract.keys import Jwk, SealingPublic
from sync.crypto import base64url
from sync.crypto.certificates import make_csr
from sync.crypto.sealing import SealingKey
from sync.crypto.signing import SigningKey
from sync.errors import InsurerUnreachable, SignatureInvalid
from sync.insurers import InsurerRecord
from sync.tls import client_context, present
from sync.trust import keys_in, pinned_key, profile_in

_TRIES: Final = 3


@dataclass(frozen=True)
class TerminalKeys:
    """What a terminal brings: its TLS key (32-byte scalar), its signing key, and the public half of the shop key."""

    tls_key: bytes = field(repr=False)
    signer: SigningKey
    shop: SealingKey


def enrol(  # noqa: PLR0913  # letter, keys and time are named
    entry: DirectoryEntry,
    invitation: str,
    code: ActivationCode,
    keys: TerminalKeys,
    now: Now = utc_now,
    *,
    surely_past: datetime | None = None,
) -> EnrolmentAnswer:
    """Enrol this terminal with a posted letter; the answer, verified. `surely_past` as for an `InsurerClient`.

    InsurerRefused (`problem`: activation_refused, invitation_closed, …), InsurerUntrusted, InsurerUnreachable;
    SignatureInvalid, ContractError or KeyInvalid when the answer does not hold: then nothing of it is to be kept.
    """
    body = encode(_request(entry, invitation, code, keys))
    question = Question("POST", "/v1/enrolments", ENROLLED_TYPE, {"content-type": ENROLMENT_TYPE}, body)
    channel = Channel(entry.endpoint, client_context(entry.authority_pem, surely_past), keys.signer, now)
    try:
        answer = _ask(channel, question)
    finally:
        channel.close()
    _check(entry, answer, keys)
    return answer


def enrolled_record(entry: DirectoryEntry, answer: EnrolmentAnswer, enrolled_at: datetime) -> InsurerRecord:
    """What the terminal keeps of an enrolment."""
    return InsurerRecord(
        amc=entry.amc,
        name=entry.name,
        convention=entry.convention,
        csr=entry.csr,
        endpoint=entry.endpoint,
        authority_pem=entry.authority_pem,
        certificate_pem=answer.certificate,
        keys_jws=answer.keys,
        profile_jws=answer.profile,
        signing_jwk=msgspec.to_builtins(entry.signing),
        pseudonym_key_sealed=answer.pseudonym_key,
        hosting=entry.hosting,
        enrolled_at=enrolled_at,
    )


def _request(entry: DirectoryEntry, invitation: str, code: ActivationCode, keys: TerminalKeys) -> EnrolmentRequest:
    signer, shop = keys.signer, keys.shop
    offer = EnrolmentOffer(
        schema=ENROLMENT_SCHEMA,
        insurer=entry.amc,
        invitation=invitation,
        nonce=base64url.to_text(secrets.token_bytes(32)),
        certificate_request=make_csr(keys.tls_key, signer.kid).decode("ascii"),
        signing=msgspec.convert(signer.public.jwk, Jwk),
        sealing=SealingPublic(kid=shop.kid, suite=shop.suite, public=base64url.to_text(shop.public)),
    )
    members = {name: getattr(offer, name) for name in EnrolmentOffer.__struct_fields__}
    return EnrolmentRequest(**members, proof=proof_of(offer, code))


def _ask(channel: Channel, question: Question) -> EnrolmentAnswer:
    for _ in range(_TRIES - 1):
        try:
            return channel.ask(question, EnrolmentAnswer)[0]
        except InsurerUnreachable:
            continue
    return channel.ask(question, EnrolmentAnswer)[0]


def _check(entry: DirectoryEntry, answer: EnrolmentAnswer, keys: TerminalKeys) -> None:
    if (answer.insurer, answer.device) != (entry.amc, keys.signer.kid):
        raise SignatureInvalid("the answer is for another insurer or terminal")
    trusted = keys_in(pinned_key(msgspec.to_builtins(entry.signing)), answer.keys, entry.amc)
    profile = profile_in(trusted, answer.profile, entry.amc)
    if profile.convention != entry.convention:
        raise SignatureInvalid("the profile is another convention's")
    present(client_context(entry.authority_pem), answer.certificate, keys.tls_key)
