"""The frame of every screen: two status lines, a body, a message row, a row of keys.

Rules: a screen names every key that it takes: those of this moment in its row, all of them on its help page. Keys
come from the application one by one, in order, and are applied at once, mounted or not: what is typed ahead of a
screen lands in it. A screen holds no rule of the trade; it draws models and asks the application for what takes time.
Everything is drawn on `Paper`.
"""

from collections.abc import Iterable, Sequence
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.screen import Screen
from textual.widget import Widget

from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import HELP_KEY, KeyLabel, key_bar, key_named, merged
from terminal.tui.notice import Notice, notice_lines
from terminal.tui.orders import Orders
from terminal.tui.paper import Paint, Paper, Tapped
from terminal.tui.spans import BLANK, Line, Role, Room
from terminal.tui.state import CounterState
from terminal.tui.status_lines import ground_of, status_lines
from terminal.tui.tapping import key_under


class FramedScreen(Screen[None]):
    """A screen in the frame. `notice` is what its message row says."""

    takes_scans: ClassVar[bool] = False
    """What is scanned here is typed into the field that is active."""

    open_to_all: ClassVar[bool] = False
    """It is shown while nobody is logged in: no key that needs somebody works here."""
    shows_names: ClassVar[bool] = True
    """There are names on it, to be hidden by a key."""

    def __init__(self, state: CounterState) -> None:
        super().__init__()
        self.state = state
        self.notice: Notice | None = None
        self._papers: list[Paper] = []
        self._status = self.paper(lambda room: self.band(room.width), "status", Role.BAR)

    def paper(self, paint: Paint, name: str, ground: Role = Role.TEXT, title: str = "") -> Paper:
        """A sheet of this screen, redrawn whenever the screen is."""
        return self.keep(Paper(paint, name, ground), title)

    def keep(self, sheet: Paper, title: str = "") -> Paper:
        """Make a sheet one of this screen's, with a title on its frame."""
        sheet.border_title = title
        self._papers.append(sheet)
        return sheet

    def compose(self) -> ComposeResult:
        """Status above, keys and message below, the body between."""
        yield self._status
        yield from self.body()
        yield self.paper(lambda room: notice_lines(self.shown_notice(), room.width), "notice")
        yield self.paper(self._paint_keys, "keys", Role.BAR)

    def body(self) -> Iterable[Widget]:
        """What this screen is about."""
        raise NotImplementedError

    def band(self, width: int) -> Sequence[Line]:
        """The two lines above everything."""
        return status_lines(self.state, width)

    def key_labels(self) -> Sequence[KeyLabel]:
        """The keys that do something here, the most useful first."""
        raise NotImplementedError

    def other_keys(self) -> Sequence[KeyLabel]:
        """The keys that do something here at other moments, or without being named in the row."""
        return ()

    def shown_keys(self) -> tuple[KeyLabel, ...]:
        """What the row names: the keys of this screen, then those of every screen."""
        masking = (key_named("F8", "key.mask"),) if self.shows_names and not self.open_to_all else ()
        locking = () if self.open_to_all else (key_named("F11", "key.lock"),)
        return merged(self.key_labels(), masking, locking, (key_named(HELP_KEY, "key.help"),))

    def all_keys(self) -> tuple[KeyLabel, ...]:
        """Every key that this screen takes."""
        everywhere = () if self.open_to_all else (key_named("F5", "key.card"),)
        return merged(self.shown_keys(), self.other_keys(), everywhere)

    def press(self, stroke: Stroke) -> None:
        """Apply one key."""
        raise NotImplementedError

    def paste(self, text: str) -> None:
        """Take a pasted text; most screens have no place for one."""

    def scan(self, code: str) -> bool:
        """Take what was scanned and is no quote; False, with a sentence, where it is of no use."""
        if self.takes_scans:
            self.paste(code)
        else:
            self.say(Notice.of("scan_not_used"))
        return self.takes_scans

    def shown_notice(self) -> Notice | None:
        """What the message row says now."""
        return self.notice

    def say(self, notice: Notice | None) -> None:
        """Fill or clear the message row."""
        self.notice = notice
        self.repaint()

    def repaint(self) -> None:
        """Draw again what changed."""
        self._status.ground = ground_of(self.state)
        for sheet in self._papers:
            sheet.repaint()

    def on_screen_resume(self) -> None:
        """Facts may have changed while another screen was in front."""
        self.repaint()

    def tap_row(self, sheet: str, row: int) -> None:
        """Somebody touched a row of a sheet; most rows mean nothing."""

    def on_tapped(self, message: Tapped) -> None:
        """A touch beside the caps of the key row counts for the cap above or below it; any other one is a row's."""
        if message.name != "keys":
            self.tap_row(message.name, message.y)
            return
        stroke = key_under(key_bar(self.shown_keys(), self.size.width), message.x)
        if stroke is not None:
            self.app.post_message(events.Key(stroke.key, stroke.character))

    def _paint_keys(self, room: Room) -> list[Line]:
        """One row; three for fingers, the middle one written on."""
        row = key_bar(self.shown_keys(), room.width)
        return [BLANK] * (room.height // 2) + [row]


class CounterScreen(FramedScreen):
    """A screen of the counter, which asks the application for what takes time."""

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state)
        self.orders = orders
