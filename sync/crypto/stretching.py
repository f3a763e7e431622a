"""What a short PIN costs to guess: Argon2id (RFC 9106), with parameters that are kept beside what they protect.

Rules: nobody gets less than the floor without asking; a cost is measured on the machine that will pay it.
"""

from collections.abc import Callable
from typing import Final

import msgspec
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from sync.crypto.symmetric import KEY_BYTES

SALT_BYTES: Final = 16
_PROBES: Final = 3


class Argon2Cost(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Argon2id parameters: memory in KiB, passes, lanes. The default is the floor: about 0.2 s on a Raspberry Pi 4."""

    memory_kib: int = 64 * 1024
    passes: int = 2
    lanes: int = 4


def stretched(pin: str, salt: bytes, cost: Argon2Cost) -> bytes:
    """32 bytes of an ASCII text, at this cost."""
    argon = Argon2id(salt=salt, length=KEY_BYTES, iterations=cost.passes, lanes=cost.lanes, memory_cost=cost.memory_kib)
    return argon.derive(pin.encode("ascii"))


def calibrate(seconds: float, timer: Callable[[], float], floor: Argon2Cost | None = None) -> Argon2Cost:
    """The cost that takes about `seconds` here by `timer`: memory and lanes of the floor, as many passes as fit.

    The quickest of three probes counts: a machine that is busy just now must not make a cheap slot.
    """
    cost = floor or Argon2Cost()
    quickest = min(_probe(cost, timer) for _ in range(_PROBES))
    passes = int(cost.passes * seconds / max(quickest, 1e-6))
    return msgspec.structs.replace(cost, passes=max(cost.passes, passes))


def _probe(cost: Argon2Cost, timer: Callable[[], float]) -> float:
    begun = timer()
    stretched("0000", bytes(SALT_BYTES), cost)
    return timer() - begun
