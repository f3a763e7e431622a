"""Enrolling with an insurer by its letter.

Rules: the exchange runs beside and is told in one sentence; whatever fails, the letter stays on the screen to be
corrected; the code is forgotten once it was used, or when the screen is left.
"""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from terminal.i18n import date_text, text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.enrol_form import enrol_form, enrol_rows, read_letter, scanned_whole
from terminal.tui.entry import EntryError
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.tui.form_rows import FormRow
from terminal.tui.form_view import FormView
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.request_lines import legible
from terminal.tui.spans import Role
from terminal.tui.state import CounterState
from terminal.workflow.letters import code_fault
from terminal.workflow.office import Enrolment, Listed


class EnrolScreen(CounterScreen):
    """The letter."""

    shows_names = False
    takes_scans = True

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._listed: tuple[Listed, ...] = ()
        self._known = False
        self._busy = False
        self.form = enrol_form(0)
        self._view = self.keep(FormView(self._subject, "enrol-form"), text("enrol.title"))

    def body(self) -> Iterable[Widget]:
        """The form alone."""
        yield self._view

    def key_labels(self) -> Sequence[KeyLabel]:
        """F10 enrols."""
        return (
            key_named("F10", "key.do_enrol"),
            key_named(text("key.enter"), "key.next"),
            key_named(text("key.escape"), "key.back"),
        )

    def on_screen_resume(self) -> None:
        """Read who is listed, unless a letter is being typed."""
        if not self._known:
            self.orders.ask("listed", lambda office: office.listed(), self._offer, self.say)

    def press(self, stroke: Stroke) -> None:
        """Type, enrol or leave."""
        if stroke.key == "escape":
            self._forget()
            self.orders.show(Page.INSURERS)
        elif not self._busy:
            outcome = Outcome.END if stroke.key == "f10" else self.form.press(stroke)
            if outcome is Outcome.END:
                self._enrol()
            elif outcome is not Outcome.IGNORED:
                self.notice = Notice.of("entry_refused") if outcome is Outcome.REFUSED else None
        self.repaint()

    def scan(self, code: str) -> bool:
        """An activation code goes to its field, wherever the cursor is; the invitation's number to the active one."""
        if not self._busy and code_fault(code) is None:
            self.form.go("code")
        return super().scan(code)

    def paste(self, text: str) -> None:
        """A whole code from a scanner counts for both entries."""
        if self._busy:
            return
        field = self.form.active
        refused = self.form.paste(text) is Outcome.REFUSED
        if field == "code" and not refused:
            scanned_whole(self.form)
        self.say(Notice.of("entry_refused") if refused else None)

    def _offer(self, listed: tuple[Listed, ...]) -> None:
        """Keep what was typed meanwhile."""
        before, self._listed, self._known = self.form, listed, True
        self.form = enrol_form(len(listed))
        for key in ("invitation", "code", "code_again"):
            self.form[key].put(before[key].text)
        self.form.to_first_empty()
        self.repaint()

    def _enrol(self) -> None:
        try:
            insurer, invitation, code = read_letter(self.form, self._listed)
        except EntryError as error:
            self.notice = Notice.of(error.code)
            return
        self._busy = True
        self.notice = Notice(text("enrol.asking"), text("enrol.asking_todo"), Role.TEXT)
        self.orders.ask("enrol", lambda office: office.enrol(insurer, invitation, code), self._done, self._refused)

    def _done(self, enrolment: Enrolment) -> None:
        self._forget()
        until = date_text(enrolment.until) if enrolment.until else "?"
        done = Notice(text("enrol.done", name=legible(enrolment.name)), text("enrol.done_todo", until=until), Role.GOOD)
        self.orders.enrolled(done)

    def _refused(self, notice: Notice) -> None:
        self._busy = False
        self.say(notice)

    def _forget(self) -> None:
        self.form = enrol_form(0)
        self._known = self._busy = False
        self.notice = None

    def _subject(self) -> tuple[Form, list[FormRow]]:
        return self.form, enrol_rows(self.form, self._listed)
