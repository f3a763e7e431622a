"""The customer's ticket on the screen: its lines, its code, and the printer.

Rules: opened from a registered claim and closed back to it; nothing on it names a person; a printer that fails says
why, and the claim is as registered as before.
"""

import os
from collections.abc import Iterable, Sequence
from textwrap import wrap

from textual.containers import Horizontal
from textual.widget import Widget

from terminal.domain.ticket import CustomerTicket
from terminal.i18n import text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.qr_lines import qr_lines
from terminal.tui.spans import BLANK, Line, Role, Room, Span
from terminal.tui.state import CounterState
from terminal.wording import ticket_lines


class TicketScreen(CounterScreen):
    """One ticket."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._ticket: CustomerTicket | None = None
        self._printing = False
        self._half_blocks = os.environ.get("TERM") != "linux"
        self._words = self.paper(self._paint_words, "ticket-words", title=text("ticket.title"))
        self._code = self.paper(self._paint_code, "ticket-code")

    def body(self) -> Iterable[Widget]:
        """What is printed, and the code."""
        yield Horizontal(self._words, self._code, id="ticket")

    def key_labels(self) -> Sequence[KeyLabel]:
        """Print, and back."""
        return (
            key_named("F10", "key.print"),
            key_named(text("key.escape"), "key.back", plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """Enter goes back too."""
        return (key_named(text("key.enter"), "key.back"),)

    def begin(self, ticket: CustomerTicket) -> None:
        """Show this ticket."""
        self._ticket = ticket
        self._printing = False
        self.notice = None

    def printed(self, notice: Notice) -> None:
        """The printer has answered."""
        self._printing = False
        self.say(notice)

    def press(self, stroke: Stroke) -> None:
        """Print once at a time, or go back."""
        if stroke.key in ("escape", "enter"):
            self.orders.show(Page.DONE)
        elif stroke.key == "f10" and self._ticket is not None and not self._printing:
            self._printing = True
            self.orders.print_ticket(self._ticket)
            self.say(Notice(text("ticket.printing"), text("ticket.printing_todo"), Role.TEXT))

    def _paint_words(self, room: Room) -> list[Line]:
        if self._ticket is None:
            return []
        title, *rest = ticket_lines(self._ticket)
        lines: list[Line] = [(Span(title, Role.STRONG),), BLANK, *((Span(line),) for line in rest)]
        return lines[: room.height]

    def _paint_code(self, room: Room) -> list[Line]:
        if self._ticket is None:
            return []
        drawn = qr_lines(self._ticket.code, room, half_blocks=self._half_blocks)
        return drawn or [(Span(part, Role.MUTED),) for part in wrap(text("ticket.no_room"), max(1, room.width))]
