"""What stands for a value that is not sent: salted commitments and keyed pseudonyms, both HMAC-SHA-256 in hex.

Rules: a commitment has its own random 256-bit salt and is opened alone, in a dispute, by showing value and salt; the
salt is the HMAC key, so a value from a small table (an LPP code) cannot be guessed. A pseudonym is keyed per insurer:
two insurers cannot match their members, and without the key nobody can try all NIRs (design §5).
"""

import hashlib
import hmac
import re
import secrets
from typing import Final

from sync.errors import ContractError, KeyInvalid

SALT_BYTES: Final = 32
_NIR13: Final = re.compile(r"[0-9]{6}[0-9AB][0-9]{6}", re.ASCII)


def new_salt() -> bytes:
    """A fresh 256-bit salt, for one commitment only."""
    return secrets.token_bytes(SALT_BYTES)


def commit(value: str, salt: bytes) -> str:
    """The commitment to `value` (UTF-8) under a 32-byte salt."""
    return _keyed_digest(salt, value)


def opens(commitment: str, value: str, salt: bytes) -> bool:
    """Whether `commitment` was made of this value and salt."""
    return hmac.compare_digest(commitment, commit(value, salt))


def pseudonym(key: bytes, nir13: str) -> str:
    """The insurer's pseudonym of a NIR: 13 characters without the key, Corsica as 2A/2B; else ContractError."""
    if not _NIR13.fullmatch(nir13):
        raise ContractError("a pseudonym is made of the 13 characters of a NIR")
    return _keyed_digest(key, nir13)


def _keyed_digest(key: bytes, value: str) -> str:
    if len(key) != SALT_BYTES:
        raise KeyInvalid("a salt or pseudonym key has 32 bytes")
    return hmac.new(key, value.encode("utf-8"), hashlib.sha256).hexdigest()
