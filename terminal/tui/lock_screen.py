"""The locked terminal: who are you, and your code.

Rules: nothing of a customer is shown here; the code shows as dots; a wrong code is said without saying which part is
wrong; the vault counts wrong codes, and this screen says how long to wait or that the account is locked, with what to
do. While a professional card is in, its code is asked for instead (none where the reader has keys), unless F6. Escape
twice leaves the program: F11 then Escape, Escape from anywhere.
"""

from collections.abc import Iterable, Mapping, Sequence

from textual.containers import Center, Middle
from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_field import Field, Kind
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.tui.form_rows import Cell, FormRow, Gap, Remark, Row
from terminal.tui.form_view import FormView
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders
from terminal.tui.spans import Role, cut
from terminal.tui.state import CounterState
from terminal.workflow.handed import OwnCard
from terminal.workflow.types import UserName

PIN_WIDTH = 12
LINE_WIDTH = 48


class LockScreen(CounterScreen):
    """Users by number, then a code. `hint` is a line for demonstrations, whose code nobody can know."""

    open_to_all = True

    def __init__(self, state: CounterState, orders: Orders, hint: str = "") -> None:
        super().__init__(state, orders)
        self._hint = hint
        self.users: tuple[UserName, ...] = ()
        self.busy = False
        self.draft_kept = False
        self.card: OwnCard | None = None
        self.by_card = False
        self.form = _form(0)
        self._leaving = False
        self._view = self.keep(FormView(self._subject, "lock-form"), text("lock.title"))

    def body(self) -> Iterable[Widget]:
        """One box in the middle."""
        yield Middle(Center(self._view))

    def key_labels(self) -> Sequence[KeyLabel]:
        """Enter opens, F6 changes the way while a card is in, Escape leaves."""
        other = key_named("F6", "lock.by_code" if self.by_card else "lock.by_card")
        return (
            key_named(text("key.enter"), "lock.open"),
            *((other,) if self.card is not None else ()),
            key_named(text("key.escape"), "lock.leave"),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """F6, before a card is in."""
        return (key_named("F6", "lock.by_card"),)

    def offer(self, users: tuple[UserName, ...]) -> None:
        """List the accounts."""
        if users != self.users:
            self.users = users
            self._ask(by_card=self.by_card)
        if not users:
            self.say(Notice.of("no_user"))
        self.repaint()

    def offer_card(self, card: OwnCard | None) -> None:
        """A professional card is in, or is no longer: ask for its code, or for the person's own."""
        self.card = card
        if not self.busy:
            self._ask(by_card=card is not None)
            self.notice = Notice(text("lock.card_in"), text("lock.card_todo"), Role.TEXT) if card is not None else None
        self.repaint()

    def reset(self, *, draft_kept: bool) -> None:
        """Ask again from the beginning."""
        self.card = None
        self._ask(by_card=False)
        self.notice = None
        self.busy, self._leaving, self.draft_kept = False, False, draft_kept

    def refuse(self, code: str, facts: Mapping[str, object]) -> None:
        """The code did not open: ask for it again, and say when the next one is tried."""
        self.busy = False
        self.form["pin"].put("")
        self.form.go("user" if self.form["pin"].hidden else "pin")
        notice = Notice.of(code, facts)
        if code == "pin_wrong" and facts.get("seconds"):
            notice = Notice(notice.what, text("lock.next_try", seconds=facts["seconds"], left=facts["left"]))
        self.say(notice)

    def press(self, stroke: Stroke) -> None:
        """Type, open, or leave."""
        if stroke.key == "escape":
            self._escape()
        elif stroke.key == "f6" and self.card is not None and not self.busy:
            self._ask(by_card=not self.by_card)
            self.notice = None
        elif not self.busy:
            self._leaving = False
            outcome = self.form.press(stroke)
            if outcome is Outcome.END:
                self._open()
            elif outcome is not Outcome.IGNORED:
                self.notice = Notice.of("entry_refused") if outcome is Outcome.REFUSED else None
        self.repaint()

    def _escape(self) -> None:
        if self._leaving:
            self.orders.leave()
        self._leaving = True
        self.notice = Notice(text("lock.leave_again"), text("lock.leave_sends"))

    def _ask(self, *, by_card: bool) -> None:
        """An empty form, for one's own code or for the card's; whoever was chosen stays so."""
        chosen = self.form["user"].text
        self.by_card = by_card
        self.form = _form(len(self.users), pin_pad=by_card and self.card is not None and self.card.pin_pad)
        if by_card and chosen:
            self.form["user"].put(chosen)
            self.form.to_first_empty()

    def _open(self) -> None:
        chosen, pin = self.form["user"].text, self.form["pin"].text
        on_reader = self.form["pin"].hidden
        if not chosen or not (pin or on_reader):
            self.notice = Notice.of("missing_pin" if chosen else "missing_user")
            self.form.to_first_empty()
            return
        self.busy = True
        user = self.users[int(chosen) - 1]
        if self.by_card:
            self.notice = Notice(text("lock.opening_card"), text("lock.type_on_reader") if on_reader else "", Role.TEXT)
            self.orders.unlock_by_card(user, None if on_reader else pin)
        else:
            self.notice = Notice(text("lock.opening"), "", Role.TEXT)
            self.orders.unlock(user, pin)

    def _subject(self) -> tuple[Form, list[FormRow]]:
        rows: list[FormRow] = [
            Gap(),
            *(Remark(line, Role.STRONG) for line in name_lines([user.name for user in self.users])),
            Gap(),
            Row(text("lock.who"), (Cell("user"),)),
            *self._pin_rows(),
            Gap(),
            Remark(text("lock.sending_goes_on"), Role.MUTED),
            Remark(text("lock.draft_kept") if self.draft_kept else self._hint, Role.MUTED),
        ]
        return self.form, rows

    def _pin_rows(self) -> list[FormRow]:
        if self.form["pin"].hidden:
            return [Remark(text("lock.type_on_reader"))]
        return [Row(text("lock.card_pin" if self.by_card else "lock.pin"), (Cell("pin"),))]


def name_lines(names: list[str]) -> list[str]:
    """Numbered names, as many on a line as fit."""
    lines = [""]
    for number, name in enumerate(names, start=1):
        entry = f"{number} {cut(name, LINE_WIDTH - 4)}"
        if lines[-1] and len(lines[-1]) + 4 + len(entry) > LINE_WIDTH:
            lines.append("")
        lines[-1] += ("    " if lines[-1] else "") + entry
    return lines


def _form(users: int, *, pin_pad: bool = False) -> Form:
    who = Field("user", Kind.CHOICE, len(str(max(1, users))), choices=users)
    who.give("1" if users == 1 else "")
    return Form([who, Field("pin", Kind.SECRET, PIN_WIDTH, hidden=pin_pad)])
