"""An act that is asked for twice.

Rules: the first key asks, the same key for the same thing again does it, any other key forgets.
"""


class Twice:
    """What the first key was about."""

    def __init__(self) -> None:
        self._asked: str | None = None

    def confirmed(self, subject: str) -> bool:
        """Whether this was asked just before; otherwise it is now."""
        again = self._asked == subject
        self._asked = None if again else subject
        return again

    def forget(self) -> None:
        """Another key."""
        self._asked = None
