"""When to try again: exponential back-off with full jitter.

Rules: pure: the instant and the random numbers come from the caller. Full jitter draws from zero up to a growing
ceiling, so that thousands of terminals that lost the same insurer do not come back together. An insurer that asks for
time (Retry-After) gets at least that. No wait is longer than `LONGEST_WAIT`: one that looks longer was begun by a clock
that was wrong, and is over.
"""

import random
from datetime import timedelta
from typing import Final

BASE_SECONDS: Final = 2.0
CEILING_SECONDS: Final = 900.0
MAX_BATCH: Final = 100
LONGEST_WAIT: Final = timedelta(hours=25)
"""More than a grace period (a day at most) and than what an insurer may ask for (a day, and the back-off on top)."""
_MAX_DOUBLINGS: Final = 20


def ceiling(failures: int) -> float:
    """The longest delay in seconds after `failures` failures in a row (1 for the first)."""
    return min(CEILING_SECONDS, BASE_SECONDS * 2.0 ** min(max(failures, 1) - 1, _MAX_DOUBLINGS))


def delay(failures: int, rng: random.Random, retry_after: float | None = None) -> timedelta:
    """How long to wait: uniform up to the ceiling, on top of what the insurer asked for (seconds)."""
    return timedelta(seconds=(retry_after or 0.0) + rng.uniform(0.0, ceiling(failures)))


def batch_size(failures: int) -> int:
    """How many packages to risk at once: a line that drops a hundred may carry ten."""
    return max(1, MAX_BATCH >> min(failures, _MAX_DOUBLINGS))
