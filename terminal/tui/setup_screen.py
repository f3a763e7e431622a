"""The first start on the screen: one question at a time, forwards and back, made at the end.

Rules: nothing is written before the last step; Escape goes back, twice on the first step leaves; what takes time runs
beside; the PIN shows as dots, the recovery code is in view on its own step only and no trial names a person.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.counter_screen import FramedScreen
from terminal.tui.crash import code_and_facts
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.tui.form_rows import FormRow
from terminal.tui.form_view import FormView
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.setup_lines import setup_rows
from terminal.tui.setup_steps import Setup, Step
from terminal.tui.spans import Line, Role, Span, left_right
from terminal.tui.state import CounterState
from terminal.workflow.first_run import Begun, SetupPort, Stage

Answer = TypeVar("Answer")


class SetupOrders(Protocol):
    """What the screen of the first start may ask of its application."""

    def ask_setup(
        self,
        about: str,
        call: Callable[[SetupPort], Answer],
        tell: Callable[[Answer], None],
        refuse: Callable[[Notice], None],
    ) -> None:
        """Ask the terminal that is being made."""

    def leave(self) -> None:
        """End without a terminal."""

    def made(self) -> None:
        """End: the terminal is there."""


class SetupScreen(FramedScreen):
    """The steps of one installation."""

    def __init__(self, begun: Begun, orders: SetupOrders) -> None:
        super().__init__(CounterState())
        self._orders = orders
        self.setup = Setup(begun)
        self._told: dict[Step, str] = {}
        self._busy = False
        self._leaving = False
        self._form_view = self.keep(FormView(self._subject, "setup"), text("setup.title"))

    def body(self) -> Iterable[Widget]:
        """The step in front."""
        yield self._form_view

    def band(self, width: int) -> Sequence[Line]:
        """Where one is."""
        number, of = self.setup.counted()
        first = left_right(
            (Span(f" {text('setup.band')}", Role.BAR_STRONG),),
            (Span(text("setup.step_of", number=number, of=of) + " ", Role.BAR),),
            width,
            Role.BAR,
        )
        return first, (Span(f" {text('setup.band_kept')}", Role.BAR),)

    def key_labels(self) -> Sequence[KeyLabel]:
        """Enter goes on, Escape goes back; some steps can be tried."""
        step = self.setup.step
        trial = {Step.PRINTER: "setup.key_try", Step.CARD: "setup.key_read"}.get(step)
        return (
            key_named("F10", "setup.key_make" if step is Step.MAKE else "key.go_on"),
            *((key_named("F6", trial),) if trial else ()),
            *((key_named(text("key.enter"), "key.next"),) if step is not Step.MAKE else ()),
            key_named(text("key.escape"), "key.back" if self.setup.place else "lock.leave"),
        )

    def shown_keys(self) -> tuple[KeyLabel, ...]:
        """None of the counter's: each step says what it wants."""
        return tuple(self.key_labels())

    def on_mount(self) -> None:
        """Look for a printer, so that its address need not be typed."""
        self._orders.ask_setup("printers", lambda port: port.printers(), self._offer_printer, lambda _notice: None)

    def press(self, stroke: Stroke) -> None:
        """Answer, try, go on or go back."""
        if self._busy:
            return
        if stroke.key != "escape":
            self._leaving = False
        if stroke.key == "escape":
            self._go_back()
        elif stroke.key == "f6":
            self._try()
        elif stroke.key == "f10":
            self._go_on()
        elif self.setup.step is Step.MAKE:
            return
        else:
            self._type(stroke)
        self.repaint()

    def paste(self, text: str) -> None:
        """Type the pasted text; the second PIN refuses it."""
        if not self._busy and self.setup.form.paste(text) is Outcome.REFUSED:
            self.say(Notice.of("entry_refused"))
        self.repaint()

    def _type(self, stroke: Stroke) -> None:
        outcome = self.setup.form.press(stroke)
        if outcome is Outcome.END:
            self._go_on()
        elif outcome is not Outcome.IGNORED:
            self.notice = Notice.of("entry_refused") if outcome is Outcome.REFUSED else None

    def _go_on(self) -> None:
        if self.setup.step is Step.MAKE:
            self._make()
            return
        try:
            self.setup.forward()
        except Exception as error:  # every refusal has its sentence, and the answers stay
            code, facts = code_and_facts(error)
            self.notice = Notice.of(code, facts)
            return
        self.notice = None

    def _go_back(self) -> None:
        self.notice = None
        if self.setup.back():
            return
        if self._leaving:
            self._orders.leave()
        self._leaving = True
        self.notice = Notice(text("setup.leave_again"), text("setup.leave_todo"))

    def _try(self) -> None:
        step = self.setup.step
        address = self.setup.forms[Step.PRINTER]["printer"].text.strip()
        if step is Step.PRINTER and address:
            self._begin(step)
            self._orders.ask_setup("try", lambda port: port.try_printer(address), self._printed, self.say)
        elif step is Step.PRINTER:
            self.notice = Notice(text("setup.no_address"), text("setup.no_address_todo"))
        elif step is Step.CARD:
            self._begin(step)
            self._orders.ask_setup("try", lambda port: port.read_card(), self._read, self.say)

    def _begin(self, step: Step) -> None:
        self._told.pop(step, None)
        self.notice = Notice(text(f"setup.{step}_trying"), "", Role.TEXT)

    def _printed(self, _nothing: None) -> None:
        self._told[Step.PRINTER] = text("setup.printer_printed")
        self.say(Notice(text("setup.printer_look"), text("setup.printer_look_todo"), Role.GOOD))

    def _read(self, people: int) -> None:
        self._told[Step.CARD] = text("setup.card_read", count=people)
        self.say(Notice(text("setup.card_good"), text("setup.card_good_todo"), Role.GOOD))

    def _make(self) -> None:
        self._busy = True
        plan, paper = self.setup.plan(), self.setup.paper
        self.notice = Notice(text("setup.making"), text("setup.making_todo"), Role.TEXT)
        self._orders.ask_setup(
            "make", lambda port: port.make(plan, paper), lambda _none: self._orders.made(), self._unmade
        )

    def _unmade(self, notice: Notice) -> None:
        """Something of it may be durable: read how far it is and go on from there, with what was answered."""
        self._busy = False
        self.say(notice)
        self._orders.ask_setup("begun", lambda port: port.begun(), lambda begun: self._resume(begun, notice), self.say)

    def _resume(self, begun: Begun, notice: Notice) -> None:
        if begun.stage is Stage.DONE:
            self._orders.made()
            return
        before = self.setup
        self.setup = Setup(begun, paper=before.paper, forms=before.forms)
        if begun.stage is Stage.PAPER and before.begun.stage is not Stage.PAPER:
            self.setup.forms[Step.PIN]["pin"].put(before.plan().pin)
        self.setup.go(self.setup.steps[0] if notice_is_of_pin(notice) else Step.MAKE)
        self.repaint()

    def _offer_printer(self, found: tuple[str, ...]) -> None:
        if found:
            self.setup.forms[Step.PRINTER]["printer"].give(found[0])
            self.repaint()

    def _subject(self) -> tuple[Form, list[FormRow]]:
        return self.setup.form, setup_rows(self.setup, self._told)


def notice_is_of_pin(notice: Notice) -> bool:
    """Whether what went wrong is the PIN, which has to be typed again."""
    return notice.what in {Notice.of(code).what for code in ("pin_wrong", "pin_wait", "pin_locked")}
