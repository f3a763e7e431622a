"""Everything that may block, in threads that belong to the application.

Rules: a thread calls the counter and posts messages, nothing else; acts that change something (unlock, lock, save,
cancel) run one after the other in the order in which they were asked for, so that locking waits for a claim that is
being written; an error becomes a code, never a crash.
"""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

from textual import work
from textual.message import Message
from textual.worker import get_current_worker

from hardware import ReaderEvent, Watch
from terminal.domain.ticket import CustomerTicket
from terminal.tui.claim_entry import ClaimEntry, complete, submitted
from terminal.tui.claim_form import Offer
from terminal.tui.crash import code_and_facts
from terminal.tui.messages import (
    ActEnded,
    Cancelled,
    ChainsSettled,
    CounterOpened,
    DraftReopened,
    Followed,
    Job,
    Locked,
    OfferReady,
    Quoted,
    ReaderChanged,
    Refused,
    Released,
    RequestDecided,
    RequestOpened,
    Saved,
    SnapshotTaken,
    TicketPrinted,
    TicketRead,
    Unlocked,
    UsersRead,
)
from terminal.tui.notice import Notice
from terminal.tui.opening import Opened
from terminal.tui.quiet_app import QuietApp
from terminal.tui.state import Snapshot
from terminal.wording import ticket_lines
from terminal.workflow.followed import FollowAct, FollowUp
from terminal.workflow.office import OfficePort
from terminal.workflow.types import (
    AskedDocument,
    CounterPort,
    DuplicateReason,
    Person,
    Provided,
    UserName,
)

if TYPE_CHECKING:
    from terminal.workflow.types import RefusalReason

Answer = TypeVar("Answer")


