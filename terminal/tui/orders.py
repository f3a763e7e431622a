"""What a screen may ask of the application.

Rules: every call returns at once; what takes time comes back as a message. Screens know this and not the application,
so that each can be read alone.
"""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol, TypeVar

from terminal.domain.search import Search
from terminal.domain.ticket import CustomerTicket
from terminal.tui.claim_entry import ClaimEntry
from terminal.tui.notice import Notice
from terminal.workflow.followed import FollowAct
from terminal.workflow.office import Difference, OfficePort
from terminal.workflow.types import (
    AskedDocument,
    DuplicateReason,
    EarlierClaim,
    Found,
    Person,
    Provided,
    UserName,
)

if TYPE_CHECKING:
    from terminal.workflow.types import RefusalReason

Answer = TypeVar("Answer")


class Page(StrEnum):
    """The screens."""

    LOCK = "lock"
    OWN_CARD = "own_card"
    HOME = "home"
    IDENTIFY = "identify"
    CLAIM = "claim"
    DETAIL = "detail"
    DUPLICATE = "duplicate"
    DONE = "done"
    TICKET = "ticket"
    QUEUE = "queue"
    FOLLOW = "follow"
    SEARCH = "search"
    REQUESTS = "requests"
    REQUEST = "request"
    MENU = "menu"
    DAY = "day"
    INSURERS = "insurers"
    ENROL = "enrol"
    DATA = "data"
    DIFFERENCE = "difference"
    DOCTOR = "doctor"
    HELP = "help"


class Orders(Protocol):
    """The application, as screens see it."""

    def show(self, page: Page) -> None:
        """Put a screen in front."""

    def show_claim(self, row: int) -> None:
        """Put the queue in front, with the claim of this row selected."""

    def close_help(self) -> None:
        """Give back the screen that the help page covers."""

    def unlock(self, user: UserName, pin: str) -> None:
        """Open the shop key."""

    def unlock_by_card(self, user: UserName, card_pin: str | None) -> None:
        """Open the shop key by the user's professional card."""

    def add_own_card(self, card_pin: str | None) -> None:
        """Let the professional card that is in open the account of whoever is logged in."""

    def leave(self) -> None:
        """End the program."""

    def enrolled(self, said: Notice) -> None:
        """Show the enrolments, with what came of one."""

    def show_difference(self, found: Difference) -> None:
        """Show what newer data would change."""

    def data_accepted(self, said: Notice) -> None:
        """Show the data in force, with what came of a decision."""

    def ask(
        self,
        about: str,
        call: Callable[[OfficePort], Answer],
        tell: Callable[[Answer], None],
        refuse: Callable[[Notice], None],
    ) -> None:
        """Put a question to the back of the shop; a newer one `about` the same takes its place."""

    def find(
        self, wanted: Search, before: int | None, tell: Callable[[Found], None], refuse: Callable[[Notice], None]
    ) -> None:
        """Look for claims, from `before` on; a newer search takes its place."""

    def begin(self, person: Person) -> None:
        """Begin a claim for a person whose card is not there."""

    def quote(self, entry: ClaimEntry) -> None:
        """Compute who pays what."""

    def save(self, entry: ClaimEntry, *, despite: DuplicateReason | None = None) -> None:
        """Register the claim; `despite`: why it is none that this shop had already."""

    def compare(self, claim_id: str, tell: Callable[[EarlierClaim], None], refuse: Callable[[Notice], None]) -> None:
        """Read an earlier claim, to be put beside the one being written."""

    def scan(self, code: str) -> None:
        """Find out what a code is that was scanned on a screen which takes several kinds."""

    def put_beside(self, entry: ClaimEntry, insurer: str, facts: Mapping[str, object]) -> None:
        """Show an entry beside the earlier claim that it looks like."""

    def drop_claim(self) -> None:
        """Forget the claim being written: it was registered before."""

    def correct(self, claim_id: str) -> None:
        """Reopen a claim that has not left."""

    def follow(self, claim_id: str) -> None:
        """Show what became of a claim."""

    def begin_act(self, claim_id: str, act: FollowAct) -> None:
        """Open the form that an act on a claim begins with."""

    def request_cancellation(self, claim_id: str) -> None:
        """Ask the insurer to cancel a claim."""

    def abandon(self, claim_id: str) -> None:
        """Put a refusal aside, or an agreement."""

    def cancel(self, claim_id: str, number: str) -> None:
        """Void a claim that has not left."""

    def open_ticket(self, claim_id: str) -> None:
        """Show the customer's ticket of a claim."""

    def print_ticket(self, ticket: CustomerTicket) -> None:
        """Print it."""

    def release(self, claim_id: str, number: str) -> None:
        """Queue a recovered claim."""

    def settle(self) -> None:
        """Settle stopped chains."""

    def open_request(self, asked: AskedDocument) -> None:
        """Show a document request and what would leave for it."""

    def provide(self, asked: AskedDocument, given: Provided) -> None:
        """Answer a document request."""

    def refuse_request(self, asked: AskedDocument, reason: "RefusalReason") -> None:
        """Refuse a document request."""
