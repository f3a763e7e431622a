"""What a token holds: certificates, and private keys with the way to use them.

Rules: an attribute that a token does not have, or does not tell, is empty. The hash is the token's where it offers
that. A certificate that cannot be parsed is none.
"""

from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final, Literal, cast

import pkcs11
from asn1crypto import x509
from pkcs11 import Attribute, KeyType, Mechanism

Algorithm = Literal["ES256", "RS256"]
_SHA256_INFO: Final = bytes.fromhex("3031300d060960864801650304020105000420")
"""DigestInfo of SHA-256 up to the digest (RFC 8017, 9.2), for tokens that only pad."""


@dataclass(frozen=True)
class StoredCertificate:
    """A certificate of the token. `usages` in the words of RFC 5280 4.2.1.3, snake case; `der` names its holder."""

    label: str
    usages: frozenset[str]
    der: bytes = field(repr=False)
    pairing: bytes = field(repr=False)


@dataclass(frozen=True)
class StoredKey:
    """A private key that stays on the token."""

    label: str
    algorithm: Algorithm
    pairing: bytes = field(repr=False)
    handle: pkcs11.PrivateKey = field(repr=False)


def usages_of(der: bytes) -> frozenset[str] | None:
    """The key usages of a certificate; None when the bytes are no certificate."""
    try:
        usage = x509.Certificate.load(der, strict=True).key_usage_value
        return frozenset() if usage is None else frozenset(usage.native)
    except (ValueError, TypeError, KeyError):
        return None


ALGORITHMS: Final[dict[KeyType, Algorithm]] = {KeyType.EC: "ES256", KeyType.RSA: "RS256"}


def mechanism_for(algorithm: Algorithm, offered: set[Mechanism], message: bytes) -> tuple[Mechanism, bytes]:
    """The mechanism and its input; the hash is the token's where it offers that (CPS3 insists on its own)."""
    if algorithm == "RS256":
        whole, padded = Mechanism.SHA256_RSA_PKCS, _SHA256_INFO + sha256(message).digest()
        return (whole, message) if whole in offered else (Mechanism.RSA_PKCS, padded)
    whole = Mechanism.ECDSA_SHA256
    return (whole, message) if whole in offered else (Mechanism.ECDSA, sha256(message).digest())


def text_of(item: pkcs11.Object, attribute: Attribute) -> str:
    """A text attribute; empty when the token does not tell it."""
    return str(_value(item, attribute) or "")


def bytes_of(item: pkcs11.Object, attribute: Attribute) -> bytes:
    """An attribute of bytes; empty when the token does not tell it."""
    value = _value(item, attribute)
    return value if isinstance(value, bytes) else b""


def _value(item: pkcs11.Object, attribute: Attribute) -> object:
    try:
        return cast("object", item[attribute])
    except (pkcs11.AttributeTypeInvalid, pkcs11.AttributeSensitive):
        return None
