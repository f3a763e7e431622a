"""Why the figures of a claim are what they are, in full.

Rules: opened from the claim and closed back to it; it keeps nothing: what it shows is read from the claim each time.
"""

from collections.abc import Callable, Iterable, Sequence

from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.claim_screen import Told
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.detail_lines import detail_lines
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import Line, Role, Room, Span
from terminal.tui.state import CounterState

_STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -10_000, "end": 10_000}


class DetailScreen(CounterScreen):
    """The explanation of what `subject` answers."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders, subject: Callable[[], Told | None]) -> None:
        super().__init__(state, orders)
        self._subject = subject
        self._first = 0
        self._page = self.paper(self._paint, "detail", title=text("detail.title"))

    def body(self) -> Iterable[Widget]:
        """One page that can be longer than the screen."""
        yield self._page

    def key_labels(self) -> Sequence[KeyLabel]:
        """Up and down, and back."""
        return (
            key_named("↑↓", "key.scroll", plain=True),
            key_named(text("key.escape"), "key.back", plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """The key that opened it closes it, and so does Enter."""
        return key_named("F4", "key.back"), key_named(text("key.enter"), "key.back")

    def on_screen_resume(self) -> None:
        """Begin at the top."""
        self._first = 0
        self.repaint()

    def press(self, stroke: Stroke) -> None:
        """Scroll, or go back to the claim."""
        if stroke.key in ("escape", "f4", "enter"):
            self.orders.show(Page.CLAIM)
        elif stroke.key in _STEPS:
            self._first = max(0, self._shown_first(self._page.content_size.height) + _STEPS[stroke.key])
            self.repaint()

    def _lines(self) -> list[Line]:
        told = self._subject()
        if told is None:
            return [(Span(text("detail.nothing"), Role.MUTED),)]
        return detail_lines(told.completed, told.answer, self._page.content_size.width)

    def _shown_first(self, height: int) -> int:
        """Where the page begins: what was asked for, as far as there are lines."""
        return min(self._first, max(0, len(self._lines()) - height))

    def _paint(self, room: Room) -> list[Line]:
        first = self._shown_first(room.height)
        return self._lines()[first : first + room.height]
