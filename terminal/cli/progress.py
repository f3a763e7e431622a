"""A line that grows while somebody waits for the queue to empty.

Rules: on standard error, and only where that is a terminal: a script sees nothing of it; each step redraws the line at
most a few times a second; the line is gone when the answer comes.
"""

import sys
import time
from types import TracebackType
from typing import Final, Self, TextIO

from terminal.i18n import text

_AGAIN_SECONDS: Final = 0.1
_WIDTH: Final = 30
_DONE: Final = frozenset({"acknowledged", "rejected", "postponed"})
"""The steps after which a claim is through with this pass."""


class Progress:
    """Counts claims that are through, of `total`; draws on `stream` when `shown`."""

    def __init__(self, total: int, *, shown: bool, stream: TextIO | None = None) -> None:
        self._total = total
        self._stream = stream or sys.stderr
        self._shown = shown and total > 0
        self._drawn_at = 0.0
        self.through = 0

    def observe(self, name: str, number: int) -> None:
        """A step of the pass."""
        if name in _DONE:
            self.through = min(self._total, self.through + number)
        if self._shown and (time.monotonic() - self._drawn_at > _AGAIN_SECONDS or self.through == self._total):
            self._drawn_at = time.monotonic()
            self._write("\r" + self.line())

    def line(self) -> str:
        """The bar and the figures."""
        full = _WIDTH * self.through // self._total if self._total else 0
        bar = "█" * full + "·" * (_WIDTH - full)
        return text("cli.progress", bar=bar, through=self.through, total=self._total)

    def __enter__(self) -> Self:
        if self._shown:
            self._write(self.line())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._shown:
            self._write("\r" + " " * len(self.line()) + "\r")

    def _write(self, said: str) -> None:
        self._stream.write(said)
        self._stream.flush()
