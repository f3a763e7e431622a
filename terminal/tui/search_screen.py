"""Finding a claim: one field, and below it what was found, newest first.

Rules: Enter looks, and opens what is selected once it has looked; more is looked for as the selection comes to the end
of the list, so that a long history costs nothing before somebody goes there; names follow the mask; nothing that was
found stays when the terminal is locked.
"""

from collections.abc import Iterable, Sequence
from enum import Enum, auto

from textual.widget import Widget

from terminal.domain.search import Search, SearchInvalid, read_search
from terminal.i18n import text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_field import Field, Kind
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.tui.form_rows import Cell, FormRow, Row
from terminal.tui.form_view import FormView
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import Line, Role, Room, Span
from terminal.tui.state import CounterState
from terminal.tui.work_lines import work_line
from terminal.wording import state_words
from terminal.workflow.types import Found, WorkItem

_STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10}
_WIDTH, _LONGEST = 34, 60


class Looking(Enum):
    """How far the search has come: NOT begun, under way, PAUSED with something older left, over."""

    NOT = auto()
    UNDER_WAY = auto()
    PAUSED = auto()
    OVER = auto()


class SearchScreen(CounterScreen):
    """The field and the list."""

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._form = _form()
        self._view = self.keep(FormView(self._subject, "search-form"))
        self._list = self.paper(self._paint, "found", title=text("search.title"))
        self._items: tuple[WorkItem, ...] = ()
        self._place = 0
        self._before: int | None = None
        self._wanted = Search()
        self._looking = Looking.NOT

    def body(self) -> Iterable[Widget]:
        """What is typed, above what was found."""
        yield self._view
        yield self._list

    def key_labels(self) -> Sequence[KeyLabel]:
        """Enter looks, then opens."""
        found = self._looking is not Looking.NOT and bool(self._items)
        return (
            key_named(text("key.enter"), "key.open" if found else "key.look"),
            key_named("↑↓", "key.choose", plain=True),
            key_named(text("key.escape"), "key.home", plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """The key that opened it empties the field."""
        return (key_named("F3", "key.look_again"),)

    def reset(self) -> None:
        """Forget what was typed and what was found."""
        self._form = _form()
        self._forget()
        self.notice = None

    def press(self, stroke: Stroke) -> None:
        """Type, look, select, open or leave."""
        if stroke.key == "escape":
            self.reset()
            self.orders.show(Page.HOME)
        elif stroke.key == "f3":
            self.reset()
        elif stroke.key in _STEPS:
            self._move(_STEPS[stroke.key])
        elif stroke.key == "enter":
            self._enter()
        else:
            self._type(self._form.press(stroke))
        self.repaint()

    def paste(self, text: str) -> None:
        """Type the pasted text."""
        self._type(self._form.paste(text.replace("\n", " ").replace("\r", " ")))
        self.repaint()

    def repaint(self) -> None:
        """The title of the frame says how far the search has come."""
        count = len(self._items)
        titles = {
            Looking.NOT: text("search.title"),
            Looking.UNDER_WAY: text("search.under_way", count=count),
            Looking.PAUSED: text("search.more", count=count),
            Looking.OVER: text("search.over", count=count),
        }
        self._list.entitle(titles[self._looking])
        super().repaint()

    def _enter(self) -> None:
        if self._looking is Looking.NOT:
            self._look()
        elif self._items:
            self.orders.follow(self._items[self._place].claim_id)

    def _look(self) -> None:
        snapshot = self.state.snapshot
        if snapshot is None:
            return
        try:
            self._wanted = read_search(self._form["words"].text, snapshot.today, state_words())
        except SearchInvalid as error:
            self.notice = Notice.of(error.code)
            return
        self.notice = None
        self._go_on(None)

    def _go_on(self, before: int | None) -> None:
        wanted, self._looking = self._wanted, Looking.UNDER_WAY
        self.orders.find(wanted, before, lambda found: self._tell(wanted, found), self._refuse)

    def _tell(self, wanted: Search, found: Found) -> None:
        """Keep what came, if it is still what is looked for; go on until the screen is full."""
        if wanted is not self._wanted or self._looking is Looking.NOT:
            return
        self._items = (*self._items, *found.items)
        self._before = found.before
        self._looking = Looking.OVER if found.before is None else Looking.PAUSED
        self._want_more()
        if not self._items and self._looking is Looking.OVER:
            self.notice = Notice(text("search.nothing"), text("search.nothing_todo"), Role.WARN)
        self.repaint()

    def _refuse(self, notice: Notice) -> None:
        self._looking = Looking.NOT
        self.say(notice)

    def _want_more(self) -> None:
        """More than fits below the selection is wanted, as long as there is something older."""
        room = max(1, self._list.content_size.height)
        if self._looking is Looking.PAUSED and len(self._items) - self._place <= room:
            self._go_on(self._before)

    def _type(self, outcome: Outcome) -> None:
        if outcome is Outcome.CHANGED:
            self._forget()
            self.notice = None
        elif outcome is Outcome.REFUSED:
            self.notice = Notice.of("entry_refused")

    def _move(self, way: int) -> None:
        self._place = min(max(self._place + way, 0), max(0, len(self._items) - 1))
        self._want_more()

    def _forget(self) -> None:
        self._items, self._place, self._before = (), 0, None
        self._wanted, self._looking = Search(), Looking.NOT

    def _subject(self) -> tuple[Form, list[FormRow]]:
        hints = (text("search.hint"), text("search.hint_short"))
        return self._form, [Row(text("search.field"), (Cell("words"),), hints, Role.MUTED)]

    def _paint(self, room: Room) -> list[Line]:
        snapshot = self.state.snapshot
        if snapshot is None or not self._items:
            return [(Span(line, Role.MUTED),) for line in text("search.how").strip().split("\n")]
        first = max(0, self._place - room.height + 1)
        rows = list(enumerate(self._items))[first : first + room.height]
        return [
            work_line(item, self.state, snapshot, room.width, selected=index == self._place) for index, item in rows
        ]


def _form() -> Form:
    return Form([Field("words", Kind.FREE, _WIDTH, longest=_LONGEST)])
