"""What screens ask of the application and workers do: each wish handed on, no screen touched.

Rules: every call returns at once; what becomes of a wish comes back as a message to `Pages`.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from terminal.domain.search import Search
from terminal.domain.ticket import CustomerTicket
from terminal.tui.claim_entry import ClaimEntry
from terminal.tui.hand_jobs import HandJobs
from terminal.tui.notice import Notice
from terminal.workflow.followed import FollowAct
from terminal.workflow.types import (
    AskedDocument,
    DuplicateReason,
    EarlierClaim,
    Found,
    Provided,
    UserName,
)

if TYPE_CHECKING:
    from terminal.workflow.types import RefusalReason


class Wishes(HandJobs):
    """The wishes of screens that need no other screen."""

    def unlock(self, user: UserName, pin: str) -> None:
        """Open the shop key."""
        self.act_unlock(user, pin)

    def find(
        self, wanted: Search, before: int | None, tell: Callable[[Found], None], refuse: Callable[[Notice], None]
    ) -> None:
        """Look for claims."""
        self.ask_beside("find", lambda: self.counter.find(wanted, before), tell, refuse)

    def quote(self, entry: ClaimEntry) -> None:
        """Compute who pays what."""
        self.compute_quote(entry)

    def save(self, entry: ClaimEntry, *, despite: DuplicateReason | None = None) -> None:
        """Register the claim."""
        self.act_save(entry, despite=despite)

    def compare(self, claim_id: str, tell: Callable[[EarlierClaim], None], refuse: Callable[[Notice], None]) -> None:
        """Read an earlier claim."""
        self.ask_beside("compare", lambda: self.counter.earlier_claim(claim_id), tell, refuse)

    def correct(self, claim_id: str) -> None:
        """Reopen a claim that has not left."""
        self.reopen(claim_id)

    def follow(self, claim_id: str) -> None:
        """Show what became of a claim."""
        self.read_follow_up(claim_id)

    def begin_act(self, claim_id: str, act: FollowAct) -> None:
        """Open the form that an act on a claim begins with."""
        self.reopen_for(claim_id, act)

    def request_cancellation(self, claim_id: str) -> None:
        """Ask the insurer to cancel a claim."""
        self.act_request_cancellation(claim_id)

    def abandon(self, claim_id: str) -> None:
        """Put a refusal aside, or an agreement."""
        self.act_abandon(claim_id)

    def cancel(self, claim_id: str, number: str) -> None:
        """Void a claim that has not left."""
        self.act_cancel(claim_id, number)

    def open_ticket(self, claim_id: str) -> None:
        """Show the customer's ticket of a claim."""
        self.read_ticket(claim_id)

    def print_ticket(self, ticket: CustomerTicket) -> None:
        """Print it."""
        self.print_now(ticket)

    def release(self, claim_id: str, number: str) -> None:
        """Queue a recovered claim."""
        self.act_release(claim_id, number)

    def settle(self) -> None:
        """Settle stopped chains."""
        self.settle_now()

    def open_request(self, asked: AskedDocument) -> None:
        """Show a document request and what would leave for it."""
        self.read_request(asked)

    def provide(self, asked: AskedDocument, given: Provided) -> None:
        """Answer a document request."""
        self.act_provide(asked.request_id, given)

    def refuse_request(self, asked: AskedDocument, reason: "RefusalReason") -> None:
        """Refuse a document request."""
        self.act_refuse_request(asked.request_id, reason)
