"""The day's sheet, and closing the day.

Rules: closing writes the sheet for the accountant, prints it where there is a printer, and is recorded; it stops no
claim and deletes nothing, so it is asked for once and can be done again.
"""

from collections.abc import Sequence
from datetime import date, timedelta

from terminal.i18n import date_text, error_text, text
from terminal.tui.day_lines import day_lines
from terminal.tui.entry import azerty_digit
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.scroll_screen import ScrollScreen
from terminal.tui.spans import Line, Role
from terminal.tui.state import CounterState
from terminal.workflow.office import ClosedDay, DayView


class DayScreen(ScrollScreen):
    """One day: today when the screen opens, others by the arrows."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders, "day", text("day.title_today"))
        self._view: DayView | None = None
        self._day: date | None = None
        self._chosen = 0
        self._writing = False

    def key_labels(self) -> Sequence[KeyLabel]:
        """F10 closes; the arrows go to other days."""
        closing = (key_named("F10", "key.do_close"),) if self._view and self._view.sheet.lines else ()
        places = len(self._view.places) if self._view else 1
        return (
            *closing,
            key_named("←→", "key.other_day"),
            key_named(text("key.escape"), "key.home", plain=True),
            *((key_named(f"1-{places}", "key.place"),) if places > 1 else ()),
            *((key_named("↑↓", "key.scroll", plain=True),) if self.hidden_below() or self._first else ()),
            key_named("F4", "key.queue"),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """What depends on the day, and the key that opened it."""
        return (
            key_named("F10", "key.do_close"),
            key_named("↑↓", "key.scroll"),
            key_named("F12", "key.home"),
        )

    def on_screen_resume(self) -> None:
        """Read the day that is shown, for claims may have moved."""
        self._read(self._day)

    def press(self, stroke: Stroke) -> None:
        """Close, go to another day, choose a place, scroll or leave."""
        figure = azerty_digit(stroke.character or "")
        if stroke.key in ("escape", "f12"):
            self._day, self._chosen, self.notice = None, 0, None
            self.orders.show(Page.HOME)
        elif stroke.key == "f4":
            self.orders.show(Page.QUEUE)
        elif stroke.key == "f10":
            self._write_sheet()
        elif stroke.key in ("left", "right"):
            self._turn(1 if stroke.key == "right" else -1)
        elif figure.isdigit() and self._view and 1 <= int(figure) <= len(self._view.places):
            self._chosen = int(figure) - 1
            self.repaint()
        else:
            self.scroll_by(stroke)

    def lines(self, width: int) -> list[Line]:
        """The sheet as far as it was read."""
        snapshot = self.state.snapshot
        if self._view is None or snapshot is None:
            return []
        return day_lines(self._view, min(self._chosen, len(self._view.places) - 1), width, today=snapshot.today)

    def _turn(self, days: int) -> None:
        snapshot = self.state.snapshot
        if snapshot is not None:
            self._day = min((self._day or snapshot.today) + timedelta(days=days), snapshot.today)
            self.notice = None
            self._read(self._day)

    def _read(self, day: date | None) -> None:
        self.orders.ask("day", lambda office: office.day(day), self._tell, self._refuse)

    def _write_sheet(self) -> None:
        view = self._view
        if view is None or not view.sheet.lines or self._writing:
            return
        self._writing = True
        place = view.places[min(self._chosen, len(view.places) - 1)]
        self.say(Notice(text("day.closing"), text("day.closing_todo"), Role.TEXT))
        self.orders.ask("close", lambda office: office.close_day(view.sheet.day, place), self._written, self._refuse)

    def _tell(self, view: DayView) -> None:
        self._view, self._day = view, view.sheet.day
        self._sheet.entitle(text("day.title", day=date_text(view.sheet.day)))
        self.repaint()

    def _written(self, done: ClosedDay) -> None:
        self._writing = False
        self._tell(done.view)
        folder = str(done.files[0].parent)
        if done.trouble is not None:
            what, todo = error_text(done.trouble)
            self.say(Notice(text("day.not_printed", why=what), todo))
            return
        said = text("day.done_printed") if done.printed else text("day.done")
        self.say(Notice(said, text("day.done_todo", stem=done.files[0].stem, folder=folder), Role.GOOD))

    def _refuse(self, notice: Notice) -> None:
        self._writing = False
        self.say(notice)
