"""Wrong codes in a row: each one after the third makes the next wait longer, the tenth closes the account.

Rules: pure. Seconds are those of the machine since it was started, never the clock's: setting a clock back or forward
changes no wait. After a restart nobody knows how long the machine was off, so the wait is counted from the start.
"""

from math import ceil
from typing import Final

FREE_TRIES: Final = 3
LOCKED_AFTER: Final = 10
_FIRST_WAIT: Final = 10
_LONGEST_WAIT: Final = 300


def wait_after(wrong: int) -> int:
    """Seconds between the last of `wrong` codes in a row and the next try: 0, then 10, 20, 40 … 300."""
    if wrong < FREE_TRIES:
        return 0
    return min(_FIRST_WAIT << (wrong - FREE_TRIES), _LONGEST_WAIT)


def seconds_left(wrong: int, *, tried_at: float, now: float, same_start: bool) -> int:
    """Whole seconds to wait, 0 when a try is free; `tried_at` and `now` count from the start of the machine."""
    since = now - tried_at if same_start and now >= tried_at else now
    return max(0, ceil(wait_after(wrong) - since))
