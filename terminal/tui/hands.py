"""The scanner, the card that waits and the professional card: what they say, and which screen it is for.

Rules: a scan is one message, whatever the cable: a quote goes into the claim, or waits for the next card where none is
open; any other code goes to the screen in front. Nothing is scanned into a locked terminal. A scanner that types is
caught only when its first key is one that no field takes, so that hands never wait for it. A professional card that is
put in while the terminal is locked is asked for as on the command line. Each sound has its sentence beside it.
"""

from collections.abc import Callable
from time import monotonic

from hardware import CardInserted, CardKind, CardWithdrawn, ReaderEvent, ReaderGone, ScannerError, ServiceLost
from hardware.scanner import Scan, ScanEvent, Scanned, Typed, WedgeAssembler, parse_scan
from terminal.i18n import text
from terminal.tui import messages
from terminal.tui.card_slot import Slot
from terminal.tui.claim_form import ClaimForm
from terminal.tui.crash import code_and_facts
from terminal.tui.form_model import Stroke
from terminal.tui.messages import Job
from terminal.tui.notice import Notice
from terminal.tui.opening import Opened
from terminal.tui.orders import Page
from terminal.tui.own_card_screen import OwnCardScreen
from terminal.tui.pages import Pages
from terminal.tui.spans import Role
from terminal.workflow.handed import HandedQuote, looks_handed

OPENING = ("{", "]")
"""First keys of a scan by a scanner that types: a quote's brace, and the mark that scanners put before a code."""
RHYTHM = 0.3
"""Seconds without a key that end what a scanner types; it leaves some milliseconds, a busy machine a little more."""
WRITING_PAGES = (Page.CLAIM, Page.DETAIL, Page.DUPLICATE)
AGAIN = 10.0
"""Seconds after which a scanner that left is looked for."""


