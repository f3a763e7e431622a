"""Letting one's professional card open the terminal: its code, and it is done.

Rules: for whoever is logged in, as on the command line; the code goes to the card and nowhere else, and shows as dots;
where the reader has keys it is typed there.
"""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_field import Field, Kind
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.tui.form_rows import Cell, FormRow, Gap, Heading, Remark, Row
from terminal.tui.form_view import FormView
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.lock_screen import PIN_WIDTH
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import Role
from terminal.tui.state import CounterState
from terminal.workflow.handed import OwnCard


class OwnCardScreen(CounterScreen):
    """The code of the card that is in."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._busy = False
        self.form = _form(pin_pad=False)
        self._view = self.keep(FormView(self._subject, "own-card-form"))

    def body(self) -> Iterable[Widget]:
        """The form alone."""
        yield self._view

    def key_labels(self) -> Sequence[KeyLabel]:
        """F10 lets the card in."""
        return (key_named("F10", "key.let_card_in"), key_named(text("key.escape"), "key.home"))

    def other_keys(self) -> Sequence[KeyLabel]:
        """Enter does what F10 does."""
        return (key_named(text("key.enter"), "key.let_card_in"),)

    def begin(self, card: OwnCard) -> None:
        """Ask for the code of this card."""
        self._busy = False
        self.form = _form(pin_pad=card.pin_pad)
        self.notice = None

    def ended(self, notice: Notice) -> None:
        """The card was let in, or refused: a code that was typed is not kept."""
        self._busy = False
        self.form["pin"].put("")
        self.say(notice)

    def press(self, stroke: Stroke) -> None:
        """Type, let the card in, or leave."""
        if stroke.key == "escape":
            self.form["pin"].put("")
            self.orders.show(Page.HOME)
        elif not self._busy:
            outcome = Outcome.END if stroke.key == "f10" else self.form.press(stroke)
            if outcome is Outcome.END:
                self._let_in()
            elif outcome is not Outcome.IGNORED:
                self.notice = Notice.of("entry_refused") if outcome is Outcome.REFUSED else None
        self.repaint()

    def _let_in(self) -> None:
        pin = self.form["pin"].text
        on_reader = not self.form["sure"].hidden
        if not (pin or on_reader):
            self.notice = Notice.of("missing_pin")
            return
        self._busy = True
        told = text("lock.type_on_reader") if on_reader else ""
        self.notice = Notice(text("own_card.asking"), told, Role.TEXT)
        self.orders.add_own_card(None if on_reader else pin)

    def _subject(self) -> tuple[Form, list[FormRow]]:
        code = Remark(text("lock.type_on_reader"))
        asked = [Row(text("lock.card_pin"), (Cell("pin"),))] if self.form["sure"].hidden else [code]
        return self.form, [
            Heading(1, text("own_card.title")),
            Gap(),
            *asked,
            Gap(),
            Remark(text("own_card.what"), Role.MUTED),
            Remark(text("own_card.pin_stays"), Role.MUTED),
        ]


def _form(*, pin_pad: bool) -> Form:
    """One field; where the reader has keys an empty one stands for it, that Enter ends."""
    return Form(
        [Field("pin", Kind.SECRET, PIN_WIDTH, hidden=pin_pad), Field("sure", Kind.DIGITS, 1, hidden=not pin_pad)]
    )
