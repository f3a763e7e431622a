"""What passes between the screens or the command line and the workflow.

Rules: plain frozen values; a person's data never shows in a repr; money in integer cents; instants are aware UTC,
days are civil days in France. A correction is no part of a `Draft`: it has chosen the LPP codes and is gone. The kind
of prescriber and the ground of a renewal are in a `Draft` because they decide; nothing keeps or sends them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Literal, Protocol

from hardware import ReaderEvent, Watch
from terminal.domain.agreement import Agreement
from terminal.domain.choice import LensChoice
from terminal.domain.identifiers import Nir
from terminal.domain.lpp import ItemClass, LensType
from terminal.domain.notation import WrittenEye
from terminal.domain.prescription import Prescriber
from terminal.domain.pricing import Quote
from terminal.domain.renewal import Ground, Renewal
from terminal.domain.search import Search
from terminal.domain.ticket import CustomerTicket
from terminal.workflow import followed
from terminal.workflow.handed import HandsPort
from terminal.workflow.offer import ClassAOffer

if TYPE_CHECKING:
    from sync.contract.events import DocumentAnswer as DocumentAnswer  # noqa: PLC0414 - for the screens
    from sync.contract.events import DocumentKind
    from sync.contract.events import RefusalReason as RefusalReason  # noqa: PLC0414 - for the screens
    from terminal.catalogue import Catalogue

Item = Literal["frame", "lens", "supplement", "contact_lenses"]
Eye = Literal["right", "left"]
Link = Literal["online", "offline", "unknown"]
Sender = Literal["working", "starting", "stuck", "missing"]
ClaimKind = followed.ClaimKind
WorkItem = followed.WorkItem
FollowAct = followed.FollowAct
FollowUp = followed.FollowUp
Found = followed.Found
DuplicateReason = followed.DuplicateReason
EarlierClaim = followed.EarlierClaim


@dataclass(frozen=True, slots=True)
class UserName:
    """An account as the lock screen lists it."""

    id: str
    name: str
    sees_dossiers: bool = True
    responsible: bool = False


@dataclass(frozen=True, slots=True)
class Person:
    """Who is served.

    `birth_date_raw` is YYYYMMDD as on the card, perhaps lunar; `birth_date` is what age is reckoned from, None when the
    card's field cannot be read as a date at all: it must then be typed.
    """

    surname: str = field(repr=False)
    given_name: str = field(repr=False)
    birth_date: date | None = field(repr=False)
    birth_date_raw: str = field(repr=False)
    nir: Nir = field(repr=False)
    rank: int
    source: Literal["card", "typed"]


@dataclass(frozen=True, slots=True)
class DraftLine:
    """One thing sold: `price` in cents for the line.

    `plv` or `base` are typed, with the reason, where the catalogue's are unknown.
    """

    item: Item
    eye: Eye | None
    lpp_code: str
    price: int
    quantity: int = 1
    plv: int | None = None
    plv_reason: str | None = None
    base: int | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """A claim being written. `member` is the adherent number, or None to send the insurer's keyed pseudonym.

    `service_date` is the day of delivery, None today. The last deliveries are as the customer says; none is "not told".
    `model` and `lens_type` are what the form showed, so that a correction shows the same form again. `asks_agreement`:
    it asks the insurer beforehand; `agreement` is what was answered, where this is the delivery.
    """

    person: Person
    prescription_date: date | None
    amo_rate: int
    lines: tuple[DraftLine, ...]
    insurer: str
    contract_id: str
    member: str | None = field(default=None, repr=False)
    service_date: date | None = None
    prescriber: Prescriber = field(default="physician", repr=False)
    last_glasses: date | None = None
    last_contact_lenses: Mapping[Eye, date] = field(default_factory=dict)
    ground: Ground | None = field(default=None, repr=False)
    model: int | None = field(default=None, compare=False)
    lens_type: LensType | None = field(default=None, compare=False)
    asks_agreement: bool = False
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class Delivered:
    """An earlier delivery of the same kind to the same person, from this shop: its day, and its number if known."""

    day: date
    number: str
    claim_id: str = ""


@dataclass(frozen=True, slots=True)
class QuoteAnswer:
    """All that a quote says: who pays what, the class A equipment where one is owed, the renewal where one was told.

    `catalogue` is the one that was applied; `earlier` what this shop delivered to the person before, newest first.
    """

    quote: Quote
    offer: ClassAOffer | None
    renewal: Renewal | None
    catalogue: "Catalogue"
    earlier: tuple[Delivered, ...] = ()
    agreement: Agreement | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """A claim that is durable: its id, the number told to people, what the customer pays, when it leaves by itself.

    `earlier`: what this shop delivered to the person before; a question for the person at the counter. `kind`: what was
    registered; a preauthorisation is paid by nobody yet.
    """

    claim_id: str
    number: str
    reste_a_charge: int
    leaves_at: datetime
    earlier: tuple[Delivered, ...] = ()
    kind: ClaimKind = "claim"


@dataclass(frozen=True, slots=True)
class ContractChoice:
    """A guarantee of an insurer, as its profile names it."""

    id: str
    label: str


@dataclass(frozen=True, slots=True)
class InsurerChoice:
    """An insurer this terminal is enrolled with. `refused`: why its profile cannot be used; it then has no contract."""

    amc: str
    name: str
    contracts: tuple[ContractChoice, ...]
    refused: tuple[str, Mapping[str, str | int]] | None = None


@dataclass(frozen=True, slots=True)
class Model:
    """An equipment the shop sells often: its codes and prices fill the form in one key. Unknown prices are None."""

    number: int
    label: str
    item_class: Literal["A", "B", "mixed", "contact_lenses"]
    lens_type: LensType | None
    frame_code: str | None
    lens_class: ItemClass | None
    lens_code: str | None
    frame_price: int | None
    lens_price: int | None


@dataclass(frozen=True, slots=True)
class DataAge:
    """The age of the reference data: when a repository last confirmed them, None before the first time.

    `late`: that is too long ago, or the word was to hold until earlier; `waiting`: something of it is not in force.
    """

    checked_at: datetime | None
    late: bool
    waiting: bool


@dataclass(frozen=True, slots=True)
class Status:
    """What the two status lines say. `waiting_cents` is None while nobody is logged in.

    `stopped`: why nothing is numbered for some insurer (a code); `backup_late`: the last good backup is too old.
    `reserve_spent`: the medium is full, and new claims are refused until there is room.
    `damaged`: a check at the start found something wrong with store or counterfoil.
    `data`: how old the reference data are, None in a terminal that takes none.
    `unproved`: so many claims have a receipt whose log proof is late, or cannot come.
    `sender`: the service that sends; `warned`, `alarmed`: claims without receipt after five and eight working days.
    """

    waiting: int
    waiting_cents: int | None
    oldest: datetime | None
    rejected: int
    last_receipt_at: datetime | None
    link: Link
    clock_trusted: bool
    disk_free_percent: int
    device_secret: str
    device_secret_weak: bool
    stopped: str | None = None
    backup_late: bool = False
    reserve_spent: bool = False
    damaged: bool = False
    data: DataAge | None = None
    unproved: int = 0
    sender: Sender = "working"
    warned: int = 0
    alarmed: int = 0


@dataclass(frozen=True, slots=True)
class AskedDocument:
    """A request as the counter shows it; `late` once its deadline has passed. Ground and deadline are the insurer's."""

    request_id: str
    insurer: str
    claim_id: str
    number: str
    state: str
    document: "DocumentKind | None"
    ground: str
    deadline: date | None
    late: bool
    insurer_name: str = ""


