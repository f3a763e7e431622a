"""What a token holds: certificates, and private keys with the way to use them.

Rules: an attribute that a token does not have, or does not tell, is empty. The hash is the token's where it offers
that. A certificate that cannot be parsed is none.
"""

from contextlib import suppress
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, Final, Literal, cast

import pkcs11
from asn1crypto import x509
from pkcs11 import KDF, Attribute, KeyType, Mechanism

from hardware.errors import TokenKeyUnfit

Algorithm = Literal["ES256", "RS256"]
_NOT_FOR_THIS_KEY: Final = (
    pkcs11.EncryptedDataInvalid,
    pkcs11.EncryptedDataLenRange,
    pkcs11.FunctionFailed,
    pkcs11.GeneralError,
)
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


def public_key_in(der: bytes) -> bytes:
    """The public key of a certificate (SubjectPublicKeyInfo, DER)."""
    return bytes(x509.Certificate.load(der, strict=True).public_key.dump())


def reproduced(key: StoredKey, offered: set[Mechanism], material: bytes) -> bytes:
    """The secret that this key makes of `material`, the same each time.

    RSA: what was encrypted for it (PKCS#1 v1.5); P-256: the x of its agreement with a point (ECDH, SP 800-56A 5.7.1.2).
    TokenKeyUnfit where the token does not allow that: a key that only signs gives no secret. Empty when the material
    was made for another card, which an RSA key notices and tells in several ways.
    """
    mechanism, act = (
        (Mechanism.RSA_PKCS, "decrypt") if key.algorithm == "RS256" else (Mechanism.ECDH1_DERIVE, "derive_key")
    )
    if mechanism not in offered:
        raise TokenKeyUnfit("the token does not offer this", reason="mechanism")
    if not hasattr(key.handle, act):
        raise TokenKeyUnfit("the key is not for this", reason="usage")
    handle: Any = key.handle
    if key.algorithm == "RS256":
        with suppress(*_NOT_FOR_THIS_KEY):
            return bytes(handle.decrypt(material, mechanism=mechanism))
        return b""
    shown = {Attribute.SENSITIVE: False, Attribute.EXTRACTABLE: True, Attribute.TOKEN: False}
    asked = (KDF.NULL, None, material)
    derived = handle.derive_key(KeyType.GENERIC_SECRET, 256, mechanism=mechanism, mechanism_param=asked, template=shown)
    return bytes(derived[Attribute.VALUE])


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
