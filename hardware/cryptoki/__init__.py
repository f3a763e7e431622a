"""PKCS#11 tokens: the only room of python-pkcs11.

Rules: a PIN is tried only when the token says that more than one attempt is left, unless the caller agrees to spend
the last one; a locked token is not tried at all. Whatever the module answers ends in the tree of `hardware.errors`.
Absence and exchange are noticed by asking the slot again, never by trusting an old answer. PINs and serial numbers are
in no repr and no error. One thread uses a session at a time.
"""

from hardware.cryptoki.objects import Algorithm, StoredCertificate, StoredKey, public_key_in, usages_of
from hardware.cryptoki.session import Module, TokenSession
from hardware.cryptoki.state import Attempts, TokenState, attempts_in

__all__ = [
    "Algorithm",
    "Attempts",
    "Module",
    "StoredCertificate",
    "StoredKey",
    "TokenSession",
    "TokenState",
    "attempts_in",
    "public_key_in",
    "usages_of",
]
