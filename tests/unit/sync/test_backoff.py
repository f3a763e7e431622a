"""Back-off: full jitter under a growing ceiling, what an insurer asks for."""

import random
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from sync.backoff import (
    BASE_SECONDS,
    CEILING_SECONDS,
    MAX_BATCH,
    batch_size,
    ceiling,
    delay,
)

FAILURES = st.integers(0, 10_000)


@given(failures=FAILURES, seed=st.integers())
def test_a_delay_is_between_zero_and_its_ceiling(failures: int, seed: int) -> None:
    """No delay is negative, none is longer than the ceiling of its failures, none than a quarter of an hour."""
    drawn = delay(failures, random.Random(seed)).total_seconds()
    assert 0 <= drawn <= ceiling(failures) <= CEILING_SECONDS


@given(FAILURES)
def test_the_ceiling_grows_until_it_stays(failures: int) -> None:
    """Each failure at least keeps the ceiling, and at first doubles it."""
    assert ceiling(failures) <= ceiling(failures + 1)
    assert [ceiling(count) for count in (1, 2, 3)] == [BASE_SECONDS, 2 * BASE_SECONDS, 4 * BASE_SECONDS]


def test_terminals_do_not_come_back_together() -> None:
    """A thousand terminals that failed alike spread over the whole interval, down to its beginning."""
    drawn = sorted(delay(8, random.Random(seed)).total_seconds() / ceiling(8) for seed in range(1000))
    assert drawn[0] < 0.02
    assert drawn[-1] > 0.98
    assert all(abs(value - place / 1000) < 0.08 for place, value in enumerate(drawn))


@given(failures=FAILURES, asked=st.integers(0, 86_400), seed=st.integers())
def test_an_insurer_gets_the_time_it_asks_for(failures: int, asked: int, seed: int) -> None:
    """With Retry-After nobody comes back earlier, and not all at that instant."""
    assert delay(failures, random.Random(seed), asked) >= timedelta(seconds=asked)
    assert len({delay(failures, random.Random(other), asked) for other in range(5)}) > 1


@given(FAILURES)
def test_a_failing_line_gets_smaller_batches(failures: int) -> None:
    """Batches shrink with failures and never to nothing."""
    assert 1 <= batch_size(failures + 1) <= batch_size(failures) <= MAX_BATCH
    assert (batch_size(0), batch_size(10)) == (MAX_BATCH, 1)
