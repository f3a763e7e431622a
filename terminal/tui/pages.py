"""The screens, and what the workers' messages change in them.

Rules: one screen of each kind lives as long as the program; the lock hides them and loses nothing: a claim being
written waits in memory for the user who began it. A card opens its claim by itself only where nothing is being typed;
elsewhere it waits for F5.
"""

from collections.abc import Callable, Mapping

from terminal.i18n import text
from terminal.tui import messages
from terminal.tui.card_slot import CardSlot, Slot
from terminal.tui.claim_entry import ClaimEntry
from terminal.tui.claim_form import ClaimForm
from terminal.tui.claim_refill import refill
from terminal.tui.claim_screen import ClaimScreen
from terminal.tui.counter_screen import CounterScreen
from terminal.tui.data_screen import DataScreen, DifferenceScreen
from terminal.tui.day_screen import DayScreen
from terminal.tui.detail_screen import DetailScreen
from terminal.tui.doctor_screen import DoctorScreen
from terminal.tui.done_screen import DoneScreen
from terminal.tui.duplicate_screen import DuplicateScreen
from terminal.tui.enrol_screen import EnrolScreen
from terminal.tui.follow_screen import FollowScreen
from terminal.tui.help_screen import HelpScreen
from terminal.tui.home_screen import HomeScreen
from terminal.tui.identify_screen import IdentifyScreen
from terminal.tui.insurers_screen import InsurersScreen
from terminal.tui.lock_screen import LockScreen
from terminal.tui.menu_screen import MenuScreen
from terminal.tui.messages import Job
from terminal.tui.notice import Notice
from terminal.tui.opening import Opened
from terminal.tui.orders import Page
from terminal.tui.queue_screen import QueueScreen, settled_notice
from terminal.tui.request_screen import RequestScreen
from terminal.tui.requests_screen import RequestsScreen
from terminal.tui.search_screen import SearchScreen
from terminal.tui.spans import Role
from terminal.tui.state import CounterState
from terminal.tui.ticket_screen import TicketScreen
from terminal.tui.wishes import Wishes
from terminal.tui.work_lines import short_number
from terminal.workflow.office import Difference
from terminal.workflow.types import Person

_IDLE_PAGES = (Page.HOME, Page.DONE)
_LISTS = (Page.QUEUE, Page.SEARCH, Page.DUPLICATE)
"""Where a claim can be opened from."""


