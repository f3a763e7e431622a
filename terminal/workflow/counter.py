"""`Counter`: the acts of the counter behind one door, for the screens and the command line.

Rules: it holds no rule of its own; each act has its module. Calls may block; screens make them from workers.
"""

from collections.abc import Callable, Sequence
from datetime import date, datetime

from hardware import ReaderEvent, Watch
from hardware.scanner import ScanEvent
from sync.contract.events import RefusalReason
from terminal.domain.choice import LensChoice, choose_lens
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import ItemClass, LensType, LppItem
from terminal.domain.notation import WrittenEye
from terminal.domain.roles import Role
from terminal.domain.search import Search
from terminal.domain.ticket import CustomerTicket
from terminal.vault import Account
from terminal.workflow.access import log_in
from terminal.workflow.answer_request import leaving, provide, refuse, waiting_requests
from terminal.workflow.correct import cancel_claim, release_claim, reopen_draft
from terminal.workflow.desk import Desk
from terminal.workflow.earlier import earlier_claim
from terminal.workflow.erase import erase_in_passing
from terminal.workflow.follow_up import abandon_claim, begin_act, follow_up, request_cancellation
from terminal.workflow.handed import HandedQuote, OwnCard
from terminal.workflow.handover import read_scan
from terminal.workflow.hands import add_own_card, own_card, unlock_by_card, watch_scanner
from terminal.workflow.hear import take_in
from terminal.workflow.identify import read_people
from terminal.workflow.models import default_models
from terminal.workflow.recipients import choice_of
from terminal.workflow.search import find
from terminal.workflow.settle import settle_chains
from terminal.workflow.submit import quote_draft, register
from terminal.workflow.tickets import print_ticket, ticket_of
from terminal.workflow.track import status_of, totals_of, worklist_of
from terminal.workflow.types import (
    AskedDocument,
    DayTotals,
    Draft,
    DuplicateReason,
    EarlierClaim,
    FollowAct,
    FollowUp,
    Found,
    InsurerChoice,
    Leaving,
    Model,
    Person,
    Provided,
    QuoteAnswer,
    Settled,
    Status,
    Submitted,
    UserName,
    WorkItem,
)


