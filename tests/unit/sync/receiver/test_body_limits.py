"""What a compressed body may unfold to."""

import gzip
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.receiver.bodies import unfold
from sync.receiver.refusal import Refusal


def refused(body: bytes, coding: str | None, limit: int) -> str:
    """The code of the refusal."""
    with pytest.raises(Refusal) as caught:
        unfold(body, coding, limit)
    return caught.value.problem.code


@given(plain=st.binary(max_size=3000), limit=st.integers(0, 3000))
def test_gzip_unfolds_up_to_the_limit(plain: bytes, limit: int) -> None:
    """A body within the limit comes back whole, a larger one is refused."""
    body = gzip.compress(plain)
    if len(plain) <= limit:
        assert unfold(body, "gzip", limit) == plain
    else:
        assert refused(body, "gzip", limit) == "too_large"


def test_a_bomb_is_stopped_at_the_limit() -> None:
    """A hundred megabytes in a small body are refused without being unfolded."""
    bomb = gzip.compress(bytes(100_000_000))
    assert len(bomb) < 100_000
    assert refused(bomb, "gzip", 3_300_000) == "too_large"


@pytest.mark.parametrize(
    "body",
    [b"", b"plain", gzip.compress(b"x")[:-3], gzip.compress(b"x") + gzip.compress(b"y"), zlib.compress(b"x")],
    ids=["empty", "not gzip", "cut", "two members", "zlib"],
)
def test_gzip_is_one_whole_member(body: bytes) -> None:
    """What is not exactly one gzip member is refused."""
    assert refused(body, "gzip", 1000) == "request_invalid"


@pytest.mark.parametrize("coding", ["br", "gzip, gzip", "GZIP", "identity", ""])
def test_other_codings_are_refused(coding: str) -> None:
    """Only gzip, written so, is a content coding of the contract."""
    assert refused(b"x", coding, 1000) == "media_type_unsupported"


def test_no_coding_is_no_work() -> None:
    """A plain body comes back as it is."""
    assert unfold(b"x" * 10, None, 10) == b"x" * 10
