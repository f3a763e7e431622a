"""The code on a customer's ticket."""

import re
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.domain.ticket import TicketCode, TicketCodeInvalid

DIGESTS = st.binary(min_size=32, max_size=32).map(bytes.hex)
CODE = TicketCode("019f0000-0000-7000-8000-000000000434", "5a" * 32)


@given(st.uuids(), DIGESTS)
def test_a_code_is_read_as_it_was_written(claim: UUID, digest: str) -> None:
    """Whatever the claim and the digest, in the signs of a QR code's alphanumeric mode."""
    written = TicketCode(str(claim), digest).text()
    assert re.fullmatch(r"CT1:[A-Z2-7]{77}", written)
    assert TicketCode.parse(written) == TicketCode(str(claim), digest)
    assert TicketCode.parse(f" {written[:40].lower()} {written[40:]}\n") == TicketCode(str(claim), digest)


@given(st.integers(4, 80), st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"))
def test_another_sign_is_another_code_or_none(place: int, sign: str) -> None:
    """One sign more, one less or another one never gives the same claim and digest."""
    written = CODE.text()
    for other in (written[:place] + sign + written[place + 1 :], written[:place] + written[place + 1 :]):
        assert (_read(other) == CODE) is (other == written)


def _read(text: str) -> TicketCode | None:
    try:
        return TicketCode.parse(text)
    except TicketCodeInvalid:
        return None


@pytest.mark.parametrize(
    "text", ["", "CT1:", "CT2:" + CODE.text()[4:], CODE.text() + "A", "CT1:" + "é" * 77, "CT1:" + "1" * 77, "2026-0434"]
)
def test_what_no_ticket_says_is_refused(text: str) -> None:
    """Other beginnings, lengths and signs."""
    with pytest.raises(TicketCodeInvalid):
        TicketCode.parse(text)


@pytest.mark.parametrize(
    ("claim", "digest"), [("2026-0434", "5a" * 32), (CODE.claim_id, "5A" * 32), (CODE.claim_id, "5a")]
)
def test_only_claims_and_digests_are_written(claim: str, digest: str) -> None:
    """Not a number for people, not a digest in another form."""
    with pytest.raises(TicketCodeInvalid):
        TicketCode(claim, digest).text()
