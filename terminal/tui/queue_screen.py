"""The queue: every claim with its state, why it is there, and how old it is.

Rules: the selection follows a claim, not a row, when the list is read again; F6 and F7 act only while the claim may
still change; the message row says what the selected claim waits for and what to do.
"""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from terminal.i18n import sentences, text
from terminal.tui.cancelling import Cancelling
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import Role
from terminal.tui.state import CounterState
from terminal.tui.work_lines import NEED_A_PERSON, work_lines
from terminal.workflow.types import WorkItem

_STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -10_000, "end": 10_000}


class QueueScreen(CounterScreen):
    """The list and its selection."""

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._selected_id: str | None = None
        self._cancelling = Cancelling()
        self._list = self.paper(lambda room: work_lines(state, room, self._place()), "queue", title=text("queue.title"))

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield self._list

    def key_labels(self) -> Sequence[KeyLabel]:
        """F6 and F7 are offered when they can act."""
        item = self.selected()
        changes = (
            (KeyLabel("F6", text("key.correct")), KeyLabel("F7", text("key.cancel")))
            if item and item.correctable
            else ()
        )
        return (
            KeyLabel("↑↓", text("key.choose")),
            *changes,
            KeyLabel(text("key.escape"), text("key.home")),
            KeyLabel("F8", text("key.mask")),
            KeyLabel("F11", text("key.lock")),
        )

    def selected(self) -> WorkItem | None:
        """The claim under the selection."""
        place = self._place()
        return self._items()[place] if place is not None else None

    def on_screen_resume(self) -> None:
        """Begin at the top, where the claims that need a person are."""
        self._cancelling.forget()
        self._explain()
        self.repaint()

    def press(self, stroke: Stroke) -> None:
        """Select, correct, cancel or leave."""
        item = self.selected()
        if stroke.key == "f7" and item is not None:
            self._cancel(item)
            return
        self._cancelling.forget()
        if stroke.key in _STEPS:
            self._move(_STEPS[stroke.key])
        elif stroke.key == "f6" and item is not None:
            self._correct(item)
        elif stroke.key in ("escape", "f4"):
            self.orders.show(Page.HOME)

    def _move(self, way: int) -> None:
        items, place = self._items(), self._place()
        if place is not None:
            self._selected_id = items[min(max(place + way, 0), len(items) - 1)].claim_id
            self._explain()
        self.repaint()

    def _correct(self, item: WorkItem) -> None:
        if item.correctable:
            self.orders.correct(item.claim_id)
        else:
            self.say(Notice.of("claim_not_correctable"))

    def _cancel(self, item: WorkItem) -> None:
        if not item.correctable:
            self.say(Notice.of("claim_not_correctable"))
            return
        question = self._cancelling.ask(item.claim_id, item.number)
        if question is None:
            self.orders.cancel(item.claim_id, item.number)
        self.say(question)

    def _explain(self) -> None:
        item = self.selected()
        known = item is not None and item.reason and f"error.{item.reason}.what" in sentences()
        stopped = self.state.snapshot.status.stopped if self.state.snapshot else None
        if item is None or not known or item.reason is None:
            self.notice = Notice.of(stopped, role=Role.BAD) if stopped else None
            return
        self.notice = Notice.of(item.reason, role=Role.BAD if item.state in NEED_A_PERSON else Role.WARN)

    def _items(self) -> tuple[WorkItem, ...]:
        return self.state.snapshot.items if self.state.snapshot else ()

    def _place(self) -> int | None:
        items = self._items()
        if not items:
            return None
        ids = [item.claim_id for item in items]
        return ids.index(self._selected_id) if self._selected_id in ids else 0
