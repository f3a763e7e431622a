"""A page of lines that may be longer than the screen: up, down, a page, an end.

Rules: the place is kept within the lines there are now, so a shorter answer never leaves an empty screen.
"""

from collections.abc import Iterable

from textual.widget import Widget

from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Stroke
from terminal.tui.orders import Orders
from terminal.tui.spans import Line, Room
from terminal.tui.state import CounterState

_STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -10_000, "end": 10_000}


class ScrollScreen(CounterScreen):
    """One sheet, `name` for its layout, `title` on its frame."""

    def __init__(self, state: CounterState, orders: Orders, name: str, title: str) -> None:
        super().__init__(state, orders)
        self._first = 0
        self._sheet = self.paper(self._paint_part, name, title=title)

    def body(self) -> Iterable[Widget]:
        """The sheet."""
        yield self._sheet

    def lines(self, width: int) -> list[Line]:
        """All lines of the page."""
        raise NotImplementedError

    def to_top(self) -> None:
        """Begin at the first line."""
        self._first = 0

    def scroll_by(self, stroke: Stroke) -> bool:
        """Move, when the key is one of those that move."""
        if stroke.key not in _STEPS:
            return False
        size = self._sheet.content_size
        self._first = max(0, self._shown_first(len(self.lines(size.width)), size.height) + _STEPS[stroke.key])
        self.repaint()
        return True

    def hidden_below(self) -> int:
        """How many lines are below the last that is in view."""
        size = self._sheet.content_size
        count = len(self.lines(size.width))
        return max(0, count - self._shown_first(count, size.height) - size.height)

    def _shown_first(self, count: int, height: int) -> int:
        return min(self._first, max(0, count - height))

    def _paint_part(self, room: Room) -> list[Line]:
        lines = self.lines(room.width)
        first = self._shown_first(len(lines), room.height)
        return lines[first : first + room.height]
