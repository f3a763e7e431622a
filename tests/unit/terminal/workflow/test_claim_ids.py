"""Claim ids are UUID version 7 and say when they were made, nothing else."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from sync.contract.message import ClaimId
from terminal.workflow.ids import claim_id

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
INSTANTS = st.integers(10**9, 7 * 10**15).map(lambda micros: EPOCH + timedelta(microseconds=micros))


@given(INSTANTS, st.binary(min_size=10, max_size=10))
def test_an_id_is_a_uuid_7_of_its_instant(at: datetime, random: bytes) -> None:
    """Version, variant and the millisecond stand where RFC 9562 §5.7 wants them."""
    made = UUID(claim_id(at, random))
    assert (made.version, made.variant) == (7, "specified in RFC 4122")
    assert made.int >> 80 == (at - EPOCH) // timedelta(milliseconds=1)
    assert msgspec.convert(str(made), ClaimId) == str(made)


@given(INSTANTS, st.binary(min_size=10, max_size=10), st.binary(min_size=10, max_size=10))
def test_ids_of_one_millisecond_differ_when_their_randomness_does(at: datetime, one: bytes, other: bytes) -> None:
    """74 bits of the random bytes are kept: ids are equal only when those are."""
    kept = (0x0FFF << 64) | (2**62 - 1)
    same = int.from_bytes(one, "big") & kept == int.from_bytes(other, "big") & kept
    assert (claim_id(at, one) == claim_id(at, other)) == same
