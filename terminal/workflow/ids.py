"""Claim ids: UUID version 7 (RFC 9562 §5.7), made at the counter.

Rules: the instant and the random bytes are arguments, so that the function is pure; the id says when it was made and
nothing else.
"""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def claim_id(at: datetime, random: bytes) -> str:
    """The UUIDv7 of `at` (milliseconds) and ten random bytes, in lower-case text form."""
    value = (at - _EPOCH) // timedelta(milliseconds=1) << 80 | int.from_bytes(random[:10], "big")
    value = value & ~(0xF << 76) | 0x7 << 76
    value = value & ~(0x3 << 62) | 0x2 << 62
    return str(UUID(int=value))
