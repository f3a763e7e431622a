"""The insurer's public keys, as a document it signs: which key signs its receipts, to which key claims are sealed.

Rules: the first key of each list is the one in use, the others are still good (overlap at rotation); `version` only
grows; a key's `kid` is computed from its bytes and checked, never believed (RFC 7638 thumbprint for a signing key,
SHA-256 of the public bytes for a sealing key, both base64url).
"""

from typing import Annotated, Literal

import msgspec

from sync.contract.envelope import KeyId, StrictRecord, Suite
from sync.contract.message import InsurerId

KEYS_SCHEMA = "comptoir/keys/v1"

Coordinate = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)")]
PublicBytes = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+$(?!\n)", max_length=2048)]
Version = Annotated[int, msgspec.Meta(ge=1, le=9_007_199_254_740_991)]


class Jwk(StrictRecord, frozen=True, kw_only=True):
    """A public P-256 key (RFC 7517), required members only."""

    crv: Literal["P-256"]
    kty: Literal["EC"]
    x: Coordinate
    y: Coordinate


class SigningPublic(StrictRecord, frozen=True, kw_only=True):
    """A key that signs: the insurer's receipts and documents, or a terminal's dispatches and requests."""

    kid: KeyId
    jwk: Jwk


class SealingPublic(StrictRecord, frozen=True, kw_only=True):
    """A key to seal to: `public` is base64url of the KEM's public bytes (X-Wing 1216, X25519 32)."""

    kid: KeyId
    suite: Suite
    public: PublicBytes


class KeySet(StrictRecord, frozen=True, kw_only=True):
    """The insurer's keys, signed with one of its signing keys (`typ` comptoir-keys+jws)."""

    schema: Literal["comptoir/keys/v1"]
    insurer: InsurerId
    version: Version
    signing: Annotated[tuple[SigningPublic, ...], msgspec.Meta(min_length=1, max_length=8)]
    sealing: Annotated[tuple[SealingPublic, ...], msgspec.Meta(min_length=1, max_length=8)]
