"""How a terminal becomes known to an insurer: one letter, one request, one answer.

Rules: the activation code never travels; the proof is HMAC-SHA-256, keyed by the code's 20 symbols (ASCII), over a
fixed label and the canonical bytes (RFC 8785) of the whole request without the proof, so that no key in it can be
exchanged. The pseudonym key comes sealed to the shop's own key. The request is signed (RFC 9421) with the signing key
it brings.
"""

import hashlib
import hmac
from typing import Annotated, Final, Literal

import msgspec

from sync.contract.activation import ActivationCode
from sync.contract.envelope import KeyId, StrictRecord, encode
from sync.contract.keys import Jwk, SealingPublic
from sync.contract.message import Digest, InsurerId, Routing
from sync.contract.profile import Text

ENROLMENT_SCHEMA: Final = "comptoir/enrolment/v1"
PROOF_LABEL: Final = b"comptoir/enrolment/v1\x00"
PSEUDONYM_INFO: Final = b"comptoir/pseudonym/v1\x00"
"""HPKE `info` under which the pseudonym key (32 bytes) is sealed to the shop key."""

AmId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")]
Origin = Annotated[
    str, msgspec.Meta(pattern=r"^https://([a-z0-9.-]+|\[[0-9a-f:]+\])(:[0-9]{1,5})?$(?!\n)", max_length=200)
]
"""Scheme, host and port of an insurer; nothing after them."""
Pem = Annotated[str, msgspec.Meta(pattern=r"^-----BEGIN [A-Z ]+-----\n", max_length=8192)]
Document = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$(?!\n)", max_length=131_072)
]
"""A signed document (JWS compact): keys, profile, state. Longer than what a claim holds."""


class EnrolmentOffer(StrictRecord, frozen=True, kw_only=True):
    """What the terminal brings: its TLS request (PKCS#10 PEM), its signing key, the shop's sealing key, a nonce."""

    schema: Literal["comptoir/enrolment/v1"]
    insurer: InsurerId
    invitation: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-HJKMNP-TV-Z]{8}$(?!\n)")]
    nonce: KeyId
    certificate_request: Pem
    signing: Jwk
    sealing: SealingPublic


class EnrolmentRequest(EnrolmentOffer, frozen=True, kw_only=True):
    """The offer with the proof (hex) that the sender holds the posted code."""

    proof: Digest

    def offer(self) -> EnrolmentOffer:
        """The request without its proof: what the proof is computed over."""
        return EnrolmentOffer(**{name: getattr(self, name) for name in EnrolmentOffer.__struct_fields__})


class EnrolmentAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the insurer gives: certificate (90 days), signed keys and profile, the pseudonym key sealed to the shop."""

    insurer: InsurerId
    shop: AmId
    device: KeyId
    certificate: Pem
    keys: Document
    profile: Document
    pseudonym_key: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+$(?!\n)", max_length=4096)]


class DirectoryEntry(StrictRecord, frozen=True, kw_only=True):
    """One insurer as the directory lists it: route, address, pinned authority and signing key, declared hosting."""

    amc: InsurerId
    name: Text
    convention: Routing
    endpoint: Origin
    authority_pem: Pem
    hosting: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    signing: Jwk
    csr: Routing | None = None


def proof_of(offer: EnrolmentOffer, code: ActivationCode) -> str:
    """The proof (hex) for an offer under a code."""
    return hmac.new(code.symbols.encode("ascii"), PROOF_LABEL + encode(offer), hashlib.sha256).hexdigest()


def proves(request: EnrolmentRequest, code: ActivationCode) -> bool:
    """Whether the request was made by somebody who holds the code (compared in constant time)."""
    return hmac.compare_digest(request.proof, proof_of(request.offer(), code))
