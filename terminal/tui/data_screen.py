"""Reference data: how old they are, and looking at what newer ones would change.

Rules: looking changes nothing that is in force; the answer opens its own page, where a person decides.
"""

from collections.abc import Sequence

from terminal.i18n import text
from terminal.tui.data_lines import data_lines, difference_lines, origin_text
from terminal.tui.entry import azerty_digit
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.scroll_screen import ScrollScreen
from terminal.tui.spans import Line, Role
from terminal.tui.state import CounterState
from terminal.workflow.office import DataOrigin, DataState, Difference


class DataScreen(ScrollScreen):
    """What is in force, and where to look."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders, "data", text("data.title"))
        self._state: DataState | None = None
        self._chosen = 0
        self._looking = False

    def key_labels(self) -> Sequence[KeyLabel]:
        """Look at a source, by figure or with Enter."""
        origins = self._origins()
        looking = (key_named(text("key.enter"), "key.preview"),) if origins else ()
        figures = (key_named(f"1-{len(origins)}", "key.preview"),) if len(origins) > 1 else ()
        return (
            *looking,
            *figures,
            key_named("↑↓", "key.choose", plain=True),
            key_named(text("key.escape"), "key.back", plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """Where there is something to look at."""
        return (key_named(text("key.enter"), "key.preview"),)

    def on_screen_resume(self) -> None:
        """Read it again: a stick may have been plugged in."""
        self.orders.ask("data", lambda office: office.data(), self._tell, self.say)

    def press(self, stroke: Stroke) -> None:
        """Choose, look or leave."""
        origins = self._origins()
        figure = azerty_digit(stroke.character or "")
        if stroke.key == "escape":
            self.notice = None
            self.orders.show(Page.MENU)
        elif stroke.key in ("up", "down") and origins:
            self._chosen = min(max(self._chosen + (1 if stroke.key == "down" else -1), 0), len(origins) - 1)
            self.repaint()
        elif figure.isdigit() and 1 <= int(figure) <= len(origins):
            self._chosen = int(figure) - 1
            self._look(origins[self._chosen])
        elif stroke.key == "enter" and origins:
            self._look(origins[min(self._chosen, len(origins) - 1)])

    def lines(self, width: int) -> list[Line]:
        """What was read."""
        snapshot = self.state.snapshot
        if self._state is None or snapshot is None:
            return []
        return data_lines(self._state, self._chosen, snapshot.now, width)

    def _origins(self) -> tuple[DataOrigin, ...]:
        return self._state.origins if self._state else ()

    def _look(self, origin: DataOrigin) -> None:
        if not self._looking:
            self._looking = True
            self.say(Notice(text("data.looking"), text("data.looking_todo"), Role.TEXT))
            self.orders.ask("look", lambda office: office.look(origin), self._found, self._refuse)

    def _tell(self, state: DataState) -> None:
        self._state = state
        self._chosen = min(self._chosen, max(0, len(state.origins) - 1))
        self.repaint()

    def _found(self, found: Difference) -> None:
        self._looking = False
        self.notice = None
        self.orders.show_difference(found)

    def _refuse(self, notice: Notice) -> None:
        self._looking = False
        self.say(notice)


class DifferenceScreen(ScrollScreen):
    """What one source would change, and the decision."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders, "difference", text("data.difference"))
        self._found: Difference | None = None
        self._accepting = False

    def key_labels(self) -> Sequence[KeyLabel]:
        """Accept, or go back and change nothing."""
        accepting = (key_named("F10", "key.accept"),) if self._found and not self._found.empty else ()
        return (
            *accepting,
            key_named(text("key.escape"), "key.change_nothing"),
            key_named("↑↓", "key.scroll", plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """Only where something would change."""
        return (key_named("F10", "key.accept"),)

    def begin(self, found: Difference) -> None:
        """Show this difference from its first line."""
        self._found, self._accepting = found, False
        self.to_top()
        self._sheet.entitle(text("data.difference_of", name=origin_text(found.origin)))
        if found.empty:
            self.notice = None
        else:
            self.notice = Notice(text("data.ask"), text("data.ask_todo"))

    def press(self, stroke: Stroke) -> None:
        """Accept, scroll or refuse."""
        found = self._found
        if stroke.key == "escape":
            self.notice = None
            self.orders.show(Page.DATA)
        elif stroke.key == "f10" and found is not None and not found.empty and not self._accepting:
            self._accepting = True
            self.say(Notice(text("data.accepting"), "", Role.TEXT))
            self.orders.ask("accept", lambda office: office.accept(found), self._accepted, self._refuse)
        else:
            self.scroll_by(stroke)

    def lines(self, width: int) -> list[Line]:
        """The whole difference."""
        return difference_lines(self._found, width) if self._found else []

    def _accepted(self, _nothing: None) -> None:
        self._accepting = False
        self.orders.data_accepted(Notice(text("data.accepted"), text("data.accepted_todo"), Role.GOOD))

    def _refuse(self, notice: Notice) -> None:
        self._accepting = False
        self.say(notice)
