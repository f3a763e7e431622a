"""Sealing to a recipient: HPKE base mode (RFC 9180), single shot, the context bound through `info`.

Rules: two mandatory suites, named in the envelope; no AAD (RFC 9180 §8.1), `info` carries the clear header. An X-Wing
key is its 32-byte seed: SHAKE256(seed, 96) = ML-KEM-768 seed (64) || X25519 key (32); public = ek (1184) || pk (32)
(draft-connolly-cfrg-xwing-kem). A `kid` is the SHA-256 of the public bytes. What is sealed is first padded to 1, 2, 4
or 8 KiB, so that its length says little. A seed appears in no representation and in no error.
"""

import hashlib
import secrets
from collections.abc import Sequence
from typing import Final, Self, get_args

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.mlkem import MLKEM768PrivateKey, MLKEM768PublicKey
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.hpke import (
    AEAD,
    KDF,
    KEM,
    MLKEM768X25519PrivateKey,
    MLKEM768X25519PublicKey,
)
from cryptography.hazmat.primitives.hpke import Suite as HpkeSuite

from sync.contract.envelope import Bucket, Suite
from sync.crypto import base64url
from sync.errors import ContractError, KeyInvalid, SealInvalid

XWING: Final = "xwing-hkdfsha256-aes256gcm"
X25519: Final = "x25519-hkdfsha256-aes256gcm"
SEED_BYTES: Final = 32
BUCKETS: Final[tuple[Bucket, ...]] = get_args(Bucket)

_MLKEM_PUBLIC_BYTES: Final = 1184
_MLKEM_SEED_BYTES: Final = 64
_PUBLIC_BYTES: Final[dict[Suite, int]] = {XWING: _MLKEM_PUBLIC_BYTES + 32, X25519: 32}
_HPKE: Final[dict[Suite, HpkeSuite]] = {
    XWING: HpkeSuite(KEM.MLKEM768_X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
    X25519: HpkeSuite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM),
}
_PAD_MARK: Final = b"\x80"


class SealingKey:
    """A recipient's public key. Anyone can seal to it; two keys are equal when suite and bytes are."""

    def __init__(self, suite: Suite, public: bytes) -> None:
        if len(public) != _PUBLIC_BYTES.get(suite):
            raise KeyInvalid("not a public key of this suite")
        self.suite: Suite = suite
        self.public = public
        self.kid: str = base64url.to_text(hashlib.sha256(public).digest())
        self._key = _public_key(suite, public)

    def seal(self, plaintext: bytes, info: bytes) -> bytes:
        """`enc || ciphertext` of `plaintext`, openable only with the same `info`."""
        return _HPKE[self.suite].encrypt(plaintext, self._key, info=info)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SealingKey) and (other.suite, other.public) == (self.suite, self.public)

    def __hash__(self) -> int:
        return hash((self.suite, self.public))

    def __repr__(self) -> str:
        return f"SealingKey(suite={self.suite!r}, kid={self.kid!r})"


class OpeningKey:
    """A recipient's private key, held as its 32-byte seed; `public` is its other half.

    `former` are keys that it replaced and that still open what was sealed to them.
    """

    def __init__(self, seed: bytes, suite: Suite = XWING, former: Sequence["OpeningKey"] = ()) -> None:
        if len(seed) != SEED_BYTES or suite not in _PUBLIC_BYTES:
            raise KeyInvalid("an opening key is a 32-byte seed of a known suite")
        self.seed = seed
        self._key, public = _expand(seed, suite)
        self.public = SealingKey(suite, public)
        self.former = tuple(former)

    def of(self, kid: str) -> "OpeningKey":
        """This key or the former one with this key id; SealInvalid when there is none."""
        for key in (self, *self.former):
            if key.public.kid == kid:
                return key
        raise SealInvalid("sealed to another key")

    @classmethod
    def generate(cls, suite: Suite = XWING) -> Self:
        """A new random key."""
        return cls(secrets.token_bytes(SEED_BYTES), suite)

    @classmethod
    def from_seed(cls, seed: bytes, suite: Suite = XWING) -> Self:
        """The key that this seed expands to."""
        return cls(seed, suite)

    def open(self, sealed: bytes, info: bytes) -> bytes:
        """What was sealed to this key under `info`; SealInvalid for anything else."""
        try:
            return _HPKE[self.public.suite].decrypt(sealed, self._key, info=info)
        except (InvalidTag, ValueError) as error:
            raise SealInvalid("the sealed text does not open with this key and context") from error

    def __repr__(self) -> str:
        return f"OpeningKey(suite={self.public.suite!r}, kid={self.public.kid!r})"


def pad(data: bytes) -> tuple[bytes, Bucket]:
    """`data || 0x80 || 0x00…` up to the smallest bucket that holds it (ISO/IEC 7816-4), and that bucket in bytes."""
    for bucket in BUCKETS:
        if len(data) < bucket:
            return (data + _PAD_MARK).ljust(bucket, b"\x00"), bucket
    raise ContractError("too large to be sealed", limit=BUCKETS[-1] - 1)


def unpad(padded: bytes) -> bytes:
    """The data that `pad` made this of; ContractError unless its length is a bucket and the padding is whole."""
    data, mark, rest = padded.rpartition(_PAD_MARK)
    if len(padded) not in BUCKETS or not mark or rest.strip(b"\x00") or pad(data)[0] != padded:
        raise ContractError("not padded as the contract says")
    return data


def _expand(seed: bytes, suite: Suite) -> tuple[X25519PrivateKey | MLKEM768X25519PrivateKey, bytes]:
    if suite == X25519:
        single = X25519PrivateKey.from_private_bytes(seed)
        return single, single.public_key().public_bytes_raw()
    material = hashlib.shake_256(seed).digest(_MLKEM_SEED_BYTES + 32)
    lattice = MLKEM768PrivateKey.from_seed_bytes(material[:_MLKEM_SEED_BYTES])
    curve = X25519PrivateKey.from_private_bytes(material[_MLKEM_SEED_BYTES:])
    public = lattice.public_key().public_bytes_raw() + curve.public_key().public_bytes_raw()
    return MLKEM768X25519PrivateKey(lattice, curve), public


def _public_key(suite: Suite, public: bytes) -> X25519PublicKey | MLKEM768X25519PublicKey:
    try:
        if suite == X25519:
            return X25519PublicKey.from_public_bytes(public)
        return MLKEM768X25519PublicKey(
            MLKEM768PublicKey.from_public_bytes(public[:_MLKEM_PUBLIC_BYTES]),
            X25519PublicKey.from_public_bytes(public[_MLKEM_PUBLIC_BYTES:]),
        )
    except ValueError as error:
        raise KeyInvalid("not a public key of this suite") from error
