"""What is wrong with one claim alone: it waits longer each time, and the line to its insurer holds.

Rule: whoever says how a line is (`QueueReader.summary`) does not take such a claim for a line that failed.
"""

from typing import Final

from sync.contract.problems import PROBLEMS
from sync.errors import RefusalInvalid

FORM_PROBLEMS: Final = frozenset({"request_invalid", "too_large", "media_type_unsupported"})
"""Refusals of a whole request for its form: each package is tried alone."""
UNPROVED: Final = "conflict_unproved"
"""Somebody said in the insurer's name that it holds another story of this claim, and the insurer signs none."""
ASIDE: Final = frozenset(
    {
        *FORM_PROBLEMS,
        RefusalInvalid.code,
        UNPROVED,
        *(code for code, kind in PROBLEMS.items() if kind.concerns == "claim"),
    }
)
