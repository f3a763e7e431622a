"""Secrets kept on this machine: AES-256-GCM (NIST SP 800-38D) and key derivation (HKDF-SHA256, RFC 5869).

Rules: a fresh random 96-bit nonce is the prefix of each ciphertext, so one key seals far fewer than 2^32 texts; `aad`
says what the text is and where it belongs; a derived key has a label of its own.
"""

import secrets
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from sync.errors import KeyInvalid, SealInvalid

KEY_BYTES: Final = 32
_NONCE_BYTES: Final = 12


def encrypt(key: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """`nonce || ciphertext || tag` under a 32-byte key."""
    nonce = secrets.token_bytes(_NONCE_BYTES)
    return nonce + _cipher(key).encrypt(nonce, plaintext, aad)


def decrypt(key: bytes, sealed: bytes, aad: bytes) -> bytes:
    """What `encrypt` sealed under this key and `aad`; SealInvalid for anything else."""
    try:
        return _cipher(key).decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], aad)
    except (InvalidTag, ValueError) as error:
        raise SealInvalid("the text does not open with this key and context") from error


def derive(secret: bytes, label: str, salt: bytes = b"") -> bytes:
    """32 bytes for the purpose `label`, from a secret of full entropy (HKDF extract and expand)."""
    return HKDF(hashes.SHA256(), KEY_BYTES, salt or None, label.encode("ascii")).derive(secret)


def _cipher(key: bytes) -> AESGCM:
    if len(key) != KEY_BYTES:
        raise KeyInvalid("a symmetric key has 32 bytes")
    return AESGCM(key)
