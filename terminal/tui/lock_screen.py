"""The locked terminal: who are you, and your code.

Rules: nothing of a customer is shown here; the code shows as dots; a wrong code is said without saying which part is
wrong; the vault counts wrong codes, and this screen says how long to wait or that the account is locked, with what to
do. Escape twice leaves the program: F11 then Escape, Escape from anywhere.
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
        self.form = _form(0)
        self._leaving = False
        self._view = self.keep(FormView(self._subject, "lock-form"), text("lock.title"))

    def body(self) -> Iterable[Widget]:
        """One box in the middle."""
        yield Middle(Center(self._view))

    def key_labels(self) -> Sequence[KeyLabel]:
        """Enter opens, Escape leaves."""
        return (key_named(text("key.enter"), "lock.open"), key_named(text("key.escape"), "lock.leave"))

    def offer(self, users: tuple[UserName, ...]) -> None:
        """List the accounts."""
        if users != self.users:
            self.users = users
            self.form = _form(len(users))
        if not users:
            self.say(Notice.of("no_user"))
        self.repaint()

    def reset(self, *, draft_kept: bool) -> None:
        """Ask again from the beginning."""
        self.form = _form(len(self.users))
        self.notice = None
        self.busy, self._leaving, self.draft_kept = False, False, draft_kept

    def refuse(self, code: str, facts: Mapping[str, object]) -> None:
        """The code did not open: ask for it again, and say when the next one is tried."""
        self.busy = False
        self.form["pin"].put("")
        self.form.go("pin")
        notice = Notice.of(code, facts)
        if code == "pin_wrong" and facts.get("seconds"):
            notice = Notice(notice.what, text("lock.next_try", seconds=facts["seconds"], left=facts["left"]))
        self.say(notice)

    def press(self, stroke: Stroke) -> None:
        """Type, open, or leave."""
        if stroke.key == "escape":
            self._escape()
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

    def _open(self) -> None:
        chosen, pin = self.form["user"].text, self.form["pin"].text
        if not chosen or not pin:
            self.notice = Notice.of("missing_pin" if chosen else "missing_user")
            self.form.to_first_empty()
            return
        self.busy = True
        self.notice = Notice(text("lock.opening"), "", Role.TEXT)
        self.orders.unlock(self.users[int(chosen) - 1], pin)

    def _subject(self) -> tuple[Form, list[FormRow]]:
        rows: list[FormRow] = [
            Gap(),
            *(Remark(line, Role.STRONG) for line in name_lines([user.name for user in self.users])),
            Gap(),
            Row(text("lock.who"), (Cell("user"),)),
            Row(text("lock.pin"), (Cell("pin"),)),
            Gap(),
            Remark(text("lock.sending_goes_on"), Role.MUTED),
            Remark(text("lock.draft_kept") if self.draft_kept else self._hint, Role.MUTED),
        ]
        return self.form, rows


def name_lines(names: list[str]) -> list[str]:
    """Numbered names, as many on a line as fit."""
    lines = [""]
    for number, name in enumerate(names, start=1):
        entry = f"{number} {cut(name, LINE_WIDTH - 4)}"
        if lines[-1] and len(lines[-1]) + 4 + len(entry) > LINE_WIDTH:
            lines.append("")
        lines[-1] += ("    " if lines[-1] else "") + entry
    return lines


def _form(users: int) -> Form:
    who = Field("user", Kind.CHOICE, len(str(max(1, users))), choices=users)
    who.give("1" if users == 1 else "")
    return Form([who, Field("pin", Kind.SECRET, PIN_WIDTH)])
