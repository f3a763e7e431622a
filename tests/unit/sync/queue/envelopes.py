"""Envelopes for tests of the queue: of the contract's form, about nobody, and cheap: nothing is really sealed."""

import hashlib
from datetime import UTC, datetime, timedelta

from sync.contract.envelope import Envelope, encode
from sync.queue import Entry

INSURER = "12345678"
OTHER_INSURER = "87654321"
NOW = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
GRACE = timedelta(seconds=60)
LATER = NOW + GRACE


def claim_id(number: int) -> str:
    """A UUIDv7 of its own for each number."""
    return f"01890a5d-ac96-774b-8{number >> 48 & 0xFFF:03x}-{number & 0xFFFFFFFFFFFF:012x}"


def envelope(number: int, insurer: str = INSURER) -> bytes:
    """Canonical envelope bytes for claim `number`; the sealed part is a hash of it."""
    sealed = hashlib.shake_256(f"{number} {insurer}".encode()).hexdigest(700)
    return encode(
        Envelope(
            v=1,
            claim_id=claim_id(number),
            insurer=insurer,
            convention="TP",
            device="D" * 43,
            recipient="R" * 43,
            suite="xwing-hkdfsha256-aes256gcm",
            bucket=1024,
            sealed=sealed,
        )
    )


def entry(number: int, insurer: str = INSURER, created_at: datetime = NOW) -> Entry:
    """Claim `number`, registered at `created_at`, with a minute of grace."""
    return Entry(claim_id(number), insurer, envelope(number, insurer), created_at, created_at + GRACE)
