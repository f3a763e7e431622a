"""What every screen shows besides its own subject: the last facts read from the counter, the card slot, the mask.

Rules: facts are read together by a worker and replaced whole; screens only read them; a name is shown through
`shown_name`, so that one key hides them all.
"""

from dataclasses import dataclass, field
from datetime import date, datetime

from terminal.tui.card_slot import CardSlot
from terminal.workflow.handed import OwnCard
from terminal.workflow.types import AskedDocument, CounterPort, DayTotals, Status, WorkItem


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The facts of one instant."""

    status: Status
    items: tuple[WorkItem, ...]
    totals: DayTotals | None
    now: datetime
    today: date
    requests: tuple[AskedDocument, ...] = ()

    @classmethod
    def take(cls, counter: CounterPort) -> "Snapshot":
        """Read the facts; names and amounts only for somebody who may see them. Blocks: call it from a worker."""
        known = counter.user is not None and counter.user.sees_dossiers
        return cls(
            status=counter.status(),
            items=counter.worklist() if known else (),
            totals=counter.totals_today() if known else None,
            now=counter.now(),
            today=counter.today(),
            requests=counter.requests() if known else (),
        )


@dataclass(slots=True)
class CounterState:
    """What the screens share."""

    slot: CardSlot = field(default_factory=CardSlot)
    snapshot: Snapshot | None = None
    user: str = ""
    responsible: bool = False
    masked: bool = False
    own_card: OwnCard | None = None
    """The professional card that is in."""
    quote_waits: bool = False
    """A quote was scanned and waits for a card."""
    office: bool = False
    """Whether there is a back of the shop."""

    def shown_name(self, name: str) -> str:
        """A name, or its initials while names are hidden."""
        return initials(name) if self.masked else name


def initials(name: str) -> str:
    """`DUPONT Marie` as `D. M.`."""
    return " ".join(f"{word[0].upper()}." for word in name.replace("-", " ").split())
