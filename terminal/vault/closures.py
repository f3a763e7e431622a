"""The days that were closed: when, and what the sheet then counted.

Rules: no person, no claim; a day closed again has the newer figures. The files of the sheet lie where they were asked
for; this record is what lets a screen say that the day is closed, and that something came after.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from sync.store import Store

SCHEMA: Final[Sequence[Sequence[str]]] = (
    (
        "CREATE TABLE closure (day TEXT PRIMARY KEY, closed_at TEXT NOT NULL, claims INTEGER NOT NULL,"
        " amc INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    ),
)


@dataclass(frozen=True, slots=True)
class Closure:
    """A closed day: the instant (aware), how many claims its sheet had, and the sum of their AMC parts in cents."""

    day: date
    closed_at: datetime
    claims: int
    amc: int


class Closures:
    """The closed days of an open store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate("closure", SCHEMA)

    def keep(self, closure: Closure) -> None:
        """Record that a day was closed."""
        values = (closure.day.isoformat(), closure.closed_at.isoformat(), closure.claims, closure.amc)
        with self._store.write() as connection:
            connection.exec_driver_sql("INSERT OR REPLACE INTO closure VALUES (?, ?, ?, ?)", values)

    def of(self, day: date) -> Closure | None:
        """How a day was closed last; None for one that was not."""
        query = "SELECT closed_at, claims, amc FROM closure WHERE day = ?"
        with self._store.read() as connection:
            found = connection.exec_driver_sql(query, (day.isoformat(),)).first()
        return None if found is None else Closure(day, datetime.fromisoformat(found[0]), found[1], found[2])
