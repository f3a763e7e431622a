"""When an unattended screen locks itself.

Rules: pure; seconds of a monotonic clock come from outside; a warning comes before the lock, so that a person who is
only thinking can stay.
"""

from dataclasses import dataclass
from enum import Enum, auto

WARNING_SECONDS = 20


class Idle(Enum):
    """What an unattended screen should do."""

    STAY = auto()
    WARN = auto()
    LOCK = auto()


@dataclass(slots=True)
class IdleWatch:
    """Locks after `limit` seconds without a key; `last` is the instant of the last one."""

    limit: float
    last: float = 0.0

    def touched(self, now: float) -> None:
        """A key was pressed."""
        self.last = now

    def verdict(self, now: float) -> Idle:
        """What to do at `now`."""
        idle = now - self.last
        if idle >= self.limit:
            return Idle.LOCK
        return Idle.WARN if idle >= self.limit - WARNING_SECONDS else Idle.STAY
