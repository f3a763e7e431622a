"""Help about whatever screen is in front, the lock included.

Rules: it covers a screen and gives it back as it was; it holds no sentence of its own: each screen names its keys, and
`locale/fr.toml` says what the screen is for.
"""

from collections.abc import Sequence

from terminal.i18n import text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Stroke
from terminal.tui.help_lines import help_lines
from terminal.tui.key_bar import HELP_KEY, KeyLabel, key_named
from terminal.tui.orders import Orders
from terminal.tui.scroll_screen import ScrollScreen
from terminal.tui.spans import Line, Role, Room, Span
from terminal.tui.state import CounterState


class HelpScreen(ScrollScreen):
    """The help page of the screen that `begin` was given."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders, "help", "")
        self._topic = ""
        self._about: CounterScreen | None = None

    def begin(self, topic: str, about: CounterScreen) -> None:
        """Help about this screen."""
        self._topic, self._about = topic, about
        self.to_top()
        self._sheet.entitle(text("help.title", screen=text(f"help.{topic}.title")))

    def key_labels(self) -> Sequence[KeyLabel]:
        """Up and down, and back."""
        return key_named("↑↓", "key.scroll", plain=True), key_named(text("key.escape"), "key.back")

    def shown_keys(self) -> tuple[KeyLabel, ...]:
        """No key of a screen that is not in front, and no help about help."""
        return tuple(self.key_labels())

    def other_keys(self) -> Sequence[KeyLabel]:
        """Whatever opened it closes it."""
        return key_named(HELP_KEY, "key.back"), key_named(text("key.enter"), "key.back")

    def press(self, stroke: Stroke) -> None:
        """Scroll, or give the screen back."""
        if stroke.key in ("escape", "enter"):
            self.orders.close_help()
        else:
            self.scroll_by(stroke)

    def lines(self, width: int) -> list[Line]:
        """The whole page."""
        about = self._about
        if about is None:
            return []
        return help_lines(self._topic, about.shown_keys(), about.all_keys(), about.shown_notice(), width)

    def _paint_part(self, room: Room) -> list[Line]:
        """When more follows, the last row in view says so."""
        shown = super()._paint_part(room)
        if shown and self.hidden_below():
            shown[-1] = (Span(text("help.more"), Role.WARN),)
        return shown
