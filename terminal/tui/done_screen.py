"""The claim is registered: what the customer pays, when it leaves, how to change it until then.

Rules: shown only after the counter said that the claim is durable; the next card may be inserted from here.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from textual.widget import Widget

from terminal.i18n import money_text, text, time_text
from terminal.tui.cancelling import Cancelling
from terminal.tui.claim_rows import full_name
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import BLANK, Line, Role, Room, Span
from terminal.tui.state import CounterState
from terminal.workflow.types import Person, Submitted


@dataclass(frozen=True, slots=True)
class Registered:
    """What the screen is about."""

    submitted: Submitted
    person: Person


_ELSEWHERE = {"f2": Page.IDENTIFY, "f3": Page.SEARCH, "f4": Page.QUEUE}


class DoneScreen(CounterScreen):
    """Confirmation of one claim."""

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self._registered: Registered | None = None
        self._cancelling = Cancelling()
        self._box = self.paper(self._paint_box, "done")

    def body(self) -> Iterable[Widget]:
        """One green box."""
        yield self._box

    def key_labels(self) -> Sequence[KeyLabel]:
        """Home, or a change while there is time; there is no ticket where nothing was delivered."""
        ticket = () if self._asks() else (key_named("F9", "key.ticket"),)
        return (
            key_named(text("key.enter"), "key.home"),
            key_named("F6", "key.correct"),
            key_named("F7", "key.cancel"),
            *ticket,
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """The next claim or the queue, without passing by the home screen."""
        escape = key_named(text("key.escape"), "key.home")
        others = key_named("F2", "key.no_card"), key_named("F3", "key.search"), key_named("F4", "key.queue")
        return escape, *others

    def begin(self, submitted: Submitted, person: Person) -> None:
        """Confirm this claim."""
        self._registered = Registered(submitted, person)
        self._cancelling.forget()
        self.notice = None

    def press(self, stroke: Stroke) -> None:
        """Correct, cancel, or go home."""
        done = self._registered.submitted if self._registered else None
        if stroke.key == "f7" and done is not None:
            self._ask_cancel(done)
            return
        self._cancelling.forget()
        if stroke.key == "f6" and done is not None:
            self.orders.correct(done.claim_id)
        elif stroke.key == "f9" and done is not None and not self._asks():
            self.orders.open_ticket(done.claim_id)
        elif stroke.key in ("enter", "escape"):
            self.orders.show(Page.HOME)
        elif stroke.key in _ELSEWHERE:
            self.orders.show(_ELSEWHERE[stroke.key])
        else:
            self.say(None)

    def _asks(self) -> bool:
        """Whether an agreement was asked for."""
        return self._registered is not None and self._registered.submitted.kind == "preauthorisation"

    def _ask_cancel(self, done: Submitted) -> None:
        question = self._cancelling.ask(done.claim_id, done.number)
        if question is None:
            self.orders.cancel(done.claim_id, done.number)
        self.say(question)

    def _paint_box(self, room: Room) -> list[Line]:
        if self._registered is None:
            return []
        done, person = self._registered.submitted, self._registered.person
        name = self.state.shown_name(full_name(person))
        card = text("done.hand_back", name=name) if person.source == "card" else text("done.for_person", name=name)
        asks = self._asks()
        pays: Line = (Span(text("done.pays") + " "), Span(money_text(done.reste_a_charge), Role.STRONG))
        lines: list[Line] = [
            (Span(text("done.title_agreement" if asks else "done.title", number=done.number), Role.GOOD),),
            BLANK,
            (Span(card),),
            (Span(text("done.pays_nothing")),) if asks else pays,
            BLANK,
            (Span(text("done.leaves", time=time_text(done.leaves_at, seconds=True))),),
            (
                Span(text("done.until_then") + " "),
                *_key("F6"),
                Span(text("done.to_correct")),
                *_key("F7"),
                Span(text("done.to_cancel")),
            ),
            (Span(text("done.next_card")),),
        ]
        return lines[: room.height]


def _key(name: str) -> tuple[Span, ...]:
    return Span(f" {name} ", Role.KEY), Span(" ")
