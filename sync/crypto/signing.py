"""Signatures of the contract: JWS compact, ES256 (RFC 7515, RFC 7518 §3.4), and the same key over plain bytes.

Rules: one algorithm; the header is exactly `alg`, `kid`, `typ`, so that no signature passes for another purpose or
another key; a `kid` is the RFC 7638 thumbprint, so naming a key names its bytes. Hardware keys are P-256 (reference:
crypto.md §1), hence no other curve. A private key appears in no representation and in no error.
"""

from typing import Final, Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import ECKey

from sync.errors import KeyInvalid, SignatureInvalid

SCALAR_BYTES: Final = 32
RAW_SIGNATURE_BYTES: Final = 64
_ALGORITHM: Final = "ES256"
_ECDSA: Final = ec.ECDSA(hashes.SHA256())
_MEMBERS: Final = ("crv", "kty", "x", "y")


class VerifyingKey:
    """The public half of a P-256 key. Two keys are equal when their bytes are."""

    def __init__(self, key: ec.EllipticCurvePublicKey) -> None:
        if not isinstance(key.curve, ec.SECP256R1):
            raise KeyInvalid("not a P-256 key")
        self._key = key
        self._jose = ECKey.import_key(key)
        self.kid: str = self._jose.thumbprint()

    @classmethod
    def from_jwk(cls, jwk: object) -> Self:
        """The key of a public JWK (RFC 7517); KeyInvalid unless it is EC, P-256, public and on the curve."""
        if not isinstance(jwk, dict) or "d" in jwk or jwk.get("kty") != "EC" or jwk.get("crv") != "P-256":
            raise KeyInvalid("not a public P-256 JWK")
        try:
            return cls(ECKey.import_key({name: jwk[name] for name in _MEMBERS}).public_key)
        except (JoseError, KeyError, TypeError, ValueError) as error:
            raise KeyInvalid("not a public P-256 JWK") from error

    @property
    def jwk(self) -> dict[str, str]:
        """The required members of the public JWK, as RFC 7638 orders them: `crv`, `kty`, `x`, `y`."""
        members = self._jose.as_dict(private=False)
        return {name: str(members[name]) for name in _MEMBERS}

    def verify(self, typ: str, signed: str) -> bytes:
        """The payload of a JWS compact made by this key for this `typ`; SignatureInvalid otherwise."""
        try:
            found = jws.deserialize_compact(signed, self._jose, [_ALGORITHM])
        except (JoseError, ValueError, TypeError) as error:
            raise SignatureInvalid("the signature does not verify") from error
        if found.headers() != _header(self.kid, typ):
            raise SignatureInvalid("the signature was made for another purpose or names another key")
        return found.payload

    def verify_raw(self, message: bytes, signature: bytes) -> None:
        """Check a 64-byte `r || s` signature over `message` (RFC 9421 §3.3.4); SignatureInvalid otherwise."""
        if len(signature) != RAW_SIGNATURE_BYTES:
            raise SignatureInvalid("a P-256 signature has 64 bytes")
        r, s = (int.from_bytes(half, "big") for half in (signature[:SCALAR_BYTES], signature[SCALAR_BYTES:]))
        try:
            self._key.verify(encode_dss_signature(r, s), message, _ECDSA)
        except InvalidSignature as error:
            raise SignatureInvalid("the signature does not verify") from error

    def __eq__(self, other: object) -> bool:
        return isinstance(other, VerifyingKey) and other.kid == self.kid

    def __hash__(self) -> int:
        return hash(self.kid)

    def __repr__(self) -> str:
        return f"VerifyingKey(kid={self.kid!r})"


class SigningKey:
    """A P-256 private key, held as its scalar; `public` is its other half and `kid` its name."""

    def __init__(self, key: ec.EllipticCurvePrivateKey) -> None:
        self.public = VerifyingKey(key.public_key())
        self.kid: str = self.public.kid
        self._key = key
        self._jose = ECKey.import_key(key)

    @classmethod
    def generate(cls) -> Self:
        """A new random key."""
        return cls(ec.generate_private_key(ec.SECP256R1()))

    @classmethod
    def from_bytes(cls, scalar: bytes) -> Self:
        """The key with this 32-byte big-endian scalar; KeyInvalid when it is out of range."""
        return cls(private_key(scalar))

    def to_bytes(self) -> bytes:
        """The 32-byte big-endian scalar: secret, to be wrapped before it is stored."""
        return self._key.private_numbers().private_value.to_bytes(SCALAR_BYTES, "big")

    def sign(self, typ: str, payload: bytes) -> str:
        """JWS compact over `payload` for the purpose `typ`."""
        return jws.serialize_compact(_header(self.kid, typ), payload, self._jose, [_ALGORITHM])

    def sign_raw(self, message: bytes) -> bytes:
        """64-byte `r || s` over `message`: the form of RFC 9421 (`ecdsa-p256-sha256`)."""
        r, s = decode_dss_signature(self._key.sign(message, _ECDSA))
        return r.to_bytes(SCALAR_BYTES, "big") + s.to_bytes(SCALAR_BYTES, "big")

    def __repr__(self) -> str:
        return f"SigningKey(kid={self.kid!r})"


def private_key(scalar: bytes) -> ec.EllipticCurvePrivateKey:
    """The P-256 private key with this 32-byte big-endian scalar; KeyInvalid when it is not one."""
    if len(scalar) != SCALAR_BYTES:
        raise KeyInvalid("a P-256 private key has 32 bytes")
    try:
        return ec.derive_private_key(int.from_bytes(scalar, "big"), ec.SECP256R1())
    except ValueError:
        raise KeyInvalid("not a P-256 private key") from None


def _header(kid: str, typ: str) -> dict[str, str]:
    return {"alg": _ALGORITHM, "kid": kid, "typ": typ}
