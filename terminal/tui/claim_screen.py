"""The claim: a form on the left, "Qui paie quoi" on the right.

Rules: F10 checks, then asks the application to save, and the screen waits for the answer: "enregistrée" is said only
of what is durable. The quote is asked for again whenever the values change; an answer to an older question is
dropped; an answer never moves the cursor. F9 asks the insurer beforehand instead of claiming. An equipment that this
shop delivered to the same person lately is told, and a second F10 registers all the same.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date

from textual.containers import Horizontal
from textual.widget import Widget

from terminal.domain.errors import DomainError
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem
from terminal.i18n import text
from terminal.tui.claim_entry import ClaimEntry, Completed, EntryProblem, PossibleDuplicate, read_entry
from terminal.tui.claim_form import EYES, OTHER, ClaimForm
from terminal.tui.claim_refill import choose_insurer, take_over
from terminal.tui.claim_rows import claim_rows
from terminal.tui.claim_scanned import take_item
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.detail_lines import code_reasons
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.tui.form_rows import FormRow
from terminal.tui.form_view import FormView
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.spans import Line, Role, Room
from terminal.tui.state import CounterState
from terminal.tui.who_pays import who_pays_lines
from terminal.workflow.handed import HandedQuote
from terminal.workflow.types import QuoteAnswer

_FIELD_OF_CODE = {
    "prescription_expired": "day",
    "prescription_future": "day",
    "birth_date_invalid": "birth",
    "amo_rate_invalid": "amo_rate",
    "contract_invalid": "contract",
    "grid_missing": "contract",
    "renewal_too_early": "last",
    "renewal_ground_unfit": "ground",
    "last_equipment_future": "last",
}


@dataclass(frozen=True, slots=True)
class Told:
    """The answer to the question on the screen, with the codes that the corrections chose."""

    completed: Completed
    answer: QuoteAnswer


class ClaimScreen(CounterScreen):
    """One claim being written. `claim` is None when there is none, `told` while its price is not known."""

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders)
        self.claim: ClaimForm | None = None
        self.saving = False
        self._asked: ClaimEntry | None = None
        self.told: Told | None = None
        self._saved: ClaimEntry | None = None
        self._abandoning = False
        self._agreed_day: date | None = None
        """The day that a person confirmed while the clock is not believed."""
        self._view = self.keep(FormView(self._subject, "claim-form"))
        self._panel = self.paper(self._paint_panel, "who-pays", title=text("who_pays.title"))

    def body(self) -> Iterable[Widget]:
        """The form, and who pays what."""
        yield Horizontal(self._view, self._panel, id="claim")

    def key_labels(self) -> Sequence[KeyLabel]:
        """Saving comes first."""
        asks = self.claim is not None and self.claim.asks_agreement
        may_ask = self.claim is not None and not asks and self.claim.agreement is None
        asking = (key_named("F9", "key.agreement"),) if may_ask else ()
        return (
            key_named("F10", "key.ask_agreement" if asks else "key.save"),
            key_named(text("key.enter"), "key.next", plain=True),
            key_named("F4", "key.detail"),
            *asking,
            key_named(text("key.escape"), "key.abandon"),
        )

    def other_keys(self) -> Sequence[KeyLabel]:
        """Asking beforehand, where the claim is none under an agreement."""
        return key_named("F9", "key.agreement"), key_named("↑↓", "key.fields")

    def shown_notice(self) -> Notice | None:
        """What there is to say, else why the lenses have their codes."""
        if self.notice is not None or self.told is None:
            return self.notice
        reasons = code_reasons(self.told.completed)
        return Notice(reasons[0], "".join(reasons[1:]), Role.TEXT) if reasons else None

    @property
    def in_progress(self) -> bool:
        """True when leaving would lose something that a person typed."""
        return self.claim is not None and self.claim.started

    def begin(self, claim: ClaimForm | None) -> None:
        """Show another claim, or none."""
        self.claim = claim
        self.saving = self._abandoning = False
        self._asked = self.told = self._saved = None
        self.notice = None
        self._ask_quote()
        self.repaint()

    def press(self, stroke: Stroke) -> None:
        """Type, save or abandon; nothing while the claim is being saved."""
        if self.claim is None or self.saving:
            return
        if stroke.key == "escape":
            self._escape()
        elif stroke.key == "f10" or (stroke.key == "f9" and self.claim.agreement is None):
            self._save(self.claim, asks_agreement=stroke.key == "f9" or self.claim.asks_agreement)
        elif stroke.key == "f4":
            self.orders.show(Page.DETAIL)
        else:
            self._edit(self.claim.form.press(stroke))
        self.repaint()

    def paste(self, text: str) -> None:
        """Type the pasted text."""
        if self.claim is not None and not self.saving:
            self._edit(self.claim.form.paste(text))
            self.repaint()

    def scan(self, code: str) -> bool:
        """The number of an insurer, the code of an article, else a text for the member's field."""
        claim = self.claim
        if claim is None or self.saving:
            return False
        if code in [choice.amc for choice in claim.offer.insurers]:
            choose_insurer(claim, code)
            self._edit(Outcome.CHANGED)
            self.repaint()
        elif _is_lpp(code):
            self.orders.scan(code)
        elif claim.form.active == "member":
            self.paste(code)
        else:
            return super().scan(code)
        return True

    def take_item(self, item: LppItem) -> bool:
        """Put a scanned article in its place; False, with a sentence, where it has none."""
        if self.claim is None or self.saving:
            return False
        refused = "scan_agreement" if self.claim.agreement else None if take_item(self.claim, item) else "scan_no_field"
        return self._taken(Notice(text("scan.item", code=str(item.code)), text("scan.item_todo"), Role.GOOD), refused)

    def take_quote(self, quote: HandedQuote, notice: Notice) -> bool:
        """Put a quote into the claim; False, with a sentence, where it could not be, or not all of it."""
        if self.claim is None or self.saving:
            return False
        if self.claim.agreement is not None:
            return self._taken(notice, "scan_agreement")
        return self._taken(notice, None if take_over(self.claim, quote) else "handed_insurer_unknown")

    def _taken(self, notice: Notice, refused: str | None) -> bool:
        self._edit(Outcome.CHANGED)
        self.say(Notice.of(refused) if refused else notice)
        return refused is None

    def tell_quote(self, entry: ClaimEntry, completed: Completed, answer: QuoteAnswer) -> None:
        """Show who pays what, if it is still the question."""
        if self.claim is None or entry is not self._asked:
            return
        self.told = Told(completed, answer)
        for eye in EYES:
            self.claim.tell_price(eye, completed.plvs.get(eye))
        self._asked = self._entry(self.claim) or self._asked
        self.repaint()

    def refuse_quote(self, entry: object, code: str, facts: dict[str, object]) -> None:
        """Say why there is no quote, without moving the cursor."""
        if entry is self._asked and self.claim is not None:
            self._show_refusal(self.claim, code, facts)

    def refuse_save(self, code: str, facts: dict[str, object]) -> None:
        """The claim was not registered: say why and go to the field that is concerned."""
        self.saving = False
        if self.claim is None:
            return
        self._show_refusal(self.claim, code, facts)
        if code == PossibleDuplicate.code and self._saved is not None:
            insurer = self.claim.insurer
            self.orders.put_beside(self._saved, insurer.name if insurer else "", facts)
        concerned = _concerned(code, facts)
        if concerned and not self.claim.form[concerned].hidden:
            self.claim.form.go(concerned)
        self.repaint()

    def _show_refusal(self, claim: ClaimForm, code: str, facts: dict[str, object]) -> None:
        if code == "tariff_unknown" and facts.get("place") == OTHER:
            code = "other_tariff_unknown"
        elif code == "tariff_unknown":
            kind = str(facts.get("needs"))
            claim.ask_tariff(str(facts.get("place", "od")), kind)
            code = "base_unknown" if kind == "base" else code
        self.say(Notice.of(code, facts))

    def _edit(self, outcome: Outcome) -> None:
        if outcome is Outcome.IGNORED:
            return
        self._abandoning = False
        self.notice = None
        if outcome is Outcome.REFUSED:
            self.notice = Notice.of("entry_refused")
        elif outcome is Outcome.END:
            self.notice = Notice(text("claim.end"), text("claim.end_todo"), Role.TEXT)
        if outcome in (Outcome.CHANGED, Outcome.REFUSED):
            self._ask_quote()

    def _ask_quote(self) -> None:
        entry = self._entry(self.claim) if self.claim is not None else None
        if entry == self._asked:
            return
        self.told, self._asked = None, entry
        if entry is not None:
            self.orders.quote(entry)

    @staticmethod
    def _entry(claim: ClaimForm) -> ClaimEntry | None:
        """What a price depends on: everything but the member number."""
        try:
            return replace(read_entry(claim), member=None)
        except EntryProblem:
            return None

    def _save(self, claim: ClaimForm, *, asks_agreement: bool) -> None:
        self._abandoning = False
        snapshot = self.state.snapshot
        if snapshot is not None and not snapshot.status.clock_trusted and self._agreed_day != snapshot.today:
            self._agreed_day = snapshot.today
            self.notice = Notice.of("clock_untrusted", {"day": snapshot.today}, Role.BAD)
            return
        try:
            entry = replace(read_entry(claim), asks_agreement=asks_agreement)
        except EntryProblem as problem:
            claim.form.go(problem.field_key)
            self.notice = Notice.of(problem.code, problem.facts)
            return
        self.saving = True
        self.notice = Notice(text("claim.saving"), text("claim.saving_wait"), Role.TEXT)
        self._saved = entry
        self.orders.save(entry)

    def _escape(self) -> None:
        if self.in_progress and not self._abandoning:
            self._abandoning = True
            self.notice = Notice(text("claim.abandon"), text("claim.abandon_todo"))
            return
        self.begin(None)
        self.orders.show(Page.HOME)

    def _subject(self) -> tuple[Form, list[FormRow]] | None:
        return (self.claim.form, claim_rows(self.claim, self.state)) if self.claim is not None else None

    def _paint_panel(self, room: Room) -> list[Line]:
        snapshot = self.state.snapshot
        offline = snapshot is not None and snapshot.status.link == "offline"
        return who_pays_lines(self.told.answer if self.told else None, offline=offline, width=room.width)[: room.height]


def _is_lpp(code: str) -> bool:
    try:
        LppCode.parse(code)
    except DomainError:
        return False
    return True


def _concerned(code: str, facts: dict[str, object]) -> str | None:
    """The field that an error is about."""
    place = facts.get("place")
    if place == OTHER:
        return None
    if code == "tariff_unknown":
        return f"{place or 'od'}_{facts.get('needs')}"
    if code in ("correction_out_of_range", "correction_unreadable"):
        return f"{place or 'od'}_written"
    return _FIELD_OF_CODE.get(code) or (f"{place}_price" if place else None)