class Counter:
    """The counter of one terminal (see `CounterPort` for what each act promises)."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    @property
    def user(self) -> UserName | None:
        """Who is logged in."""
        account = self._desk.vault.user
        return _name_of(account) if account else None

    def users(self) -> tuple[UserName, ...]:
        """The accounts of this terminal."""
        return tuple(_name_of(account) for account in self._desk.vault.accounts.all())

    def unlock(self, user_id: str, pin: str) -> None:
        """Open the shop key for this user; PinWrong otherwise."""
        log_in(self._desk, user_id, pin)
        erase_in_passing(self._desk)

    def lock(self) -> None:
        """Forget the shop key."""
        self._desk.vault.lock()

    def status(self) -> Status:
        """The state of queue, line, clock, disk and device secret."""
        return status_of(self._desk)

    def readers(self) -> tuple[str, ...]:
        """The names of the readers."""
        return self._desk.cards.readers()

    def watch_cards(self, post: Callable[[ReaderEvent], None]) -> Watch:
        """Call `post`, from another thread, at every change in the readers."""
        return self._desk.cards.watch(post)

    def read_card(self, reader: str) -> tuple[Person, ...]:
        """The people on the Vitale card in `reader`."""
        return read_people(self._desk.cards, reader)

    def watch_scanner(self, post: Callable[[ScanEvent], None]) -> Watch | None:
        """Call `post`, from another thread, with every scan."""
        return watch_scanner(self._desk, post)

    def read_handover(self, text: str) -> HandedQuote:
        """The quote that a scan or a paste holds."""
        return read_scan(text, self._desk.catalogue)

    def lpp_item(self, code: str) -> LppItem:
        """What the catalogue of today knows of a code."""
        return self._desk.catalogue.item(LppCode.parse(code))

    def own_card(self) -> OwnCard:
        """The professional card that is in."""
        return own_card(self._desk)

    def unlock_by_card(self, user_id: str, card_pin: str | None) -> None:
        """Open the shop key by this user's professional card."""
        unlock_by_card(self._desk, user_id, card_pin)
        erase_in_passing(self._desk)

    def add_own_card(self, card_pin: str | None) -> None:
        """Let the professional card open the shop key for whoever is logged in."""
        add_own_card(self._desk, card_pin)

    def insurers(self) -> tuple[InsurerChoice, ...]:
        """The insurers this terminal is enrolled with."""
        return tuple(choice_of(record, self._desk.today()) for record in self._desk.home.insurers.all())

    def models(self) -> tuple[Model, ...]:
        """The shop's equipment models."""
        return default_models()

    def lens_choice(self, lens_type: LensType, item_class: ItemClass, eye: WrittenEye) -> LensChoice:
        """The LPP item for an eye and the reason, by the catalogue of today; the correction goes no further."""
        lenses = self._desk.tariffs.on(self._desk.today()).lenses()
        return choose_lens(lenses, lens_type, item_class, eye)

    def quote(self, draft: Draft, replaces: str | None = None) -> QuoteAnswer:
        """Who pays what, and what else there is to say."""
        return quote_draft(self._desk, draft, replaces)

    def submit(self, draft: Draft, replaces: str | None = None, despite: DuplicateReason | None = None) -> Submitted:
        """Make the claim durable, then return."""
        return register(self._desk, draft, replaces, despite)

    def earlier_claim(self, claim_id: str) -> EarlierClaim:
        """An earlier claim, to compare."""
        return earlier_claim(self._desk, claim_id)

    def reopen(self, claim_id: str) -> Draft:
        """The draft of a claim that may still be corrected."""
        return reopen_draft(self._desk, claim_id)

    def follow_up(self, claim_id: str) -> FollowUp:
        """What became of a claim."""
        return follow_up(self._desk, claim_id)

    def begin_act(self, claim_id: str, act: FollowAct) -> tuple[Draft, str | None]:
        """The draft that an act begins with."""
        return begin_act(self._desk, claim_id, act)

    def request_cancellation(self, claim_id: str) -> None:
        """Ask the insurer to cancel a claim."""
        request_cancellation(self._desk, claim_id)

    def abandon(self, claim_id: str) -> None:
        """Give up a claim that was turned down."""
        abandon_claim(self._desk, claim_id)

    def cancel(self, claim_id: str) -> None:
        """Void a claim that has not left."""
        cancel_claim(self._desk, claim_id)

    def release(self, claim_id: str) -> None:
        """Queue a recovered claim."""
        release_claim(self._desk, claim_id)

    def ticket(self, claim_id: str) -> CustomerTicket:
        """The customer's ticket of a claim."""
        return ticket_of(self._desk, claim_id)

    def print_ticket(self, lines: Sequence[str], code: str) -> None:
        """Send a ticket to the shop's printer."""
        print_ticket(self._desk, lines, code)

    def settle_chains(self) -> Settled:
        """Agree that stopped chains are settled, and settle them."""
        return settle_chains(self._desk)

    def requests(self) -> tuple[AskedDocument, ...]:
        """The document requests that wait."""
        return waiting_requests(self._desk)

    def leaving(self, request_id: str) -> Leaving:
        """What would leave for a request."""
        return leaving(self._desk, request_id)

    def provide(self, request_id: str, given: Provided) -> None:
        """Answer a request."""
        provide(self._desk, request_id, given)

    def refuse_request(self, request_id: str, reason: RefusalReason) -> None:
        """Refuse a request."""
        refuse(self._desk, request_id, reason)

    def worklist(self, limit: int = 50) -> tuple[WorkItem, ...]:
        """The newest claims, those that need a person first, after what insurers said was taken in."""
        take_in(self._desk)
        return worklist_of(self._desk, limit)

    def find(self, wanted: Search, before: int | None = None) -> Found:
        """The next claims of a search, after what insurers said was taken in for the first of them."""
        if before is None:
            take_in(self._desk)
        return find(self._desk, wanted, before)

    def totals_today(self) -> DayTotals:
        """The day's figures."""
        return totals_of(self._desk)

    def today(self) -> date:
        """The civil day in France."""
        return self._desk.today()

    def now(self) -> datetime:
        """The instant, aware UTC."""
        return self._desk.now()


def _name_of(account: Account) -> UserName:
    return UserName(account.id, account.name, account.role.sees_dossiers, account.role is Role.RESPONSIBLE)