@dataclass(frozen=True, slots=True)
class Provided:
    """What the responsible person gives: the member of the document's kind; codes come from the dossier."""

    last_equipment_date: date | None = None
    early_renewal: bool | None = None
    invoice_reference: str | None = None


@dataclass(frozen=True, slots=True)
class Leaving:
    """What an answer to a request would say, but for what is typed; `last_glasses`: the date that the dossier has."""

    answer: "DocumentAnswer"
    last_glasses: date | None = None


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of stopped chains: counts of claims; `by_service` when the service does it; a code per insurer else.

    `settled` were received already, `renumbered` get another number, `resumed` are sent again, `elsewhere` were
    received from another copy of this terminal.
    """

    by_service: bool = False
    settled: int = 0
    renumbered: int = 0
    resumed: int = 0
    elsewhere: int = 0
    errors: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DayTotals:
    """Counts and cents of the day's claims."""

    registered: int
    registered_cents: int
    sent: int
    sent_cents: int
    waiting: int
    waiting_cents: int
    rejected: int
    rejected_cents: int


class CounterPort(HandsPort, Protocol):
    """What a screen may ask. Every call may block on card, disk or key derivation: call it from a worker."""

    @property
    def user(self) -> UserName | None:
        """Who is logged in."""

    def users(self) -> tuple[UserName, ...]:
        """The accounts of this terminal."""

    def unlock(self, user_id: str, pin: str) -> None:
        """Open the shop key for this user; sync.errors.PinWrong otherwise."""

    def lock(self) -> None:
        """Forget the shop key."""

    def status(self) -> Status:
        """The state of queue, line, clock, disk and device secret."""

    def readers(self) -> tuple[str, ...]:
        """The names of the readers."""

    def watch_cards(self, post: Callable[[ReaderEvent], None]) -> Watch:
        """Call `post`, from another thread, at every change in the readers."""

    def read_card(self, reader: str) -> tuple[Person, ...]:
        """The people on the Vitale card in `reader`; HardwareError otherwise."""

    def insurers(self) -> tuple[InsurerChoice, ...]:
        """The insurers this terminal is enrolled with, in order of enrolment."""

    def models(self) -> tuple[Model, ...]:
        """The shop's equipment models."""

    def lens_choice(self, lens_type: LensType, item_class: ItemClass, eye: WrittenEye) -> LensChoice:
        """The LPP item for an eye and the reason; DomainError when there is none."""

    def quote(self, draft: Draft, replaces: str | None = None) -> QuoteAnswer:
        """Who pays what; DomainError when it cannot be said. `replaces`: the claim that it corrects."""

    def submit(self, draft: Draft, replaces: str | None = None, despite: DuplicateReason | None = None) -> Submitted:
        """Make the claim durable, then return; voids `replaces` first when given. `despite`: why it is no duplicate."""

    def earlier_claim(self, claim_id: str) -> EarlierClaim:
        """An earlier claim, to compare; ClaimUnknown when its dossier was erased."""

    def reopen(self, claim_id: str) -> Draft:
        """The draft of a claim that may still be corrected; ClaimNotCorrectable otherwise."""

    def follow_up(self, claim_id: str) -> FollowUp:
        """What became of a claim; ClaimUnknown when its dossier was erased."""

    def begin_act(self, claim_id: str, act: FollowAct) -> tuple[Draft, str | None]:
        """The draft that an act begins with, and the claim it will replace; ClaimNotCorrectable otherwise."""

    def request_cancellation(self, claim_id: str) -> None:
        """Ask the insurer to cancel a claim that it has; ClaimNotCorrectable otherwise."""

    def abandon(self, claim_id: str) -> None:
        """Give up a claim that was turned down, or an agreement; ClaimNotCorrectable otherwise."""

    def cancel(self, claim_id: str) -> None:
        """Void a claim that has not left; ClaimNotCorrectable otherwise."""

    def release(self, claim_id: str) -> None:
        """Queue a recovered claim with its bytes; ClaimNotHeld otherwise."""

    def ticket(self, claim_id: str) -> CustomerTicket:
        """The customer's ticket of a claim; ClaimUnknown."""

    def print_ticket(self, lines: Sequence[str], code: str) -> None:
        """Send a ticket to the shop's printer, its first line as the title; PrinterUnset, HardwareError."""

    def settle_chains(self) -> Settled:
        """A person agrees that stopped chains are settled, now; RoleRefused. Waits for the line."""

    def requests(self) -> tuple[AskedDocument, ...]:
        """The document requests that wait for a decision, the nearest deadline first."""

    def leaving(self, request_id: str) -> Leaving:
        """What would leave for a request; RequestUnknown, RequestDecided."""

    def provide(self, request_id: str, given: Provided) -> None:
        """Answer a request, for the responsible person; RoleRefused, RequestDecided, InputInvalid."""

    def refuse_request(self, request_id: str, reason: "RefusalReason") -> None:
        """Refuse a request, for the responsible person; RoleRefused, RequestDecided."""

    def worklist(self, limit: int = 50) -> tuple[WorkItem, ...]:
        """The newest claims, those that need a person first."""

    def find(self, wanted: Search, before: int | None = None) -> Found:
        """The next claims of a search, newest first; many calls may find none before it is over."""

    def totals_today(self) -> DayTotals:
        """The day's figures."""

    def today(self) -> date:
        """The civil day in France."""

    def now(self) -> datetime:
        """The instant, aware UTC."""
