"""A scanner that types: telling its bursts from a person's keys.

Rules: pure; times are seconds of a monotonic clock and come from outside. A burst is at least four keys, each less than
30 ms after the one before, ended by Enter in the same rhythm: one message. Whatever is not a burst is given back as it
was typed, in its order: no key is lost, doubled or moved.
"""

from dataclasses import dataclass, field
from typing import Final

GAP: Final = 0.030
"""Seconds; a fast typist stays above 60 ms, a slow scanner below 20."""
SHORTEST: Final = 4
ENTER: Final = "\r"


@dataclass(frozen=True)
class Typed:
    """Keys of a person, to be handed to whatever has the focus."""

    keys: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True)
class Scanned:
    """A burst, without its Enter."""

    keys: tuple[str, ...] = field(repr=False)

    @property
    def text(self) -> str:
        """The burst as text."""
        return "".join(self.keys)


class WedgeAssembler:
    """Keys in, messages out. `due` must be called when `gap` seconds passed without a key."""

    def __init__(self, gap: float = GAP) -> None:
        self.gap = gap
        self._held: list[str] = []
        self._last = float("-inf")

    def press(self, key: str, at: float) -> tuple[Typed | Scanned, ...]:
        """What this key, pressed at this instant, completes."""
        before = self.due(at)
        self._last = at
        if key != ENTER:
            self._held.append(key)
            return before
        if len(self._held) >= SHORTEST:
            return (*before, Scanned(self._taken()))
        return (*before, Typed((*self._taken(), key)))

    def due(self, at: float) -> tuple[Typed, ...]:
        """The keys that turn out to be a person's, because nothing followed them in time."""
        if self._held and not self._last <= at < self._last + self.gap:
            return (Typed(self._taken()),)
        return ()

    def _taken(self) -> tuple[str, ...]:
        held, self._held = tuple(self._held), []
        return held
