"""A secret that only one card can make again, though the card was made by somebody else and keeps no data for us.

Rules: a random secret is encrypted for the card's RSA key (PKCS#1 v1.5, the one padding that every card has; what it
protects is judged by a key wrap, so a manipulated text tells nothing), or an ephemeral P-256 key agrees with the card's
one and is forgotten. What the card needs to make the secret again is no secret.
"""

import secrets
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key

from sync.errors import KeyInvalid

_LEAST_BITS: Final = 2048
_SECRET_BYTES: Final = 32


@dataclass(frozen=True)
class CardChallenge:
    """What is kept, and the secret that the card alone makes of it."""

    material: bytes
    secret: bytes = field(repr=False)


def challenge_for(public: bytes) -> CardChallenge:
    """A new challenge for a card's public key (SubjectPublicKeyInfo, DER); KeyInvalid for a kind not used here."""
    try:
        key = load_der_public_key(public)
    except ValueError as error:
        raise KeyInvalid("not a public key") from error
    if isinstance(key, rsa.RSAPublicKey) and key.key_size >= _LEAST_BITS:
        secret = secrets.token_bytes(_SECRET_BYTES)
        return CardChallenge(key.encrypt(secret, padding.PKCS1v15()), secret)
    if isinstance(key, ec.EllipticCurvePublicKey) and isinstance(key.curve, ec.SECP256R1):
        ephemeral = ec.generate_private_key(ec.SECP256R1())
        point = ephemeral.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        return CardChallenge(point, ephemeral.exchange(ec.ECDH(), key))
    raise KeyInvalid("a card's key is RSA of 2048 bits or more, or P-256")
