"""Whether somebody had an equipment lately, by keyed pseudonym: no name, no NIR, no birth date is kept.

Rules: a mark is HMAC-SHA-256 over NIR, birth date and rank under a key that only the shop key gives, so a copy of the
table tells nothing and cannot be tried out. A row is written in the transaction of its claim and goes when the claim is
voided. It outlives the dossier, for renewals are judged over two years, and is erased after them (`erase`). A
hit is a question for the person at the counter, never a refusal.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol

from sync.crypto.commitments import commit
from sync.crypto.symmetric import derive
from sync.store import Store
from terminal.domain.calendar import years_after
from terminal.domain.lpp import ItemKind
from terminal.workflow.conditions import GLASSES, Sold
from terminal.workflow.types import Person

ROOM: Final = "delivery"
SCHEMA: Final = (
    (
        "CREATE TABLE delivery (mark TEXT NOT NULL, kind TEXT NOT NULL, eye TEXT NOT NULL, day TEXT NOT NULL,"
        " claim_id TEXT NOT NULL, PRIMARY KEY (mark, kind, eye, claim_id)) STRICT",
    ),
)
_KEY: Final = "comptoir/delivery/v1"
_BOTH: Final = "both"
LOOK_BACK_YEARS: Final = 2


class Connection(Protocol):
    """What the store's transaction gives: enough to run one statement."""

    def exec_driver_sql(self, statement: str, parameters: Any = None) -> Any:
        """Run a statement as it stands."""


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier delivery to the same person: its claim, day and kind; `eye` is right, left or both."""

    claim_id: str
    day: date
    kind: str
    eye: str


class Deliveries:
    """The deliveries of an open store, as long as the shop key is held."""

    def __init__(self, store: Store, shop_seed: bytes) -> None:
        self._store = store
        self._key = derive(shop_seed, _KEY)
        store.migrate(ROOM, SCHEMA)

    def mark(self, person: Person) -> str:
        """The pseudonym of a person at this shop; people who share a NIR differ by birth date and rank."""
        return commit(f"{person.nir.digits}|{person.birth_date_raw}|{person.rank}", self._key)

    def writing(self, claim_id: str, person: Person, day: date, sold: Iterable[Sold]) -> Callable[[Connection], None]:
        """What to run inside the claim's transaction."""
        mark = self.mark(person)
        rows = [(mark, kind, eye, day.isoformat(), claim_id) for kind, eye in _kinds(sold)]

        def write(connection: Connection) -> None:
            for row in rows:
                connection.exec_driver_sql("INSERT OR IGNORE INTO delivery VALUES (?, ?, ?, ?, ?)", row)

        return write

    def voiding(self, claim_id: str) -> Callable[[Connection], None]:
        """What to run inside the transaction that voids the claim."""

        def void(connection: Connection) -> None:
            connection.exec_driver_sql("DELETE FROM delivery WHERE claim_id = ?", (claim_id,))

        return void

    def earlier(self, person: Person, day: date, sold: Iterable[Sold]) -> tuple[Earlier, ...]:
        """What this person had of the same kind in the two years up to `day`, newest first; a pair meets either eye."""
        since = years_after(day, -LOOK_BACK_YEARS)
        wanted = _kinds(sold)
        with self._store.read() as connection:
            rows = connection.exec_driver_sql(
                "SELECT claim_id, day, kind, eye FROM delivery WHERE mark = ? AND day > ? AND day <= ?"
                " ORDER BY day DESC, claim_id",
                (self.mark(person), since.isoformat(), day.isoformat()),
            ).all()
        found = (Earlier(row[0], date.fromisoformat(row[1]), row[2], row[3]) for row in rows)
        return tuple(one for one in found if any(_meets(one, kind, eye) for kind, eye in wanted))


def _kinds(sold: Iterable[Sold]) -> list[tuple[str, str]]:
    """What is kept of a sale: glasses once, contact lenses by eye; supplements are no equipment."""
    kinds: dict[tuple[str, str], None] = {}
    for thing in sold:
        item: ItemKind = thing.item
        if item in GLASSES:
            kinds["glasses", _BOTH] = None
        elif item == "contact_lenses":
            kinds["contact_lenses", thing.eye or _BOTH] = None
    return list(kinds)


def _meets(one: Earlier, kind: str, eye: str) -> bool:
    return one.kind == kind and (one.eye == eye or _BOTH in (one.eye, eye))
