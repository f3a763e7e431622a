"""A counter in memory whose moments can be chosen: offline for half an hour, two rejections, a claim one minute old.

Rules: used for pictures, for text snapshots and for what a real counter cannot be brought to at will; prices and lens
codes come from the real domain and catalogue. All people are invented and their NIR are of commune 999. The flows are
tested on the real counter.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from hardware import CardInserted, CardKind, ReaderAdded, ReaderEvent, Watch
from sync.contract.events import DocumentAnswer, DocumentKind, Opening, RefusalReason
from sync.errors import ClaimNotCorrectable, PinWrong
from terminal.domain.choice import LensChoice, choose_lens
from terminal.domain.identifiers import Nir
from terminal.domain.lpp import ItemClass, LensType
from terminal.domain.notation import WrittenEye
from terminal.domain.pricing import QuoteInput, price_quote
from terminal.domain.rights import Contract, Grid
from terminal.domain.search import Search
from terminal.domain.ticket import CustomerTicket, TicketCode
from terminal.workflow.conditions import Conditions, Sold, judge_conditions
from terminal.workflow.followed import EarlierLine
from terminal.workflow.lines import line_inputs
from terminal.workflow.models import default_models
from terminal.workflow.offer import class_a_offer
from terminal.workflow.tickets import PrinterUnset
from terminal.workflow.types import (
    AskedDocument,
    ClaimKind,
    ContractChoice,
    DayTotals,
    Delivered,
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
from tests.tui.scene_hands import CATALOGUE, SceneHands, Still

NOW = datetime(2026, 11, 21, 13, 32, tzinfo=UTC)
TODAY = date(2026, 11, 21)
READER = "Emulated 00 00"
PIN = "2468"
GRID = Grid(frame=10000, lens={"simple": 8000, "complexe": 13000, "tres_complexe": 16000})


def nir(thirteen: str) -> Nir:
    """The NIR of thirteen digits, its key computed."""
    return Nir.parse(f"{thirteen}{97 - int(thirteen) % 97:02}")


MARIE = Person("DUPONT", "MARIE", date(1984, 5, 3), "19840503", nir("2840575999001"), 1, "card")
LEO = Person("DUPONT", "LEO", date(2015, 2, 9), "20150209", nir("2840575999001"), 2, "card")
MOON = Person("BENALI", "AMINE", None, "19680000", nir("1682075999002"), 1, "card")


def item_of(number: str, name: str, state: str, cents: int, insurer: str) -> WorkItem:
    """A claim of the list."""
    begun = NOW - AGES[number]
    leaves = begun + timedelta(minutes=1)
    correctable = state == "queued" and leaves > NOW
    reason = REASONS.get(number)
    held = reason == "recovered"
    return WorkItem(number, f"2026-{number}", name, insurer, cents, state, reason, begun, leaves, correctable, held)


AGES = {
    "0412": timedelta(days=2),
    "0398": timedelta(days=3),
    "0417": timedelta(hours=5),
    "0433": timedelta(seconds=20),
    "0432": timedelta(minutes=3),
    "0431": timedelta(minutes=6),
    "0430": timedelta(minutes=48),
}
REASONS = {"0412": "recipient_unknown", "0398": "package_invalid", "0417": "recovered"}
ITEMS = (
    item_of("0412", "DUPONT Marie", "rejected", 18420, "Santé Claire"),
    item_of("0398", "LEROY Paul", "rejected", 5580, "Harmonie du Test"),
    item_of("0417", "NGUYEN Linh", "blocked", 9500, "Mutuelle Essai"),
    item_of("0433", "MOREAU Zoé", "queued", 9500, "Santé Claire"),
    item_of("0432", "PETIT Hugo", "queued", 22260, "Mutuelle Essai"),
    item_of("0431", "BERNARD Alice", "sending", 9500, "Santé Claire"),
    item_of("0430", "ROUX Inès", "acknowledged", 12000, "Santé Claire"),
)
ONLINE = Status(3, 41260, NOW - timedelta(minutes=6), 2, NOW - timedelta(minutes=1), "online", True, 71, "file", True)
OFFLINE = replace(
    ONLINE,
    waiting=7,
    waiting_cents=118420,
    oldest=NOW - timedelta(minutes=130),
    last_receipt_at=NOW - timedelta(minutes=30),
    link="offline",
)
GROUND = "Contrôle après paiement, convention article 12 ; pièce demandée pour cette seule demande"
RENEWAL = "Vérification du délai de renouvellement, arrêté du 3 décembre 2018"
CLAIRE, ESSAI = "Santé Claire", "Mutuelle Essai"
TOTALS = DayTotals(21, 374780, 15, 299820, 3, 41260, 3, 33500)


SALT = "5a" * 32


def _asked(number: str, document: DocumentKind, ground: str, deadline: date, insurer: str) -> AskedDocument:
    claim, request = f"01JC0000000000000000000{number}", f"01JD0000000000000000000{number}"
    late = deadline < TODAY
    return AskedDocument(
        request, "99100001", claim, f"2026-0{number}", "open", document, ground, deadline, late, insurer
    )


ASKED = (
    _asked("412", "early_renewal", GROUND, date(2026, 11, 20), CLAIRE),
    _asked("430", "lpp_code", GROUND, date(2026, 12, 5), CLAIRE),
    _asked("391", "last_equipment_date", RENEWAL, date(2026, 12, 12), ESSAI),
    _asked("377", "invoice_reference", RENEWAL, date(2026, 12, 31), ESSAI),
)


STOPPED = replace(ONLINE, stopped="fork", link="online")


@dataclass
class SceneCounter(SceneHands):
    """A `CounterPort` whose answers are its fields."""

    facts: Status = ONLINE
    items: tuple[WorkItem, ...] = ITEMS
    people: tuple[Person, ...] = (MARIE, LEO)
    failure: Exception | None = None
    """What reading the card raises."""
    card_present: bool = False
    submitted: list[tuple[Draft, str | None]] = field(default_factory=list)
    cancelled: list[str] = field(default_factory=list)
    released: list[str] = field(default_factory=list)
    followed: dict[str, FollowUp] = field(default_factory=dict)
    begun: list[tuple[str, FollowAct]] = field(default_factory=list)
    asked_back: list[str] = field(default_factory=list)
    abandoned: list[str] = field(default_factory=list)
    wanted: tuple[AskedDocument, ...] = ()
    decided: list[tuple[str, Provided | RefusalReason]] = field(default_factory=list)
    outcome: Settled = field(default_factory=lambda: Settled(settled=2, renumbered=1))
    """What settling stopped chains comes to."""
    settlements: int = 0
    printed: list[tuple[str, ...]] | None = None
    """None where no printer is set."""
    before_settling: Callable[[], None] = lambda: None
    before_submit: Callable[[], None] = lambda: None
    names: tuple[UserName, ...] = (
        UserName("camille", "Camille D.", responsible=True),
        UserName("nadia", "Nadia K."),
        UserName("thomas", "Thomas R."),
    )
    earlier: tuple[Delivered, ...] = ()
    despite: DuplicateReason | None = None
    post: Callable[[ReaderEvent], None] | None = None

    def users(self) -> tuple[UserName, ...]:
        """Three of them."""
        return self.names

    def unlock(self, user_id: str, pin: str) -> None:
        """One PIN for all."""
        if pin != PIN:
            raise PinWrong
        self.user = next(user for user in self.names if user.id == user_id)

    def lock(self) -> None:
        """Nobody any more."""
        self.user = None

    def status(self) -> Status:
        """The chosen moment."""
        return self.facts if self.user else replace(self.facts, waiting_cents=None)

    def readers(self) -> tuple[str, ...]:
        """One reader."""
        return (READER,)

    def watch_cards(self, post: Callable[[ReaderEvent], None]) -> Watch:
        """Tell what is there; later events come through `post`."""
        self.post = post
        post(ReaderAdded(READER))
        if self.card_present:
            post(CardInserted(READER, CardKind.VITALE_2))
        return Still()

    def insert(self) -> None:
        """A card comes."""
        self.card_present = True
        assert self.post is not None
        self.post(CardInserted(READER, CardKind.VITALE_2))

    def read_card(self, reader: str) -> tuple[Person, ...]:
        """The chosen people, or the chosen failure."""
        assert reader == READER
        if self.failure is not None:
            raise self.failure
        return self.people

    def insurers(self) -> tuple[InsurerChoice, ...]:
        """Two insurers."""
        contracts = (ContractChoice("base", "Responsable"), ContractChoice("plus", "Confort"))
        return InsurerChoice("99100001", "Santé Claire", contracts), InsurerChoice(
            "99100002", "Mutuelle Essai", contracts[:1]
        )

    def models(self) -> tuple[Model, ...]:
        """Those every shop starts with."""
        return default_models()

    def lens_choice(self, lens_type: LensType, item_class: ItemClass, eye: WrittenEye) -> LensChoice:
        """From the real catalogue."""
        return choose_lens(CATALOGUE.lenses(), lens_type, item_class, eye)

    def quote(self, draft: Draft, replaces: str | None = None) -> QuoteAnswer:
        """By the real pricing, with the real offer and the real conditions."""
        born = draft.person.birth_date
        assert born is not None
        contract = Contract(kind="responsable", grid=GRID, real_cost=False)
        asked = QuoteInput(TODAY, born, draft.amo_rate, contract, line_inputs(draft.lines, CATALOGUE))
        known = Conditions(None, draft.prescriber, draft.last_glasses, draft.ground)
        sold = [Sold(line.item, line.eye) for line in draft.lines]
        return QuoteAnswer(
            quote=price_quote(asked, TODAY),
            offer=class_a_offer(asked, CATALOGUE, TODAY),
            renewal=judge_conditions(known, TODAY, born, sold),
            catalogue=CATALOGUE,
            earlier=() if replaces else self.earlier,
        )

    def earlier_claim(self, claim_id: str) -> EarlierClaim:
        """One with another frame."""
        lines = (
            EarlierLine("frame", None, "2223342", 2500),
            EarlierLine("lens", "right", "2201946", 3250),
            EarlierLine("lens", "left", "2201946", 3250),
        )
        return EarlierClaim(claim_id, "2026-0214", TODAY - timedelta(days=200), CLAIRE, "paid", lines, 9000, 7290)

    def submit(self, draft: Draft, replaces: str | None = None, despite: DuplicateReason | None = None) -> Submitted:
        """Remember the draft."""
        self.despite = despite
        self.before_submit()
        quote = self.quote(draft).quote
        self.submitted.append((draft, replaces))
        number = f"2026-{433 + len(self.submitted):04}"
        kind: ClaimKind = "preauthorisation" if draft.asks_agreement else "claim"
        leaves = NOW + timedelta(seconds=100)
        return Submitted(number, number, quote.total.reste_a_charge, leaves, kind=kind)

    def reopen(self, claim_id: str) -> Draft:
        """The last draft."""
        if not self.submitted:
            raise ClaimNotCorrectable(claim_id=claim_id)
        return self.submitted[-1][0]

    def follow_up(self, claim_id: str) -> FollowUp:
        """The chosen one."""
        return self.followed[claim_id]

    def begin_act(self, claim_id: str, act: FollowAct) -> tuple[Draft, str | None]:
        """The last draft."""
        self.begun.append((claim_id, act))
        return self.reopen(claim_id), claim_id

    def request_cancellation(self, claim_id: str) -> None:
        """Remember the id."""
        self.asked_back.append(claim_id)

    def abandon(self, claim_id: str) -> None:
        """Remember the id."""
        self.abandoned.append(claim_id)

    def cancel(self, claim_id: str) -> None:
        """Remember the id."""
        self.cancelled.append(claim_id)

    def release(self, claim_id: str) -> None:
        """Remember the id."""
        self.released.append(claim_id)

    def ticket(self, claim_id: str) -> CustomerTicket:
        """Of the last claim."""
        total = self.quote(self.submitted[-1][0]).quote.total
        code = TicketCode("019f0000-0000-7000-8000-000000000434", "5a" * 32).text()
        return CustomerTicket(
            claim_id, "Optique du Marché", CLAIRE, TODAY, total.price, total.amo, total.amc, total.reste_a_charge, code
        )

    def print_ticket(self, lines: Sequence[str], code: str) -> None:
        """Remember it, unless there is no printer."""
        if self.printed is None:
            raise PrinterUnset
        self.printed.append((*lines, code))

    def settle_chains(self) -> Settled:
        """The chosen outcome; the chains go on."""
        self.before_settling()
        self.settlements += 1
        self.facts = replace(self.facts, stopped=None)
        return self.outcome

    def requests(self) -> tuple[AskedDocument, ...]:
        """The chosen requests, but for those that were decided."""
        decided = {request_id for request_id, _ in self.decided}
        return tuple(one for one in self.wanted if one.request_id not in decided)

    def leaving(self, request_id: str) -> Leaving:
        """An answer to the request, with two codes where codes are asked for."""
        asked = next(one for one in self.wanted if one.request_id == request_id)
        assert asked.document is not None
        codes = (Opening(line=1, code="2242457", salt=SALT), Opening(line=2, code="2259966", salt=SALT))
        answer = DocumentAnswer(
            schema="comptoir/document-answer/v1",
            answer_id=asked.request_id,
            request_id=asked.request_id,
            claim_id=asked.claim_id,
            insurer=asked.insurer,
            convention="ESSAI",
            shop="991000019",
            document=asked.document,
            verdict="provided",
            openings=codes if asked.document == "lpp_code" else (),
        )
        return Leaving(answer, date(2024, 6, 1) if asked.document == "last_equipment_date" else None)

    def provide(self, request_id: str, given: Provided) -> None:
        """Remember what was given."""
        self.decided.append((request_id, given))

    def refuse_request(self, request_id: str, reason: RefusalReason) -> None:
        """Remember the reason."""
        self.decided.append((request_id, reason))

    def worklist(self, limit: int = 50) -> tuple[WorkItem, ...]:
        """The chosen rows."""
        return self.items[:limit]

    def find(self, wanted: Search, before: int | None = None) -> Found:
        """Those of the chosen rows that hold, two at a time."""
        held = [item for item in self.items if self._holds(item, wanted)]
        first = before or 0
        return Found(tuple(held[first : first + 2]), first + 2 if first + 2 < len(held) else None)

    @staticmethod
    def _holds(item: WorkItem, wanted: Search) -> bool:
        number = int(item.number.rpartition("-")[2])
        meant = not wanted.numbers or number in [ordinal for _, ordinal in wanted.numbers]
        of_state = not wanted.states or item.state in wanted.states
        return meant and of_state and wanted.holds(f"{item.name} {item.insurer}", (item.amount,))

    def totals_today(self) -> DayTotals:
        """A day's figures."""
        return TOTALS

    def today(self) -> date:
        """A Saturday."""
        return TODAY

    def now(self) -> datetime:
        """14:32 in France."""
        return NOW
