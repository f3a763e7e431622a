"""A claim that looks like an earlier one: both side by side, and a person says what it is.

Rules: nothing is registered and nothing is lost by coming here; a figure does what stands beside it; to abandon what
was typed is asked twice; why a second equipment is claimed goes into the access journal with the claim.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import get_args

from textual.widget import Widget

from terminal.i18n import text
from terminal.tui.claim_entry import ClaimEntry
from terminal.tui.claim_screen import Told
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.duplicate_lines import CHOICES, duplicate_lines, shown_of
from terminal.tui.entry import azerty_digit
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import Line, Role, Room
from terminal.tui.state import CounterState
from terminal.tui.twice import Twice
from terminal.workflow.types import DuplicateReason, EarlierClaim


class DuplicateScreen(CounterScreen):
    """The entry that `begin` was given, beside the claim that `told` finds it like."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders, told: Callable[[], Told | None]) -> None:
        super().__init__(state, orders)
        self._told = told
        self._entry: ClaimEntry | None = None
        self._insurer = ""
        self._number = ""
        self._claim_id = ""
        self._earlier: EarlierClaim | None = None
        self._twice = Twice()
        self._saving = False
        self._page = self.paper(self._paint, "duplicate", title=text("duplicate.title"))

    def begin(self, entry: ClaimEntry, insurer: str, facts: Mapping[str, object]) -> None:
        """Put this entry beside the earlier claim that `facts` name."""
        self._entry, self._insurer = entry, insurer
        self._number, self._claim_id = str(facts.get("number", "")), str(facts.get("claim_id", ""))
        self._earlier, self._saving, self.notice = None, False, None
        self._twice.forget()
        if self._claim_id:
            self.orders.compare(self._claim_id, self._tell, self._gone)
        else:
            self._gone(None)

    def body(self) -> Iterable[Widget]:
        """One page."""
        yield self._page

    def key_labels(self) -> Sequence[KeyLabel]:
        """The figures, and back to what was typed."""
        return key_named(f"1-{len(CHOICES)}", "key.act"), key_named(text("key.escape"), "key.back")

    def press(self, stroke: Stroke) -> None:
        """Say what it is, or go back."""
        if self._saving or self._entry is None:
            return
        choice = _chosen(stroke)
        if choice != "same":
            self._twice.forget()
            self.notice = None
        if stroke.key == "escape":
            self.orders.show(Page.CLAIM)
        elif choice == "same":
            self._abandon()
        elif choice == "look" and self._claim_id:
            self.orders.follow(self._claim_id)
        elif choice in get_args(DuplicateReason):
            self._saving = True
            self.notice = Notice(text("claim.saving"), text("claim.saving_wait"), Role.TEXT)
            self.orders.save(self._entry, despite=choice)  # type: ignore[arg-type]  # one of the reasons, by the test
        self.repaint()

    def _abandon(self) -> None:
        if self._twice.confirmed("same"):
            self.orders.drop_claim()
        else:
            self.notice = Notice(text("duplicate.ask_same"), text("duplicate.ask_same_todo"))

    def _tell(self, earlier: EarlierClaim) -> None:
        if earlier.claim_id == self._claim_id:
            self._earlier = earlier
            self.repaint()

    def _gone(self, _notice: Notice | None) -> None:
        self.say(Notice(text("duplicate.gone"), text("duplicate.gone_todo")))

    def _paint(self, room: Room) -> list[Line]:
        snapshot = self.state.snapshot
        if self._entry is None or snapshot is None:
            return []
        now = shown_of(self._told(), self._insurer, snapshot.today)
        return duplicate_lines(now, self._earlier, self._number, room.width)[: room.height]


def _chosen(stroke: Stroke) -> str | None:
    figure = azerty_digit(stroke.character) if stroke.character else ""
    place = int(figure) - 1 if figure.isascii() and figure.isdigit() else -1
    return CHOICES[place] if 0 <= place < len(CHOICES) else None
