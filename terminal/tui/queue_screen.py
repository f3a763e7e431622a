"""The queue: every claim with its state, why it is there, and how old it is.

Rules: the selection follows a claim, not a row, when the list is read again; F6 and F7 act only while the claim may
still change, F9 and F7 on one that was recovered, F10 on stopped chains and for the responsible person alone; whatever
cannot be taken back is asked twice; the message row says what the selected claim waits for and what to do.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from textual.widget import Widget

from terminal.i18n import error_text, reason_texts, sentences, text
from terminal.tui.cancelling import Cancelling
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import Role
from terminal.tui.state import CounterState
from terminal.tui.twice import Twice
from terminal.tui.work_lines import NEED_A_PERSON, first_shown, short_number, work_lines
from terminal.workflow.types import Settled, WorkItem

_LATE = {"warn": "claim_late_warn", "alarm": "claim_late_alarm"}
_SENDERS = {"missing": "sender_missing", "stuck": "sender_stuck"}
_STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10, "home": -10_000, "end": 10_000}


_ELSEWHERE = {"f3": Page.SEARCH, "f4": Page.HOME, "escape": Page.HOME}


class QueueScreen(CounterScreen):
    """The list and its selection."""

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._selected_id: str | None = None
        self._cancelling = Cancelling()
        self._twice = Twice()
        self._settling = False
        self._list = self.paper(lambda room: work_lines(state, room, self._place()), "queue", title=text("queue.title"))

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield self._list

    def key_labels(self) -> Sequence[KeyLabel]:
        """F6, F7, F9 and F10 are offered when they can act."""
        item = self.selected()
        changes: tuple[KeyLabel, ...] = ()
        if item and item.correctable:
            changes = (key_named("F6", "key.correct"), key_named("F7", "key.cancel"))
        elif item and item.held:
            changes = (key_named("F9", "key.release"), key_named("F7", "key.cancel"))
        settling = (key_named("F10", "key.settle"),) if self._stopped() and self.state.responsible else ()
        opening = (key_named(text("key.enter"), "key.open"),) if item else ()
        return (
            *opening,
            key_named("↑↓", "key.choose", plain=True),
            *settling,
            *changes,
            key_named("F3", "key.search", plain=True),
            key_named(text("key.escape"), "key.home", plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """What depends on the selected claim, or on the chains."""
        return (
            key_named(text("key.enter"), "key.open"),
            key_named("F6", "key.correct"),
            key_named("F7", "key.cancel"),
            key_named("F9", "key.release"),
            key_named("F10", "key.settle"),
            key_named("F4", "key.home"),
        )

    def selected(self) -> WorkItem | None:
        """The claim under the selection."""
        place = self._place()
        return self._items()[place] if place is not None else None

    def on_screen_resume(self) -> None:
        """Begin at the top, where the claims that need a person are."""
        self._cancelling.forget()
        self._twice.forget()
        self._explain()
        self.repaint()

    def tap_row(self, sheet: str, row: int) -> None:
        """A touch selects a claim; on the one that is selected, it opens it."""
        place = self.first_row() + row
        if sheet == "queue" and place < len(self._items()):
            if place == self._place():
                self.press(Stroke("enter"))
            else:
                self.select(place)

    def select(self, place: int) -> None:
        """Select the claim at this place of the list, if there is one."""
        items = self._items()
        if place < len(items):
            self._cancelling.forget()
            self._twice.forget()
            self._selected_id = items[place].claim_id
            self._explain()
        self.repaint()

    def first_row(self) -> int:
        """The place in the list of the first row that is drawn."""
        place = self._place()
        return 0 if place is None else first_shown(place, self._list.content_size.height)

    def settled(self, notice: Notice) -> None:
        """The settlement of stopped chains is over."""
        self._settling = False
        self.say(notice)

    def press(self, stroke: Stroke) -> None:
        """Select, correct, cancel, release, settle or leave."""
        item = self.selected()
        if stroke.key != "f7":
            self._cancelling.forget()
        if stroke.key not in ("f9", "f10"):
            self._twice.forget()
        acts = {"f6": self._correct, "f7": self._cancel, "f9": self._release}
        if stroke.key in acts and item is not None:
            acts[stroke.key](item)
        elif stroke.key == "enter" and item is not None:
            self.orders.follow(item.claim_id)
        elif stroke.key == "f10":
            self._settle()
        elif stroke.key in _STEPS:
            self._move(_STEPS[stroke.key])
        elif stroke.key in _ELSEWHERE:
            self.orders.show(_ELSEWHERE[stroke.key])

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
        if not (item.correctable or item.held):
            self.say(Notice.of("claim_not_correctable"))
            return
        question = self._cancelling.ask(item.claim_id, item.number)
        if question is None:
            self.orders.cancel(item.claim_id, item.number)
        self.say(question)

    def _release(self, item: WorkItem) -> None:
        if not item.held:
            self.say(Notice.of("claim_not_held"))
        elif self._twice.confirmed(item.claim_id):
            self.orders.release(item.claim_id, item.number)
            self.say(None)
        else:
            number = short_number(item.number)
            self.say(Notice(text("release.ask", number=number), text("release.ask_todo")))

    def _settle(self) -> None:
        if not self._stopped():
            return
        if not self.state.responsible:
            self.say(Notice.of("role_refused"))
        elif self._settling:
            self.say(Notice(text("settle.under_way"), text("settle.under_way_todo"), Role.TEXT))
        elif self._twice.confirmed("chains"):
            self._settling = True
            self.orders.settle()
            self.say(Notice(text("settle.under_way"), text("settle.under_way_todo"), Role.TEXT))
        else:
            self.say(Notice(text("settle.ask"), text("settle.ask_todo")))

    def _stopped(self) -> str | None:
        return self.state.snapshot.status.stopped if self.state.snapshot else None

    def _explain(self) -> None:
        item = self.selected()
        known = item is not None and item.reason and f"error.{item.reason}.what" in sentences()
        stopped = self._stopped()
        if item is not None and item.reason and item.agreed is not None:
            self.notice = Notice(*reason_texts(item.reason), Role.BAD if item.state in NEED_A_PERSON else Role.WARN)
            return
        if item is None or not known or item.reason is None:
            self.notice = Notice.of(stopped, role=Role.BAD) if stopped else self._lateness(item)
            return
        self.notice = Notice.of(item.reason, role=Role.BAD if item.state in NEED_A_PERSON else Role.WARN)
        if item.late and item.state not in NEED_A_PERSON:
            self.notice = replace(self.notice, todo=error_text(_LATE[item.late])[1])

    def _lateness(self, item: WorkItem | None) -> Notice | None:
        """That the claim is late, or that nobody sends: said where there is nothing graver."""
        if item is not None and item.late:
            return Notice.of(_LATE[item.late], role=Role.BAD if item.late == "alarm" else Role.WARN)
        sender = self.state.snapshot.status.sender if self.state.snapshot else "working"
        return Notice.of(_SENDERS[sender], role=Role.BAD) if sender in _SENDERS else None

    def _items(self) -> tuple[WorkItem, ...]:
        return self.state.snapshot.items if self.state.snapshot else ()

    def _place(self) -> int | None:
        items = self._items()
        if not items:
            return None
        ids = [item.claim_id for item in items]
        return ids.index(self._selected_id) if self._selected_id in ids else 0


def settled_notice(done: Settled) -> Notice:
    """What became of stopped chains; the first failure when there was one."""
    if done.errors:
        return Notice.of(next(iter(done.errors.values())), role=Role.BAD)
    if done.by_service:
        return Notice(text("settle.by_service"), text("settle.by_service_todo"), Role.GOOD)
    what = text("settle.done", settled=done.settled, renumbered=done.renumbered, resumed=done.resumed)
    if done.elsewhere:
        return Notice(what, text("settle.elsewhere", count=done.elsewhere))
    return Notice(what, text("settle.done_todo"), Role.GOOD)
