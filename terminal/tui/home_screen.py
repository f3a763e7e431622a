"""Home: insert the card; beside it the day, below it what needs a person and what waits.

Rules: no jargon here; nothing is typed here, so that an inserted card may open its claim by itself.
"""

from collections.abc import Iterable, Sequence

from textual.containers import Horizontal
from textual.widget import Widget

from terminal.i18n import age_text, date_text, moment_text, money_text, text
from terminal.tui.card_slot import Slot
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import BLANK, Line, Role, Room, Span
from terminal.tui.state import CounterState, Snapshot
from terminal.tui.work_lines import to_handle, work_lines
from terminal.workflow.types import AskedDocument

_CALLS = {
    Slot.READING: "home.reading",
    Slot.WAITING: "home.waiting",
    Slot.FAILED: "home.failed",
    Slot.HAND_BACK: "home.hand_back",
    Slot.READ: "home.hand_back",
    Slot.NO_READER: "home.no_reader",
}


class HomeScreen(CounterScreen):
    """The screen between two customers."""

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._call = self.paper(self._paint_call, "call", title=text("home.new_claim"))
        self._today = self.paper(self._paint_today, "today")
        self._work = self.paper(lambda room: work_lines(state, room), "work")

    def body(self) -> Iterable[Widget]:
        """The call and the day, above the list."""
        yield Horizontal(self._call, self._today, id="top")
        yield self._work

    def key_labels(self) -> Sequence[KeyLabel]:
        """What can be done between two customers."""
        closing = (key_named("F12", "key.close_day"),) if self.state.office else ()
        return (
            key_named("F2", "key.no_card"),
            key_named("F3", "key.search"),
            key_named("F4", "key.queue"),
            key_named("F9", "key.menu"),
            *closing,
            *((key_named("F6", "key.own_card"),) if self.state.own_card is not None else ()),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """What a professional card allows, while one is in."""
        return (key_named("F6", "key.own_card"),)

    def press(self, stroke: Stroke) -> None:
        """Each key opens a screen."""
        opens = {"f2": Page.IDENTIFY, "f3": Page.SEARCH, "f4": Page.QUEUE, "f9": Page.MENU}
        if self.state.own_card is not None:
            opens["f6"] = Page.OWN_CARD
        if self.state.office:
            opens["f12"] = Page.DAY
        if stroke.key in opens:
            self.orders.show(opens[stroke.key])
        elif self.notice is not None:
            self.say(None)

    def tap_row(self, sheet: str, row: int) -> None:
        """A row of the list opens the list there."""
        if sheet == "work":
            self.orders.show_claim(row)

    def repaint(self) -> None:
        """The titles of the frames carry the day and the counts."""
        snapshot = self.state.snapshot
        if snapshot is not None:
            self._today.entitle(text("home.today", day=date_text(snapshot.today)))
            self._work.entitle(_work_title(snapshot))
        super().repaint()

    def _paint_call(self, room: Room) -> list[Line]:
        call = text(
            "home.quote_waits" if self._quote_waits() else _CALLS.get(self.state.slot.state, "home.insert_card")
        )
        block = [(Span(f"{words:<{room.width}}", Role.CALL),) for words in ("", f"  {call}", "")]
        lines: list[Line] = [
            *block,
            BLANK,
            (Span(text("home.opens_itself")),),
            (Span(" F2 ", Role.KEY), Span(" " + text("home.no_card"))),
            (Span(" F3 ", Role.KEY), Span(" " + text("home.find"))),
            *self._paint_asked(),
        ]
        return lines if room.height >= len(lines) else [line for line in lines if line]

    def _quote_waits(self) -> bool:
        return self.state.quote_waits and self.state.slot.state in (Slot.EMPTY, Slot.HAND_BACK, Slot.READ)

    def _paint_asked(self) -> list[Line]:
        """How many document requests wait, and the nearest deadline."""
        asked = self._asked()
        if not asked:
            return []
        nearest = min(one.deadline for one in asked if one.deadline)
        role = Role.BAD if any(one.late for one in asked) else Role.WARN
        said = text("home.requests", count=len(asked), deadline=nearest)
        return [(Span(" F9 ", Role.KEY), Span(" " + said, role))]

    def _asked(self) -> tuple[AskedDocument, ...]:
        snapshot = self.state.snapshot
        return tuple(one for one in snapshot.requests if one.deadline) if snapshot else ()

    def _paint_today(self, room: Room) -> list[Line]:
        snapshot = self.state.snapshot
        totals = snapshot.totals if snapshot else None
        if snapshot is None or totals is None:
            return []
        last = snapshot.status.last_receipt_at
        receipt = text("home.last_receipt", time=moment_text(last, snapshot.now)) if last else text("home.no_receipt")
        return [
            _figure(text("home.registered"), totals.registered, totals.registered_cents),
            _figure(text("home.sent"), totals.sent, totals.sent_cents),
            _figure(text("home.still_waiting"), totals.waiting, totals.waiting_cents),
            _figure(text("home.rejected"), totals.rejected, totals.rejected_cents),
            *_last_lines((Span(receipt),), snapshot),
        ][: room.height]


def _last_lines(receipt: Line, snapshot: Snapshot) -> list[Line]:
    """The last receipt; below it how old the reference data are, or that new ones wait to be put in force."""
    data = snapshot.status.data
    if data is None:
        return [BLANK, receipt]
    if data.waiting:
        return [receipt, (Span(text("home.data_waiting"), Role.WARN),)]
    known = data.checked_at
    said = text("home.data_age", age=age_text(snapshot.now - known)) if known else text("home.data_never")
    return [receipt, (Span(said, Role.WARN if data.late else Role.TEXT),)]


def _figure(label: str, count: int, cents: int) -> Line:
    return (Span(f"{label:<13}{count:>4}{money_text(cents):>16}"),)


def _work_title(snapshot: Snapshot) -> str:
    handle = to_handle(snapshot.items)
    return text("home.work", handle=handle, waiting=snapshot.status.waiting)
