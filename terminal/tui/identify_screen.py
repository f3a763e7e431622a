"""The screen for a patient whose card is not there."""

from collections.abc import Iterable, Sequence

from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.claim_entry import EntryProblem
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.tui.form_rows import FormRow
from terminal.tui.form_view import FormView
from terminal.tui.identify_form import identify_form, identify_rows, read_person
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.state import CounterState


class IdentifyScreen(CounterScreen):
    """NIR twice, name, birth date; Enter on the last field, or F10, begins the claim."""

    shows_names = False
    takes_scans = True

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self.form = identify_form()
        self._view = self.keep(FormView(self._subject, "identify-form"))

    def body(self) -> Iterable[Widget]:
        """The form alone."""
        yield self._view

    def key_labels(self) -> Sequence[KeyLabel]:
        """F10 goes on to the claim."""
        return (
            key_named("F10", "key.go_on"),
            key_named(text("key.enter"), "key.next", plain=True),
            key_named(text("key.escape"), "key.abandon"),
        )

    def reset(self) -> None:
        """Empty the form."""
        self.form = identify_form()
        self.notice = None

    def press(self, stroke: Stroke) -> None:
        """Type, go on or abandon."""
        if stroke.key == "escape":
            self.reset()
            self.orders.show(Page.HOME)
            return
        outcome = Outcome.END if stroke.key == "f10" else self.form.press(stroke)
        if outcome is Outcome.END:
            self._go_on()
        elif outcome is not Outcome.IGNORED:
            self.notice = Notice.of("entry_refused") if outcome is Outcome.REFUSED else None
        self.repaint()

    def paste(self, text: str) -> None:
        """Type the pasted text; the second NIR refuses it."""
        refused = self.form.paste(text) is Outcome.REFUSED
        self.say(Notice.of("entry_refused") if refused else None)

    def _go_on(self) -> None:
        snapshot = self.state.snapshot
        if snapshot is None:
            return
        try:
            person = read_person(self.form, snapshot.today)
        except EntryProblem as problem:
            self.form.go(problem.field_key)
            self.notice = Notice.of(problem.code, problem.facts)
            return
        self.orders.begin(person)

    def _subject(self) -> tuple[Form, list[FormRow]]:
        snapshot = self.state.snapshot
        return self.form, identify_rows(self.form, snapshot.today if snapshot else None)
