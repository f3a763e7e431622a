"""The insurers this terminal is enrolled with, and whether each answers now.

Rules: the list is there at once, each line is asked beside it; F7 does what the service does once an hour; an insurer
that revoked this terminal is said so, with what to do.
"""

from collections.abc import Iterable, Sequence
from functools import partial

from textual.widget import Widget

from terminal.i18n import error_text, text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Stroke
from terminal.tui.insurer_lines import insurer_lines, standing_of, trouble_of
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import Line, Role, Room
from terminal.tui.state import CounterState
from terminal.workflow.office import Enrolment, KeptUp

_STEPS = {"up": -1, "down": 1, "pageup": -5, "pagedown": 5, "home": -10_000, "end": 10_000}


class InsurersScreen(CounterScreen):
    """The list and its selection."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._found: tuple[Enrolment, ...] = ()
        self._reached: dict[str, str] = {}
        self._place = 0
        self._keeping = False
        self._told = False
        """The message row says what an act came to: no line that answers writes over it."""
        self._list = self.paper(self._paint, "insurers", title=text("insurers.title"))

    def body(self) -> Iterable[Widget]:
        """The list."""
        yield self._list

    def key_labels(self) -> Sequence[KeyLabel]:
        """Enrol, ask again, renew."""
        return (
            key_named("F2", "key.enrol"),
            key_named("F6", "key.ask_line"),
            key_named("F7", "key.renew"),
            key_named("↑↓", "key.choose", plain=True),
            key_named(text("key.escape"), "key.back", plain=True),
        )

    def on_screen_resume(self) -> None:
        """Read the enrolments, and ask each insurer."""
        self._read()

    def press(self, stroke: Stroke) -> None:
        """Select, enrol, ask, renew or leave."""
        self._told = False
        if stroke.key in _STEPS and self._found:
            self._place = min(max(self._place + _STEPS[stroke.key], 0), len(self._found) - 1)
            self._explain()
        elif stroke.key == "f2":
            self.orders.show(Page.ENROL)
        elif stroke.key == "f6":
            self._read()
        elif stroke.key == "f7" and not self._keeping:
            self._keeping = True
            self.say(Notice(text("insurers.keeping"), text("insurers.keeping_todo"), Role.TEXT))
            self.orders.ask("keep_up", lambda office: office.keep_up(), self._kept, self._not_kept)
        elif stroke.key == "escape":
            self.notice = None
            self.orders.show(Page.MENU)

    def _read(self) -> None:
        self.orders.ask("insurers", lambda office: office.enrolments(), self._tell, self.say)

    def _tell(self, found: tuple[Enrolment, ...]) -> None:
        self._found = found
        self._place = min(self._place, max(0, len(found) - 1))
        self._reached = {}
        for one in found:
            self._reach(one.amc)
        self.repaint()

    def _reach(self, amc: str) -> None:
        self.orders.ask(f"reach/{amc}", lambda office: office.reach(amc), partial(self._answer, amc), self.say)

    def _answer(self, amc: str, code: str) -> None:
        self._reached[amc] = code
        if not (self._keeping or self._told):
            self._explain()
        self.repaint()

    def _explain(self) -> None:
        """What is wrong with the selected one, unless something was just said of all."""
        one = self._found[self._place] if self._found else None
        code = trouble_of(one, self._reached) if one else None
        if one is not None and code is not None:
            grave = standing_of(one, self._reached) in ("revoked", "over")
            self.notice = Notice.of(code, role=Role.BAD if grave else Role.WARN)
        elif self.notice is None or self.notice.role is not Role.GOOD:
            self.notice = None
        self.repaint()

    def _kept(self, done: KeptUp) -> None:
        self._keeping, self._told = False, True
        if done.by_service:
            self.say(Notice(text("insurers.by_service"), text("insurers.by_service_todo"), Role.GOOD))
        elif done.errors:
            what, todo = error_text(next(iter(done.errors.values())))
            self.say(Notice(text("insurers.kept_errors", count=len(done.errors), why=what), todo))
        else:
            told = text("insurers.kept", certificates=len(done.certificates), terms=len(done.terms))
            self.say(Notice(told, text("insurers.kept_todo"), Role.GOOD))
        self._read()

    def _not_kept(self, notice: Notice) -> None:
        self._keeping = False
        self.say(notice)

    def _paint(self, room: Room) -> list[Line]:
        return insurer_lines(self._found, self._reached, room, self._place)