class Hands(Pages):
    """Screens that are handed things."""

    sounds = True
    _scanner_told = False
    _wedge: WedgeAssembler | None = None
    _wedge_at = 0.0
    _handed: HandedQuote | None = None
    _own_reader: str | None = None

    def __init__(self, opening: Callable[[], Opened], reader: str | None, hint: str) -> None:
        super().__init__(opening, reader, hint)
        self.own_card_page = OwnCardScreen(self.facts, self)
        self.pages[Page.OWN_CARD] = self.own_card_page
        for name, page in self.pages.items():
            self.install_screen(page, name)

    def on_unmount(self) -> None:
        """Let the thread end."""
        if self._scanner is not None:
            self._scanner.stop()

    def lock(self) -> None:
        """Forget a quote that waits, and ask again for a card that is in."""
        self._forget_quote()
        super().lock()
        if self._own_reader is not None:
            self.look_at_own_card()

    def open_waiting_card(self) -> None:
        """F5: read the card that waits; asks first when a claim would be lost."""
        slot = self.facts.slot
        if self.locked or slot.reader is None or slot.state not in (Slot.WAITING, Slot.FAILED):
            return
        if self.page in WRITING_PAGES and self.claim_page.in_progress and not self._replace_asked:
            self.show(Page.CLAIM)
            self._replace_asked = True
            self.claim_page.say(Notice(text("claim.replace"), text("claim.replace_todo")))
            return
        self._read_card(by_itself=False)

    def caught(self, stroke: Stroke) -> bool:
        """True for a key of a scanner that types: it is held until the scan is whole, or no scan."""
        if stroke.key == "escape" and self._handed is not None and not self.locked and self.page is Page.HOME:
            self._forget_quote()
            self.home_page.say(Notice(text("scan.forgotten"), text("scan.forgotten_todo"), Role.TEXT))
            return True
        if self.locked or (self._wedge is None and stroke.character not in OPENING):
            return False
        key = "\r" if stroke.key == "enter" else stroke.character
        if key is None:
            self._end_wedge()
            return False
        if self._wedge is None:
            self._wedge = WedgeAssembler(RHYTHM)
            self.set_timer(RHYTHM, self._look_at_wedge)
        self._wedge_at = monotonic()
        complete = self._wedge.press(key, self._wedge_at)
        for said in complete:
            self._take(said)
        if complete:
            self._end_wedge()
        return True

    def pasted(self, pasted: str) -> bool:
        """True for a text that is a quote: it is read as a scan."""
        if self.locked or not looks_handed(pasted):
            return False
        self.read_quote(pasted.strip())
        return True

    def on_scan_came(self, message: messages.ScanCame) -> None:
        """One scan, or a scanner that left."""
        if isinstance(message.event, Scan):
            self._scanner_told = False
            self._scanned(message.event.text)
            return
        code, facts = code_and_facts(message.event)
        if code == "scan_invalid":
            self._alarm(Notice.of(code, facts))
            return
        self._miss_scanner(code, facts)

    def on_quote_handed(self, message: messages.QuoteHanded) -> None:
        """Into the claim that is open, else kept for the next card."""
        if self.locked:
            return
        if self.page is Page.CLAIM and self.claim_page.claim is not None:
            self._fill(message.quote)
            return
        self._handed, self.facts.quote_waits = message.quote, True
        self.ring()
        waits = Notice(_named(message.quote, "scan.waits", "scan.waits_numbered"), text("scan.waits_todo"), Role.GOOD)
        self.front.say(waits)
        if self.page in (Page.HOME, Page.DONE) and self.facts.slot.state in (Slot.READ, Slot.WAITING):
            self._read_card(by_itself=True)

    def on_item_scanned(self, message: messages.ItemScanned) -> None:
        """Into the claim, unless somebody left it meanwhile."""
        if self.page is Page.CLAIM and not self.locked:
            self._sound(good=self.claim_page.take_item(message.item))

    def on_reader_changed(self, message: messages.ReaderChanged) -> None:
        """A professional card came or went."""
        before, self._own_reader = self._own_reader, _own_reader(self._own_reader, message.event)
        if self._own_reader is None and before is not None:
            self.facts.own_card = None
            self.lock_page.offer_card(None)
        elif self._own_reader is not None and before is None:
            self.look_at_own_card()

    def on_own_card_seen(self, message: messages.OwnCardSeen) -> None:
        """Ask for the code of this card; where somebody is logged in, home says what it can be used for."""
        if self._own_reader is None:
            return
        self.facts.own_card = message.card
        self.own_card_page.begin(message.card)
        if self.locked:
            self.lock_page.offer_card(message.card)
        elif self.page is Page.HOME:
            self.front.say(Notice(text("lock.card_in"), text("own_card.offer"), Role.TEXT))

    def on_own_card_added(self, _message: messages.OwnCardAdded) -> None:
        """Say so."""
        self.ring()
        self.own_card_page.ended(Notice(text("own_card.done"), text("own_card.done_todo"), Role.GOOD))

    def on_saved(self, _message: messages.Saved) -> None:
        """One sound; the screen says it."""
        self.ring()

    def on_refused(self, message: messages.Refused) -> None:
        """Two sounds; the screen says why."""
        if message.job is Job.SCANNER:
            message.prevent_default()
        elif message.job is Job.ADD_CARD:
            message.prevent_default()
            self.own_card_page.ended(Notice.of(message.code, message.facts))
            self.ring(2)
            return
        if message.job is Job.SCANNER:
            self._miss_scanner(message.code, dict(message.facts))
        elif message.job not in (Job.QUOTE, Job.SNAPSHOT, Job.USERS):
            self.ring(2)

    def ring(self, times: int = 1) -> None:
        """Sound the terminal's bell, where the shop wants sounds."""
        for _ in range(times if self.sounds else 0):
            self.bell()

    def _open_claim(self, claim: ClaimForm) -> None:
        """A quote that waited goes into a claim that is new."""
        super()._open_claim(claim)
        quote = self._handed
        if quote is not None and claim.replaces is None and claim.agreement is None:
            self._forget_quote()
            self._fill(quote)

    def _fill(self, quote: HandedQuote) -> None:
        notice = Notice(_named(quote, "scan.taken", "scan.taken_numbered"), text("scan.taken_todo"), Role.GOOD)
        self._sound(good=self.claim_page.take_quote(quote, notice))

    def _sound(self, *, good: bool) -> None:
        self.ring(1 if good else 2)

    def _forget_quote(self) -> None:
        self._handed, self.facts.quote_waits = None, False

    def _scanned(self, code: str) -> None:
        if self.locked:
            return
        if looks_handed(code):
            self.read_quote(code)
        else:
            self._sound(good=self.front.scan(code))

    def _alarm(self, notice: Notice) -> None:
        if not self.locked:
            self.front.say(notice)
        self.ring(2)

    def _miss_scanner(self, code: str, facts: dict[str, object]) -> None:
        """Say it once, and look for the scanner from time to time."""
        if not self._scanner_told:
            self._scanner_told = True
            self._alarm(Notice.of(code, facts))
        self.set_timer(AGAIN, self.start_scanner)

    def _take(self, said: Typed | Scanned) -> None:
        """A whole scan, or keys that were a person's after all."""
        if isinstance(said, Scanned):
            self.post_message(messages.ScanCame(_judged(said.text)))
            return
        for key in said.keys:
            self.front.press(Stroke("enter" if key == "\r" else key, None if key == "\r" else key))

    def _look_at_wedge(self) -> None:
        """End it, unless a key came since this look was asked for."""
        if self._wedge is None:
            return
        left = self._wedge_at + RHYTHM - monotonic()
        if left > 0:
            self.set_timer(left, self._look_at_wedge)
        else:
            self._end_wedge()

    def _end_wedge(self) -> None:
        """Nothing came any more: what was held is a person's."""
        wedge, self._wedge = self._wedge, None
        for said in wedge.due(float("inf")) if wedge is not None else ():
            self._take(said)


def _judged(typed: str) -> ScanEvent:
    try:
        return parse_scan(typed)
    except ScannerError as error:
        return error


def _named(quote: HandedQuote, plain: str, numbered: str) -> str:
    """A sentence, with the quote's number where it has one."""
    return text(numbered, number=quote.reference) if quote.reference else text(plain)


def _own_reader(known: str | None, event: ReaderEvent) -> str | None:
    """The reader with the professional card, after this event."""
    match event:
        case CardInserted(reader, CardKind.CPS):
            return reader
        case CardWithdrawn(reader) | ReaderGone(reader) if reader == known:
            return None
        case ServiceLost():
            return None
    return known
