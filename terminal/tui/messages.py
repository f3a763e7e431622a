"""What workers tell the application, one class a fact.

Rules: a worker posts and never touches a screen; a failure carries a code and facts without personal data, never the
exception; no message shows a person in its repr.
"""

from collections.abc import Callable, Mapping
from enum import Enum, auto

from textual.message import Message

from hardware import ReaderEvent
from hardware.scanner import ScanEvent
from terminal.domain.lpp import LppItem
from terminal.domain.ticket import CustomerTicket
from terminal.tui.claim_entry import ClaimEntry, Completed
from terminal.tui.claim_form import Offer
from terminal.tui.opening import Opened
from terminal.tui.state import Snapshot
from terminal.workflow.handed import HandedQuote, OwnCard
from terminal.workflow.types import (
    AskedDocument,
    Draft,
    FollowAct,
    FollowUp,
    Leaving,
    Person,
    QuoteAnswer,
    Settled,
    Submitted,
    UserName,
)


class Job(Enum):
    """What was asked of the counter."""

    USERS = auto()
    SNAPSHOT = auto()
    WATCH = auto()
    UNLOCK = auto()
    LOCK = auto()
    OPEN_CARD = auto()
    OPEN_PERSON = auto()
    REOPEN = auto()
    FOLLOW = auto()
    QUOTE = auto()
    SAVE = auto()
    CANCEL = auto()
    RELEASE = auto()
    SETTLE = auto()
    OPEN_TICKET = auto()
    PRINT = auto()
    OPEN_REQUEST = auto()
    DECIDE = auto()
    SCANNER = auto()
    SCAN = auto()
    OWN_CARD = auto()
    ADD_CARD = auto()


class Fact(Message):
    """Base of the messages of workers."""


class CounterOpened(Fact):
    """There is a counter."""

    def __init__(self, opened: Opened) -> None:
        super().__init__()
        self.opened = opened


class UsersRead(Fact):
    """The accounts of this terminal."""

    def __init__(self, users: tuple[UserName, ...]) -> None:
        super().__init__()
        self.users = users


class SnapshotTaken(Fact):
    """New facts for every screen."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__()
        self.snapshot = snapshot


class ReaderChanged(Fact):
    """Something happened at a reader."""

    def __init__(self, event: ReaderEvent) -> None:
        super().__init__()
        self.event = event


class ScanCame(Fact):
    """The scanner said something, or left."""

    def __init__(self, event: ScanEvent) -> None:
        super().__init__()
        self.event = event


class QuoteHanded(Fact):
    """A scan or a paste was a quote."""

    def __init__(self, quote: HandedQuote) -> None:
        super().__init__()
        self.quote = quote


class ItemScanned(Fact):
    """A scan was a code of the nomenclature."""

    def __init__(self, item: LppItem) -> None:
        super().__init__()
        self.item = item


class OwnCardSeen(Fact):
    """A professional card is in, and this is how its PIN is given."""

    def __init__(self, card: OwnCard) -> None:
        super().__init__()
        self.card = card


class OwnCardAdded(Fact):
    """The professional card opens the account of whoever is logged in."""


class Unlocked(Fact):
    """The shop key is open for this user."""

    def __init__(self, user: UserName) -> None:
        super().__init__()
        self.user = user


class Locked(Fact):
    """The shop key is forgotten."""


class OfferReady(Fact):
    """A claim can begin: people, insurers and models."""

    def __init__(self, offer: Offer) -> None:
        super().__init__()
        self.offer = offer


class DraftReopened(Fact):
    """A draft with what it can be made of, the claim it will replace, and the act that it begins."""

    def __init__(self, offer: Offer, draft: Draft, replaces: str | None, act: FollowAct = "correct") -> None:
        super().__init__()
        self.offer = offer
        self.draft = draft
        self.replaces = replaces
        self.act = act


class Followed(Fact):
    """What became of a claim; `done`: the act after which it was read, if it was one."""

    def __init__(self, followed: FollowUp, done: FollowAct | None = None) -> None:
        super().__init__()
        self.followed = followed
        self.done = done


class Quoted(Fact):
    """Who pays what, for exactly this entry."""

    def __init__(self, entry: ClaimEntry, completed: Completed, answer: QuoteAnswer) -> None:
        super().__init__()
        self.entry = entry
        self.completed = completed
        self.answer = answer


class Saved(Fact):
    """The claim is durable."""

    def __init__(self, submitted: Submitted, person: Person) -> None:
        super().__init__()
        self.submitted = submitted
        self.person = person


class Cancelled(Fact):
    """The claim will not leave."""

    def __init__(self, claim_id: str, number: str) -> None:
        super().__init__()
        self.claim_id = claim_id
        self.number = number


class Released(Fact):
    """A recovered claim is queued."""

    def __init__(self, number: str) -> None:
        super().__init__()
        self.number = number


class ChainsSettled(Fact):
    """What became of the stopped chains."""

    def __init__(self, settled: Settled) -> None:
        super().__init__()
        self.settled = settled


class TicketRead(Fact):
    """The customer's ticket of a claim."""

    def __init__(self, ticket: CustomerTicket) -> None:
        super().__init__()
        self.ticket = ticket


class TicketPrinted(Fact):
    """The printer took all of it."""


class RequestOpened(Fact):
    """A document request, and what would leave for it."""

    def __init__(self, asked: AskedDocument, leaving: Leaving) -> None:
        super().__init__()
        self.asked = asked
        self.leaving = leaving


class RequestDecided(Fact):
    """The answer to a document request is durable: `provided`, or refused."""

    def __init__(self, *, provided: bool) -> None:
        super().__init__()
        self.provided = provided


class Answered(Fact):
    """The back of the shop answered: `tell` hands the answer to the screen that asked."""

    def __init__(self, tell: Callable[[], None]) -> None:
        super().__init__()
        self.tell = tell


class ActEnded(Fact):
    """An act on the counter is over, whatever came of it: the next one may begin."""


class Refused(Fact):
    """A job did not succeed: `code` has a French sentence, `facts` fill it. `subject` is the entry that was refused."""

    def __init__(self, job: Job, code: str, facts: Mapping[str, object], subject: object = None) -> None:
        super().__init__()
        self.job = job
        self.code = code
        self.facts = facts
        self.subject = subject
