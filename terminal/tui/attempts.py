"""Wrong codes: after three in a row, each further try waits, so that guessing at an unattended counter takes hours.

Rules: pure; seconds of a monotonic clock come from outside; a right code forgets the wrong ones.
"""

from dataclasses import dataclass

FREE_TRIES = 3
FIRST_WAIT, LONGEST_WAIT = 10, 300
"""Seconds; the wait doubles at each wrong code."""


@dataclass(slots=True)
class Attempts:
    """The wrong codes in a row, and until when the next try waits."""

    wrong: int = 0
    closed_until: float = 0.0

    def failed(self, now: float) -> None:
        """One more wrong code."""
        self.wrong += 1
        if self.wrong >= FREE_TRIES:
            self.closed_until = now + min(FIRST_WAIT * 2 ** (self.wrong - FREE_TRIES), LONGEST_WAIT)

    def succeeded(self) -> None:
        """A right code."""
        self.wrong, self.closed_until = 0, 0.0

    def wait(self, now: float) -> int:
        """Whole seconds to wait, 0 when a try is free."""
        left = self.closed_until - now
        return int(left) + 1 if left > 0 else 0
