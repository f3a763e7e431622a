"""Keys drawn from names, for the test vectors of the contract: never to be accepted by anybody.

Written with libraries of its own (rfc8785, cryptography's primitives) and nothing of the product.
"""

import base64
import hashlib
from typing import Any, Final

import rfc8785
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from tests.vectors.contract.sealing import X25519, XWING, seal

SUITES: Final = {"xwing-hkdfsha256-aes256gcm": XWING, "x25519-hkdfsha256-aes256gcm": X25519}

Record = dict[str, Any]


def drawn(name: str, count: int = 32) -> bytes:
    """The bytes that a name stands for."""
    return hashlib.shake_256(b"comptoir vectors: " + name.encode()).digest(count)


def text_of(data: bytes) -> str:
    """Unpadded base64url."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def digest(data: bytes) -> str:
    """SHA-256 in hex."""
    return hashlib.sha256(data).hexdigest()


class Signing:
    """A P-256 key drawn from a name."""

    def __init__(self, name: str) -> None:
        self.scalar = drawn(name)
        self._key = ec.derive_private_key(int.from_bytes(self.scalar, "big"), ec.SECP256R1())
        point = self._key.public_key().public_numbers()
        x, y = (text_of(value.to_bytes(32, "big")) for value in (point.x, point.y))
        self.jwk = {"crv": "P-256", "kty": "EC", "x": x, "y": y}
        self.kid = text_of(hashlib.sha256(rfc8785.dumps(self.jwk)).digest())

    def raw(self, message: bytes) -> bytes:
        """`r || s` over a message."""
        r, s = decode_dss_signature(self._key.sign(message, ec.ECDSA(hashes.SHA256(), deterministic_signing=True)))
        return r.to_bytes(32, "big") + s.to_bytes(32, "big")

    def jws(self, typ: str, payload: bytes) -> str:
        """JWS compact over a payload."""
        header = rfc8785.dumps({"alg": "ES256", "kid": self.kid, "typ": typ})
        signed = f"{text_of(header)}.{text_of(payload)}"
        return f"{signed}.{text_of(self.raw(signed.encode('ascii')))}"

    def told(self) -> Record:
        """As the vectors show it."""
        return {"private_scalar_hex": self.scalar.hex(), "jwk": self.jwk, "kid": self.kid}


class Sealing:
    """A key to seal to, drawn from a name."""

    def __init__(self, name: str, suite: str) -> None:
        self.suite, self.seed = suite, drawn(name)
        if SUITES[suite] == XWING:
            both = hashlib.shake_256(self.seed).digest(96)
            lattice = MLKEM768PrivateKey.from_seed_bytes(both[:64]).public_key().public_bytes_raw()
            self.public = lattice + X25519PrivateKey.from_private_bytes(both[64:]).public_key().public_bytes_raw()
        else:
            self.public = X25519PrivateKey.from_private_bytes(self.seed).public_key().public_bytes_raw()
        self.kid = text_of(hashlib.sha256(self.public).digest())

    def seal(self, info: bytes, plaintext: bytes, name: str) -> str:
        """Sealed to this key with the randomness of a name, in base64url."""
        return text_of(seal(SUITES[self.suite], self.public, info, plaintext, drawn(name, 64)))

    def told(self) -> Record:
        """As the vectors show it."""
        return {
            "suite": self.suite,
            "private_seed_hex": self.seed.hex(),
            "public": text_of(self.public),
            "kid": self.kid,
        }
