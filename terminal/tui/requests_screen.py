"""The document requests that wait for a decision.

Rules: no person is named, a claim by its number; the selection follows a request when the list is read again; Enter
opens one.
"""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.orders import Orders, Page
from terminal.tui.request_lines import request_list
from terminal.tui.spans import Line, Room
from terminal.tui.state import CounterState
from terminal.workflow.types import AskedDocument

_STEPS = {"up": -1, "down": 1, "pageup": -5, "pagedown": 5, "home": -10_000, "end": 10_000}


class RequestsScreen(CounterScreen):
    """The list and its selection."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._selected_id: str | None = None
        self._list = self.paper(self._paint, "requests", title=text("request.title"))

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield self._list

    def key_labels(self) -> Sequence[KeyLabel]:
        """Enter opens what is selected."""
        opening = (key_named(text("key.enter"), "key.open"),) if self._asked() else ()
        return (
            *opening,
            key_named("↑↓", "key.choose", plain=True),
            key_named(text("key.escape"), "key.home", plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """The key that opened it closes it."""
        return key_named(text("key.enter"), "key.open"), key_named("F9", "key.home")

    def press(self, stroke: Stroke) -> None:
        """Select, open or leave."""
        asked, place = self._asked(), self._place()
        self.notice = None
        if stroke.key in _STEPS and asked:
            self._selected_id = asked[min(max(place + _STEPS[stroke.key], 0), len(asked) - 1)].request_id
        elif stroke.key == "enter" and asked:
            self.orders.open_request(asked[place])
        elif stroke.key in ("escape", "f9"):
            self.orders.show(Page.MENU if stroke.key == "f9" else Page.HOME)
        self.repaint()

    def _paint(self, room: Room) -> list[Line]:
        snapshot = self.state.snapshot
        return request_list(snapshot.requests, snapshot.today, room, self._place()) if snapshot else []

    def _asked(self) -> tuple[AskedDocument, ...]:
        return self.state.snapshot.requests if self.state.snapshot else ()

    def _place(self) -> int:
        ids = [one.request_id for one in self._asked()]
        return ids.index(self._selected_id) if self._selected_id in ids else 0