class Jobs(QuietApp):
    """An application that works for a counter, once it is open."""

    counter: CounterPort
    office: OfficePort | None = None
    not_opened: Exception | None = None
    """Why the counter could not be opened; the application then ends."""

    def __init__(self, opening: Callable[[], Opened]) -> None:
        super().__init__()
        self._opening = opening
        self._watch: Watch | None = None
        self._acts: deque[Callable[[], None]] = deque()
        self._act_runs = False

    @work(thread=True, exclusive=True, exit_on_error=False, group="opening")
    def open_counter(self) -> None:
        """Answers CounterOpened, or ends the application."""
        try:
            self.post_message(CounterOpened(self._opening()))
        except Exception as error:  # whoever runs the screens says it: there is no counter to say it at
            self.not_opened = error
            self.call_later(self.exit)

    @work(thread=True, exclusive=True, exit_on_error=False, group="users")
    def read_users(self) -> None:
        """Answers UsersRead."""
        self._report(Job.USERS, self.counter.users, UsersRead)

    @work(thread=True, exclusive=True, exit_on_error=False, group="snapshot")
    def take_snapshot(self) -> None:
        """Answers SnapshotTaken."""
        self._report(Job.SNAPSHOT, lambda: Snapshot.take(self.counter), SnapshotTaken)

    @work(thread=True, exclusive=True, exit_on_error=False, group="watch")
    def start_watch(self) -> None:
        """Answers ReaderChanged for every event from now on."""
        try:
            self._watch = self.counter.watch_cards(self._tell_reader)
        except Exception as error:  # every failure of a driver is told, none ends the screen
            self.post_message(Refused(Job.WATCH, *code_and_facts(error)))

    def stop_watch(self) -> None:
        """End the thread that watches the readers."""
        if self._watch is not None:
            self._watch.stop()

    @work(thread=True, exclusive=True, exit_on_error=False, group="open")
    def open_card(self, reader: str) -> None:
        """Answers OfferReady with the people on the card."""
        self._report(Job.OPEN_CARD, lambda: self._offer(self.counter.read_card(reader)), OfferReady)

    @work(thread=True, exclusive=True, exit_on_error=False, group="open")
    def open_person(self, person: Person) -> None:
        """Answers OfferReady for one typed person."""
        self._report(Job.OPEN_PERSON, lambda: self._offer((person,)), OfferReady)

    @work(thread=True, exclusive=True, exit_on_error=False, group="open")
    def reopen(self, claim_id: str) -> None:
        """Answers DraftReopened."""

        def draft_and_offer() -> DraftReopened:
            draft = self.counter.reopen(claim_id)
            return DraftReopened(self._offer((draft.person,)), draft, claim_id)

        self._report(Job.REOPEN, draft_and_offer, lambda message: message)

    @work(thread=True, exclusive=True, exit_on_error=False, group="open")
    def reopen_for(self, claim_id: str, act: FollowAct) -> None:
        """Answers DraftReopened."""

        def draft_and_offer() -> DraftReopened:
            draft, replaces = self.counter.begin_act(claim_id, act)
            return DraftReopened(self._offer((draft.person,)), draft, replaces, act)

        self._report(Job.FOLLOW, draft_and_offer, lambda message: message)

    @work(thread=True, exclusive=True, exit_on_error=False, group="open")
    def read_follow_up(self, claim_id: str) -> None:
        """Answers Followed."""
        self._report(Job.FOLLOW, lambda: self.counter.follow_up(claim_id), Followed)

    @work(thread=True, exclusive=True, exit_on_error=False, group="open")
    def read_request(self, asked: AskedDocument) -> None:
        """Answers RequestOpened."""
        self._report(
            Job.OPEN_REQUEST,
            lambda: self.counter.leaving(asked.request_id),
            lambda leaving: RequestOpened(asked, leaving),
        )

    @work(thread=True, exclusive=True, exit_on_error=False, group="open")
    def read_ticket(self, claim_id: str) -> None:
        """Answers TicketRead."""
        self._report(Job.OPEN_TICKET, lambda: self.counter.ticket(claim_id), TicketRead)

    @work(thread=True, exit_on_error=False, group="print")
    def print_now(self, ticket: CustomerTicket) -> None:
        """Answers TicketPrinted."""
        lines = ticket_lines(ticket)
        self._report(Job.PRINT, lambda: self.counter.print_ticket(lines, ticket.code), lambda _none: TicketPrinted())

    @work(thread=True, exit_on_error=False, group="settle")
    def settle_now(self) -> None:
        """Answers ChainsSettled. It waits for the line and needs no shop key: locking does not wait for it."""
        self._report(Job.SETTLE, self.counter.settle_chains, ChainsSettled)

    @work(thread=True, exclusive=True, exit_on_error=False, group="quote")
    def compute_quote(self, entry: ClaimEntry) -> None:
        """Answers Quoted for this entry."""

        def quoted() -> Quoted:
            completed = complete(entry, self.counter)
            answer = completed.naming_places(lambda draft: self.counter.quote(draft, entry.replaces))
            return Quoted(entry, completed, answer)

        self._report(Job.QUOTE, quoted, lambda message: message, subject=entry)

    def ask(
        self,
        about: str,
        call: Callable[[OfficePort], Answer],
        tell: Callable[[Answer], None],
        refuse: Callable[[Notice], None],
    ) -> None:
        """Answers Answered, with what the back of the shop said or with why it did not."""
        office = self.office
        if office is not None:
            self.ask_beside(about, lambda: call(office), tell, refuse)

    def act_unlock(self, user: UserName, pin: str) -> None:
        """Answers Unlocked."""
        self._act(Job.UNLOCK, lambda: self.counter.unlock(user.id, pin), lambda _none: Unlocked(user))

    def act_lock(self) -> None:
        """Forgets the shop key once the acts before it are over."""
        self._act(Job.LOCK, self.counter.lock, lambda _none: Locked())

    def act_save(self, entry: ClaimEntry, *, despite: DuplicateReason | None) -> None:
        """Answers Saved, once the claim is durable."""
        self._act(
            Job.SAVE,
            lambda: submitted(entry, self.counter, despite=despite),
            lambda done: Saved(done, entry.person),
        )

    def act_request_cancellation(self, claim_id: str) -> None:
        """Answers Followed, once the request is durable."""
        self._act_on(claim_id, "request_cancellation", self.counter.request_cancellation)

    def act_abandon(self, claim_id: str) -> None:
        """Answers Followed."""
        self._act_on(claim_id, "abandon", self.counter.abandon)

    def _act_on(self, claim_id: str, act: FollowAct, do: Callable[[str], None]) -> None:
        def done() -> FollowUp:
            do(claim_id)
            return self.counter.follow_up(claim_id)

        self._act(Job.FOLLOW, done, lambda followed: Followed(followed, act))

    def act_cancel(self, claim_id: str, number: str) -> None:
        """Answers Cancelled."""
        self._act(Job.CANCEL, lambda: self.counter.cancel(claim_id), lambda _none: Cancelled(claim_id, number))

    def act_release(self, claim_id: str, number: str) -> None:
        """Answers Released."""
        self._act(Job.RELEASE, lambda: self.counter.release(claim_id), lambda _none: Released(number))

    def act_provide(self, request_id: str, given: Provided) -> None:
        """Answers RequestDecided, once the answer is durable."""
        self._act(
            Job.DECIDE,
            lambda: self.counter.provide(request_id, given),
            lambda _none: RequestDecided(provided=True),
        )

    def act_refuse_request(self, request_id: str, reason: "RefusalReason") -> None:
        """Answers RequestDecided, once the refusal is durable."""
        self._act(
            Job.DECIDE,
            lambda: self.counter.refuse_request(request_id, reason),
            lambda _none: RequestDecided(provided=False),
        )

    def on_act_ended(self) -> None:
        """Begin the next act."""
        self._act_runs = False
        self._next_act()

    def _act(self, job: Job, call: Callable[[], Answer], tell: Callable[[Answer], Message]) -> None:
        self._acts.append(lambda: self._report(job, call, tell))
        self._next_act()

    def _next_act(self) -> None:
        if self._acts and not self._act_runs:
            self._act_runs = True
            self._run_act(self._acts.popleft())

    @work(thread=True, exit_on_error=False, group="act")
    def _run_act(self, act: Callable[[], None]) -> None:
        try:
            act()
        finally:
            self.post_message(ActEnded())

    def _offer(self, people: tuple[Person, ...]) -> Offer:
        return Offer(people, self.counter.insurers(), self.counter.models(), self.counter.today())

    def _tell_reader(self, event: ReaderEvent) -> None:
        self.post_message(ReaderChanged(event))

    def _report(
        self, job: Job, call: Callable[[], Answer], tell: Callable[[Answer], Message], subject: object = None
    ) -> None:
        worker = get_current_worker()
        try:
            message = tell(call())
        except Exception as error:  # whatever happened becomes a sentence; the claim is still on the screen
            message = Refused(job, *code_and_facts(error), subject)
        if not worker.is_cancelled:
            self.post_message(message)
