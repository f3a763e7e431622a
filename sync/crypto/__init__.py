"""Signing, sealing and keeping keys: the only room that imports `cryptography` and `joserfc`.

Rule: what a claim needs is here; certificates, signed requests and keyslots are modules of their own, imported where
used.
"""

from sync.crypto.claims import OpenedClaim, SealedClaim, open_claim, seal_claim
from sync.crypto.sealing import OpeningKey, SealingKey
from sync.crypto.signing import SigningKey, VerifyingKey

__all__ = [
    "OpenedClaim",
    "OpeningKey",
    "SealedClaim",
    "SealingKey",
    "SigningKey",
    "VerifyingKey",
    "open_claim",
    "seal_claim",
]
