"""One document request: what is asked, exactly what would leave, and the decision.

Rules: only the responsible person decides, and each decision asks twice; others see the same and why they cannot.
What is shown as leaving is the answer itself, with what is typed; nothing is kept when the screen is left.
"""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from datetime import date
from typing import TYPE_CHECKING, Any

from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.entry import EntryError, parse_day
from terminal.tui.form_field import Field, Kind
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.tui.form_rows import Cell, FormRow, Row
from terminal.tui.form_view import FormView
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.request_lines import REASONS, leaving_lines, reason_lines, request_head
from terminal.tui.spans import BLANK, Line, Role, Room, Span
from terminal.tui.state import CounterState
from terminal.tui.twice import Twice
from terminal.workflow.types import AskedDocument, Leaving, Provided

if TYPE_CHECKING:
    from terminal.workflow.types import DocumentAnswer, RefusalReason

_FIELDS = {"last_equipment_date": (Kind.DAY, 8), "invoice_reference": (Kind.FREE, 30)}
_VALUE = "value"
_STEPS = {"up": -1, "down": 1, "pageup": -10, "pagedown": 10}


class RequestScreen(CounterScreen):
    """The request that `begin` was given."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._asked: AskedDocument | None = None
        self._leaving: Leaving | None = None
        self._form: Form | None = None
        self._refusing = False
        self._reason: RefusalReason | None = None
        self._twice = Twice()
        self._busy = False
        self._first = 0
        self._page = self.paper(self._paint, "request")
        self._view = self.keep(FormView(self._subject, "request-form"))

    def begin(self, asked: AskedDocument, leaving: Leaving) -> None:
        """Show this request."""
        self._asked, self._leaving = asked, leaving
        self._form = _form(leaving)
        self._refusing, self._reason, self._busy, self._first = False, None, False, 0
        self._twice.forget()
        self.notice = None if self.state.responsible else Notice.of("request_responsible_only")
        self._page.entitle(text("request.about", number=asked.number))

    def body(self) -> Iterable[Widget]:
        """The request, and below it the field to fill where there is one."""
        yield self._page
        yield self._view

    def key_labels(self) -> Sequence[KeyLabel]:
        """The decisions are offered to the responsible person alone."""
        deciding = (key_named("F10", "key.provide"), key_named("F7", "key.refuse"))
        return (
            *(deciding if self.state.responsible else ()),
            *((key_named("↑↓", "key.scroll", plain=True),) if self._most() else ()),
            key_named(text("key.escape"), "key.back", plain=True),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """The decisions, which are the responsible person's."""
        return key_named("F10", "key.provide"), key_named("F7", "key.refuse"), key_named("↑↓", "key.scroll")

    def refuse(self, notice: Notice) -> None:
        """The decision was not taken in: say why."""
        self._busy = False
        self.say(notice)

    def press(self, stroke: Stroke) -> None:
        """Decide, type, or leave."""
        if self._busy:
            return
        if stroke.key not in ("f7", "f10"):
            self._twice.forget()
        if stroke.key == "escape":
            self._leave()
        elif stroke.key in _STEPS:
            self._first = min(max(0, self._first + _STEPS[stroke.key]), self._most())
        elif self.state.responsible:
            self._decide(stroke)
        else:
            self.notice = Notice.of("request_responsible_only")
        self.repaint()

    def _decide(self, stroke: Stroke) -> None:
        if stroke.key == "f10":
            self._provide()
        elif stroke.key == "f7":
            self._refuse()
        elif self._refusing:
            self._choose(stroke)
        else:
            self._type(stroke)

    def paste(self, text: str) -> None:
        """Type the pasted text into the field."""
        if self.state.responsible and self._form is not None and not self._busy:
            self._twice.forget()
            self._form.paste(text)
            self.repaint()

    def _leave(self) -> None:
        if self._refusing:
            self._refusing, self._reason, self.notice = False, None, None
        else:
            self.orders.show(Page.REQUESTS)

    def _type(self, stroke: Stroke) -> None:
        if self._form is None:
            return
        outcome = self._form.press(stroke)
        if outcome is not Outcome.IGNORED:
            self.notice = Notice.of("entry_refused") if outcome is Outcome.REFUSED else None

    def _choose(self, stroke: Stroke) -> None:
        typed = stroke.character or ""
        if typed.isascii() and typed.isdigit() and 1 <= int(typed) <= len(REASONS):
            self._reason, self.notice = REASONS[int(typed) - 1], None

    def _provide(self) -> None:
        self._refusing, self._reason = False, None
        try:
            given = self._given()
        except EntryError as problem:
            self.notice = Notice.of(problem.code, problem.facts)
            return
        if given is None:
            self.notice = Notice.of(self._nothing())
        elif self._asked is not None and self._sure("f10", _asking_to_provide()):
            self.orders.provide(self._asked, given)

    def _refuse(self) -> None:
        if self._reason is None:
            self._refusing = True
            self._twice.forget()
            self.notice = Notice(text("request.choose_reason"), text("request.choose_reason_todo"))
        elif self._asked is not None and self._sure(f"f7{self._reason}", _asking_to_refuse()):
            self.orders.refuse_request(self._asked, self._reason)

    def _sure(self, subject: str, question: Notice) -> bool:
        if not self._twice.confirmed(subject):
            self.notice = question
            return False
        self._busy = True
        self.notice = Notice(text("request.sealing"), "", Role.TEXT)
        return True

    def _given(self) -> Provided | None:
        """What is given for the kind of document; None when there is nothing; EntryError."""
        answer = self._leaving.answer if self._leaving else None
        if answer is None:
            return None
        if answer.document == "early_renewal":
            return Provided(early_renewal=True)
        if answer.document == "lpp_code":
            return Provided() if answer.openings else None
        typed = self._form[_VALUE].text.strip() if self._form else ""
        if not typed:
            return None
        if answer.document == "last_equipment_date":
            return Provided(last_equipment_date=parse_day(typed, self._today()))
        return Provided(invoice_reference=typed)

    def _nothing(self) -> str:
        return "request_nothing_kept" if self._form is None else "request_nothing_typed"

    def _shown_answer(self) -> "DocumentAnswer | None":
        """The answer as it would leave now."""
        if self._leaving is None:
            return None
        changes: dict[str, Any]
        if self._reason is not None:
            changes = {"verdict": "refused", "reason": self._reason, "openings": ()}
        else:
            try:
                given = self._given()
            except EntryError:
                given = None
            changes = asdict(given or Provided())
        from msgspec.structs import replace  # noqa: PLC0415 - not before the first screen

        return replace(self._leaving.answer, **changes)

    def _today(self) -> date:
        return self.state.snapshot.today if self.state.snapshot else date.max

    def _paint(self, room: Room) -> list[Line]:
        lines = self._lines(room.width)
        first = min(self._first, max(0, len(lines) - room.height))
        shown = lines[first : first + room.height]
        if first + room.height < len(lines) and shown:
            shown[-1] = (Span(text("request.more"), Role.WARN),)
        return shown

    def _lines(self, width: int) -> list[Line]:
        if self._asked is None:
            return []
        head = [*request_head(self._asked, self._today(), width), BLANK]
        if self._refusing and self._reason is None:
            return [*head, *reason_lines()]
        answer = self._shown_answer()
        return [*head, *(leaving_lines(answer, width) if answer else [])]

    def _most(self) -> int:
        """How far the page can be scrolled: nothing that would leave may be out of reach."""
        room = self._page.content_size
        return max(0, len(self._lines(room.width)) - room.height) if room.height else 0

    def _subject(self) -> tuple[Form, list[FormRow]] | None:
        if self._form is None or self._refusing:
            return None
        row = Row(text(f"request.field_{self._document()}"), (Cell(_VALUE),), (text("request.field_hint"),))
        return self._form, [row]

    def _document(self) -> str:
        return self._leaving.answer.document if self._leaving else ""


def _asking_to_provide() -> Notice:
    return Notice(text("request.ask_provide"), text("request.ask_provide_todo"))


def _asking_to_refuse() -> Notice:
    return Notice(text("request.ask_refuse"), text("request.ask_refuse_todo"))


def _form(leaving: Leaving) -> Form | None:
    """One field where something is to be typed, with the date that the dossier has."""
    kind = _FIELDS.get(leaving.answer.document)
    if kind is None:
        return None
    form = Form([Field(_VALUE, *kind)])
    if leaving.last_glasses is not None:
        form[_VALUE].give(leaving.last_glasses.strftime("%d%m%Y"))
    return form