class Pages(Wishes):
    """Screens, and the way from one to the other. `page` is the one in front, or behind the lock."""

    page = Page.HOME
    locked = True
    helping = False
    _user_id: str | None = None
    _opened_by_itself = False
    _replace_asked = False

    def __init__(self, opening: Callable[[], Opened], reader: str | None, hint: str) -> None:
        super().__init__(opening)
        self.facts = CounterState(slot=CardSlot(reader))
        self.lock_page = LockScreen(self.facts, self, hint)
        self.home_page = HomeScreen(self.facts, self)
        self.identify_page = IdentifyScreen(self.facts, self)
        self.claim_page = ClaimScreen(self.facts, self)
        self.detail_page = DetailScreen(self.facts, self, lambda: self.claim_page.told)
        self.done_page = DoneScreen(self.facts, self)
        self.ticket_page = TicketScreen(self.facts, self)
        self.queue_page = QueueScreen(self.facts, self)
        self.follow_page = FollowScreen(self.facts, self)
        self.duplicate_page = DuplicateScreen(self.facts, self, lambda: self.claim_page.told)
        self.search_page = SearchScreen(self.facts, self)
        self.requests_page = RequestsScreen(self.facts, self)
        self.request_page = RequestScreen(self.facts, self)
        self.difference_page = DifferenceScreen(self.facts, self)
        self.menu_page = MenuScreen(self.facts, self)
        self.help_page = HelpScreen(self.facts, self)
        self.pages = self._by_name()
        self._drafts: dict[str, ClaimForm] = {}

    def _by_name(self) -> dict[Page, CounterScreen]:
        return {
            Page.LOCK: self.lock_page,
            Page.HOME: self.home_page,
            Page.IDENTIFY: self.identify_page,
            Page.CLAIM: self.claim_page,
            Page.DETAIL: self.detail_page,
            Page.DONE: self.done_page,
            Page.TICKET: self.ticket_page,
            Page.QUEUE: self.queue_page,
            Page.FOLLOW: self.follow_page,
            Page.SEARCH: self.search_page,
            Page.DUPLICATE: self.duplicate_page,
            Page.REQUESTS: self.requests_page,
            Page.REQUEST: self.request_page,
            Page.MENU: self.menu_page,
            Page.DAY: DayScreen(self.facts, self),
            Page.DATA: DataScreen(self.facts, self),
            Page.DIFFERENCE: self.difference_page,
            Page.INSURERS: InsurersScreen(self.facts, self),
            Page.ENROL: EnrolScreen(self.facts, self),
            Page.DOCTOR: DoctorScreen(self.facts, self),
            Page.HELP: self.help_page,
        }

    @property
    def front(self) -> CounterScreen:
        """The screen that takes the keys."""
        return self.help_page if self.helping else self._covered

    @property
    def _covered(self) -> CounterScreen:
        return self.lock_page if self.locked else self.pages[self.page]

    def show(self, page: Page) -> None:
        """Put a screen in front, or behind the lock."""
        self.page = page
        self._replace_asked = self.helping = False
        self._bring()

    def open_help(self) -> None:
        """F1: help about the screen in front; a second one closes it."""
        if self.helping:
            self.close_help()
            return
        self.help_page.begin(Page.LOCK if self.locked else self.page, self._covered)
        self.helping = True
        self._bring()

    def close_help(self) -> None:
        """Give back the screen that the help page covers."""
        self.helping = False
        self._bring()

    def show_claim(self, row: int) -> None:
        """The queue, with the claim of a row of home selected."""
        self.show(Page.QUEUE)
        self.queue_page.select(row)

    def lock(self) -> None:
        """Hide everything and forget the shop key."""
        if self.locked:
            return
        self.locked, self.helping = True, False
        self.facts.user, self.facts.responsible = "", False
        self.lock_page.reset(draft_kept=self.claim_page.in_progress)
        self.search_page.reset()
        self.act_lock()
        self.read_users()
        self._bring()

    def put_beside(self, entry: ClaimEntry, insurer: str, facts: Mapping[str, object]) -> None:
        """Show an entry beside the earlier claim that it looks like, unless somebody went elsewhere meanwhile."""
        if self.page is Page.CLAIM:
            self.duplicate_page.begin(entry, insurer, facts)
            self.show(Page.DUPLICATE)

    def drop_claim(self) -> None:
        """Forget the claim being written."""
        self.claim_page.begin(None)
        self.home_page.notice = Notice(text("duplicate.dropped"), text("duplicate.dropped_todo"), Role.GOOD)
        self.show(Page.HOME)

    def leave(self) -> None:
        """End the program."""
        self.exit(0)

    def begin(self, person: Person) -> None:
        """Begin a claim for a person whose card is not there."""
        self._opened_by_itself = False
        self.open_person(person)

    def enrolled(self, said: Notice) -> None:
        """Back to the enrolments, unless somebody went elsewhere meanwhile; the insurer is there for the next claim."""
        self.pages[Page.INSURERS].notice = said
        if self.page is Page.ENROL:
            self.show(Page.INSURERS)

    def show_difference(self, found: Difference) -> None:
        """Show it, unless somebody went elsewhere meanwhile."""
        if self.page is Page.DATA:
            self.difference_page.begin(found)
            self.show(Page.DIFFERENCE)

    def data_accepted(self, said: Notice) -> None:
        """Back to the data in force; the next quote is made with them."""
        self.pages[Page.DATA].notice = said
        if self.page is Page.DIFFERENCE:
            self.show(Page.DATA)
        self.take_snapshot()

    def on_users_read(self, message: messages.UsersRead) -> None:
        """List the accounts."""
        self.lock_page.offer(message.users)

    def on_snapshot_taken(self, message: messages.SnapshotTaken) -> None:
        """Draw the new facts."""
        self.facts.snapshot = message.snapshot
        self.front.repaint()

    def on_reader_changed(self, message: messages.ReaderChanged) -> None:
        """A card came or went."""
        inserted = self.facts.slot.apply(message.event)
        if inserted and not self.locked and self.page in _IDLE_PAGES:
            self._read_card(by_itself=True)
        self.front.repaint()

    def on_unlocked(self, message: messages.Unlocked) -> None:
        """Back to where this user was."""
        self.locked = self.helping = False
        self.lock_page.reset(draft_kept=False)
        self.facts.user, self.facts.responsible = message.user.name, message.user.responsible
        if message.user.id != self._user_id:
            self._change_user(message.user.id)
        self._bring()
        self.take_snapshot()
        if self.page is Page.HOME and self.facts.slot.state is Slot.WAITING:
            self._read_card(by_itself=True)

    def on_locked(self) -> None:
        """The figures that only a user may see go."""
        self.take_snapshot()

    def on_offer_ready(self, message: messages.OfferReady) -> None:
        """Open the claim, unless somebody began to type meanwhile."""
        if self._opened_by_itself and self.page not in _IDLE_PAGES:
            self.facts.slot.became(Slot.WAITING)
            self.front.repaint()
            return
        if message.offer.people[0].source == "card":
            self.facts.slot.became(Slot.READ)
        self.identify_page.reset()
        self._open_claim(ClaimForm(message.offer))

    def on_draft_reopened(self, message: messages.DraftReopened) -> None:
        """Correct the claim in the same form, or go on with it."""
        claim = refill(message.offer, message.draft, message.replaces)
        if message.act == "change_insurer":
            claim.form.go("insurer")
        self._open_claim(claim)

    def on_followed(self, message: messages.Followed) -> None:
        """Show it, unless somebody left the queue meanwhile; say what an act came to."""
        if self.page not in _LISTS and self.page is not Page.FOLLOW:
            return
        if self.page in _LISTS:
            self.follow_page.back = self.page
        self.follow_page.begin(message.followed)
        if message.done is not None:
            done = f"follow.done_{message.done}"
            self.follow_page.notice = Notice(text(done), text(f"{done}_todo"), Role.GOOD)
            self.take_snapshot()
        self.show(Page.FOLLOW)

    def on_quoted(self, message: messages.Quoted) -> None:
        """Show who pays what."""
        self.claim_page.tell_quote(message.entry, message.completed, message.answer)
        self.detail_page.repaint()

    def on_saved(self, message: messages.Saved) -> None:
        """Only now is the claim "enregistrée"."""
        self.done_page.begin(message.submitted, message.person)
        self.claim_page.begin(None)
        self.facts.slot.became(Slot.HAND_BACK)
        self.show(Page.DONE)
        self.take_snapshot()

    def on_cancelled(self, message: messages.Cancelled) -> None:
        """Say that nothing leaves."""
        number = short_number(message.number)
        self.home_page.notice = Notice(text("cancel.done", number=number), text("cancel.done_todo"), Role.GOOD)
        self.show(Page.HOME)
        self.take_snapshot()

    def on_ticket_read(self, message: messages.TicketRead) -> None:
        """Show it, unless somebody went elsewhere meanwhile."""
        if self.page is Page.DONE:
            self.ticket_page.begin(message.ticket)
            self.show(Page.TICKET)

    def on_ticket_printed(self) -> None:
        """Say so where it was asked."""
        self.ticket_page.printed(Notice(text("ticket.printed"), text("ticket.printed_todo"), Role.GOOD))

    def on_released(self, message: messages.Released) -> None:
        """Say that it leaves, and until when it can be taken back."""
        number = short_number(message.number)
        self.queue_page.say(Notice(text("release.done", number=number), text("release.done_todo"), Role.GOOD))
        self.take_snapshot()

    def on_chains_settled(self, message: messages.ChainsSettled) -> None:
        """Say what became of the stopped chains, on the queue and where the person is now."""
        notice = settled_notice(message.settled)
        self.queue_page.settled(notice)
        if self.page is not Page.QUEUE and not self.locked:
            self.front.say(notice)
        self.take_snapshot()

    def on_request_opened(self, message: messages.RequestOpened) -> None:
        """Show it, unless somebody left the list meanwhile."""
        if self.page is Page.REQUESTS:
            self.request_page.begin(message.asked, message.leaving)
            self.show(Page.REQUEST)

    def on_request_decided(self, message: messages.RequestDecided) -> None:
        """Back to the list, which says that the answer is sealed."""
        done = text("request.provided" if message.provided else "request.refused")
        self.requests_page.notice = Notice(done, text("request.decided_todo"), Role.GOOD)
        if self.page is Page.REQUEST:
            self.show(Page.REQUESTS)
        self.take_snapshot()

    def on_refused(self, message: messages.Refused) -> None:
        """Say why, where it was asked."""
        facts = dict(message.facts)
        match message.job:
            case Job.UNLOCK:
                self.lock_page.refuse(message.code, facts)
            case Job.QUOTE:
                self.claim_page.refuse_quote(message.subject, message.code, facts)
            case Job.SAVE:
                self._refuse_save(message.code, facts)
            case Job.DECIDE | Job.PRINT as job:
                tell = {Job.DECIDE: self.request_page.refuse, Job.PRINT: self.ticket_page.printed}[job]
                tell(Notice.of(message.code, facts))
            case Job.SETTLE:
                self.queue_page.settled(Notice.of(message.code, facts, Role.BAD))
            case Job.SNAPSHOT if message.code == "locked":
                self.take_snapshot()
            case Job.OPEN_CARD:
                self.facts.slot.became(Slot.FAILED)
                self.front.say(Notice.of(message.code, facts))
            case _:
                self.front.say(Notice.of(message.code, facts))

    def _refuse_save(self, code: str, facts: dict[str, object]) -> None:
        """Back to the claim, from wherever it was to be registered."""
        if self.page is Page.DUPLICATE:
            self.show(Page.CLAIM)
        self.claim_page.refuse_save(code, facts)

    def _bring(self) -> None:
        stack = self.screen_stack  # empty while the application closes
        if stack and stack[-1] is not self.front:
            self.switch_screen(self.front)
        self.front.repaint()

    def _read_card(self, *, by_itself: bool) -> None:
        slot = self.facts.slot
        if slot.reader is not None:
            self._opened_by_itself = by_itself
            slot.became(Slot.READING)
            self.open_card(slot.reader)
            self.front.repaint()

    def _open_claim(self, claim: ClaimForm) -> None:
        self.claim_page.begin(claim)
        self.show(Page.CLAIM)

    def _change_user(self, user_id: str) -> None:
        """Keep the claim of the user who left, and bring back that of the one who comes."""
        if self._user_id is not None and self.claim_page.in_progress and self.claim_page.claim is not None:
            self._drafts[self._user_id] = self.claim_page.claim
        if self._user_id is not None:
            self.claim_page.begin(self._drafts.pop(user_id, None))
            self.identify_page.reset()
            self.page = Page.CLAIM if self.claim_page.claim is not None else Page.HOME
        self._user_id = user_id
