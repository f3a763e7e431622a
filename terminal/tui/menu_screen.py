"""What is not done with a customer waiting: document requests, day close, insurers, reference data, self-check.

Rules: each entry has a figure that opens it; nothing is decided here.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.entry import azerty_digit
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import BLANK, Line, Role, Room, Span
from terminal.tui.state import CounterState


class Entry(NamedTuple):
    """One line of the menu: what it opens, what it is called, what it is for."""

    page: Page
    key: str


REQUESTS = Entry(Page.REQUESTS, "menu.requests")
OFFICE = (
    Entry(Page.DAY, "menu.day"),
    Entry(Page.INSURERS, "menu.insurers"),
    Entry(Page.DATA, "menu.data"),
    Entry(Page.DOCTOR, "menu.doctor"),
)


class MenuScreen(CounterScreen):
    """The entries and the one that is chosen."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._place = 0
        self._list = self.paper(self._paint, "menu", title=text("menu.title"))

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield self._list

    def key_labels(self) -> Sequence[KeyLabel]:
        """A figure, or the arrows and Enter."""
        return (
            key_named(f"1-{len(self.entries())}", "key.at_once"),
            key_named("↑↓", "key.choose", plain=True),
            key_named(text("key.enter"), "key.open"),
            key_named(text("key.escape"), "key.home", plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """The key that opened it closes it."""
        return (key_named("F9", "key.home"),)

    def entries(self) -> tuple[Entry, ...]:
        """What can be opened here."""
        return (REQUESTS, *OFFICE) if self.state.office else (REQUESTS,)

    def press(self, stroke: Stroke) -> None:
        """Choose, open or leave."""
        entries = self.entries()
        self.notice = None
        figure = azerty_digit(stroke.character or "")
        if figure.isdigit() and 1 <= int(figure) <= len(entries):
            self._open(int(figure) - 1)
        elif stroke.key == "enter":
            self._open(self._place)
        elif stroke.key in ("up", "down"):
            self._place = min(max(self._place + (1 if stroke.key == "down" else -1), 0), len(entries) - 1)
        elif stroke.key in ("escape", "f9"):
            self.orders.show(Page.HOME)
        self.repaint()

    def _open(self, place: int) -> None:
        self._place = place
        self.orders.show(self.entries()[place].page)

    def _paint(self, room: Room) -> list[Line]:
        lines: list[Line] = [BLANK] if room.height > 2 * len(self.entries()) else []
        for place, entry in enumerate(self.entries()):
            role = Role.SELECTED if place == self._place else Role.STRONG
            name = f" {text(entry.key)} "
            lines += [
                (Span(f" {place + 1} ", Role.KEY), Span(" "), Span(name, role), Span(self._count(entry), Role.WARN)),
                (Span(f"     {text(f'{entry.key}_what')}", Role.MUTED),),
            ]
        return lines

    def _count(self, entry: Entry) -> str:
        waiting = len(self.state.snapshot.requests) if self.state.snapshot else 0
        return f" ({waiting})" if entry is REQUESTS and waiting else ""
