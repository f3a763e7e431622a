"""One claim that left: what became of it, and numbered, what can be done.

Rules: a number does what stands beside it; what cannot be taken back is asked twice; the page is read again after an
act, so that it never offers what is no longer possible.
"""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.entry import azerty_digit
from terminal.tui.follow_lines import follow_lines, is_asked_twice
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import Line, Room
from terminal.tui.state import CounterState
from terminal.tui.twice import Twice
from terminal.tui.work_lines import short_number
from terminal.workflow.followed import FollowAct, FollowUp

_STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -10_000, "end": 10_000}


class FollowScreen(CounterScreen):
    """The claim that was opened from the queue."""

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._followed: FollowUp | None = None
        self.back = Page.QUEUE
        """The list that it was opened from."""
        self._twice = Twice()
        self._first = 0
        self._page = self.paper(self._paint, "follow")

    def body(self) -> Iterable[Widget]:
        """One page that can be longer than the screen."""
        yield self._page

    def key_labels(self) -> Sequence[KeyLabel]:
        """The numbers, where there is something to do."""
        acts = self._followed.acts if self._followed else ()
        numbers = (key_named("1" if len(acts) == 1 else f"1-{len(acts)}", "key.act"),) if acts else ()
        return (
            *numbers,
            key_named("↑↓", "key.scroll", plain=True),
            key_named(text("key.escape"), self._way_back(), plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """Other ways back."""
        return key_named("F4", self._way_back()), key_named(text("key.enter"), self._way_back())

    def begin(self, followed: FollowUp) -> None:
        """Show this claim."""
        same = self._followed is not None and self._followed.item.claim_id == followed.item.claim_id
        self._followed = followed
        self._twice.forget()
        self._first = self._first if same else 0
        self.notice = self.notice if same else None
        asks = followed.item.kind == "preauthorisation"
        title = "follow.title_agreement" if asks else "follow.title"
        self._page.entitle(text(title, number=followed.item.number))

    def press(self, stroke: Stroke) -> None:
        """Do what a number says, scroll, or go back."""
        act = self._chosen(stroke)
        if act is not None and self._followed is not None:
            self._do(self._followed, act)
            return
        self._twice.forget()
        self.notice = None
        if stroke.key in ("escape", "f4", "enter"):
            self.orders.show(self.back)
        elif stroke.key in _STEPS:
            self._first = max(0, self._shown_first(self._page.content_size.height) + _STEPS[stroke.key])
        self.repaint()

    def _way_back(self) -> str:
        return "key.queue" if self.back is Page.QUEUE else "key.back"

    def _chosen(self, stroke: Stroke) -> FollowAct | None:
        figure = azerty_digit(stroke.character) if stroke.character else ""
        acts = self._followed.acts if self._followed else ()
        place = int(figure) - 1 if figure.isascii() and figure.isdigit() else -1
        return acts[place] if 0 <= place < len(acts) else None

    def _do(self, followed: FollowUp, act: FollowAct) -> None:
        item = followed.item
        if is_asked_twice(act) and not self._twice.confirmed(f"{act} {item.claim_id}"):
            number = short_number(item.number)
            self.say(Notice(text(f"follow.ask_{act}", number=number), text(f"follow.ask_{act}_todo")))
            return
        self.notice = None
        if act == "request_cancellation":
            self.orders.request_cancellation(item.claim_id)
        elif act == "abandon":
            self.orders.abandon(item.claim_id)
        else:
            self.orders.begin_act(item.claim_id, act)
        self.repaint()

    def _lines(self) -> list[Line]:
        snapshot = self.state.snapshot
        if self._followed is None or snapshot is None:
            return []
        return follow_lines(self._followed, self.state, snapshot, self._page.content_size.width)

    def _shown_first(self, height: int) -> int:
        return min(self._first, max(0, len(self._lines()) - height))

    def _paint(self, room: Room) -> list[Line]:
        first = self._shown_first(room.height)
        return self._lines()[first : first + room.height]
