"""How much of a long test a run does: a part each time, so that every change is judged soon, the whole for `make soak`.

Rules: both numbers stand beside each other in the test; what a promise counts is the whole.
"""

import os
from typing import Final

WHOLE: Final = bool(os.environ.get("COMPTOIR_SOAK"))
"""Whether the whole was asked for."""


def volume(part: int, whole: int) -> int:
    """How many of `whole` are done in this run."""
    return whole if WHOLE else part
