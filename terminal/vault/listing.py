"""Which claims a list shows, page by page, from indexes.

Rules: a page costs what it shows and not what there is: each is found by an index after the last entry of the page
before (keyset), never by counting rows. Answers to requests and cancellations wait and leave as claims do and are
none; refusals that a person dealt with need nobody. Nothing here is about a person.
"""

from collections.abc import Iterable, Sequence
from itertools import islice
from typing import Final, NamedTuple

from sync.store import Store, run
from terminal.vault.outcomes import Heard

NEWEST: Final = 1 << 62
"""Above every entry: where the first page begins."""
_IS_CLAIM: Final = (
    "NOT EXISTS (SELECT 1 FROM link WHERE link.claim_id = outbox.claim_id AND link.kind = 'cancellation')"
    " AND NOT EXISTS (SELECT 1 FROM document_request WHERE document_request.answer_id = outbox.claim_id)"
)
_NEEDS_A_PERSON: Final = (
    "FROM outbox INDEXED BY outbox_attention WHERE state IN ('rejected', 'refused', 'blocked')"
    " AND NOT EXISTS (SELECT 1 FROM handled WHERE handled.claim_id = outbox.claim_id)"
)
_URGENT: Final = f"SELECT entry, claim_id {_NEEDS_A_PERSON} AND entry < ? AND {_IS_CLAIM} ORDER BY entry DESC LIMIT ?"
_IS_OTHER: Final = "state NOT IN ('rejected', 'refused', 'blocked', 'superseded', 'cancelled')"
_BELOW: Final = "FROM outbox NOT INDEXED WHERE entry < ?"
_OTHERS: Final = f"SELECT entry, claim_id {_BELOW} AND {_IS_OTHER} AND {_IS_CLAIM} ORDER BY entry DESC LIMIT ?"
_REFUSALS: Final = f"SELECT count(*) {_NEEDS_A_PERSON} AND state = 'refused'"
_USED: Final = (
    "SELECT DISTINCT asked.claim_id FROM outbox AS asked INDEXED BY outbox_state"
    " CROSS JOIN link INDEXED BY link_about ON link.about = asked.claim_id AND link.kind = 'delivery'"
    " CROSS JOIN outbox AS delivery ON delivery.claim_id = link.claim_id"
    " WHERE asked.state IN ('accepted', 'partial')"
    " AND delivery.state IN ('acknowledged', 'accepted', 'partial', 'refused', 'paid')"
)
_NO_CLAIM: Final = (
    "SELECT 1 FROM link WHERE claim_id = ? AND kind = 'cancellation'"
    " UNION ALL SELECT 1 FROM document_request WHERE answer_id = ?"
)
_PLACE: Final = "outbox.entry, outbox.claim_id, outbox.insurer, outbox.state, outbox.created_at"
_ALL: Final = f"SELECT {_PLACE} {_BELOW} AND {_IS_CLAIM} ORDER BY entry DESC LIMIT ?"
_NUMBERED: Final = (
    f"SELECT {_PLACE} FROM dossier CROSS JOIN outbox ON outbox.claim_id = dossier.claim_id"  # noqa: S608 - constants
    " WHERE dossier.year = ? AND dossier.ordinal = ?"
)
_YEARS: Final = "SELECT min(year) FROM dossier UNION ALL SELECT max(year) FROM dossier"
_ENTRIES: Final = (
    "SELECT entry FROM outbox INDEXED BY outbox_state WHERE state = ? AND created_at >= ? AND created_at < ?"
    " AND entry < ?"
)
_AT: Final = f"SELECT {_PLACE} FROM outbox WHERE entry = ? AND {_IS_CLAIM}"  # noqa: S608 - constants
STATEMENTS: Final = {"urgent": (_URGENT, 2), "others": (_OTHERS, 2), "refusals": (_REFUSALS, 0), "used": (_USED, 0)}
"""The statements by name, and how many values each takes."""


class Place(NamedTuple):
    """A claim as far as it is no secret; `created_at` in milliseconds since 1970 UTC."""

    entry: int
    claim_id: str
    insurer: str
    state: str
    created_at: int


class Listing:
    """The claims of an open store as lists show them: entry and claim id, the newest first."""

    def __init__(self, store: Store) -> None:
        Heard(store)
        self._store = store

    def urgent(self, before: int, limit: int) -> list[tuple[int, str]]:
        """Claims that need a person, of entries below `before`."""
        return self._found("urgent", before, limit)

    def others(self, before: int, limit: int) -> list[tuple[int, str]]:
        """Claims that wait, are under way or are done, of entries below `before`."""
        return self._found("others", before, limit)

    def refusals(self) -> int:
        """How many refusals nobody has dealt with."""
        with self._store.read() as connection:
            (count,), *_ = run(connection, STATEMENTS["refusals"][0])
        return int(count)

    def agreements_used(self) -> list[str]:
        """Agreements under which the insurer has a delivery by now."""
        with self._store.read() as connection:
            return [claim_id for (claim_id,) in run(connection, STATEMENTS["used"][0])]

    def no_claims(self, claim_ids: Iterable[str]) -> frozenset[str]:
        """Which of these are answers to requests or cancellations."""
        with self._store.read() as connection:
            return frozenset(one for one in claim_ids if run(connection, _NO_CLAIM, (one, one)))

    def all(self, before: int, limit: int) -> list[Place]:
        """Every claim, of entries below `before`."""
        with self._store.read() as connection:
            return [Place(*row) for row in run(connection, _ALL, (before, limit))]

    def numbered(self, numbers: Iterable[tuple[int | None, int]]) -> list[Place]:
        """The claims of these numbers, of a year or of any."""
        with self._store.read() as connection:
            (first,), (last,) = run(connection, _YEARS)
            found = list[Place]()
            for year, ordinal in numbers:
                for one in (year,) if year else range(first or 0, (last or -1) + 1):
                    found += [Place(*row) for row in run(connection, _NUMBERED, (one, ordinal))]
        return sorted(found, reverse=True)

    def dated(self, states: Iterable[str], spans: Sequence[tuple[int, int]], before: int, limit: int) -> list[Place]:
        """The claims of these states registered in one of these spans (from, until), of entries below `before`."""
        with self._store.read() as connection:
            asked = ((state, *span, before) for state in states for span in spans)
            entries = {entry for one in asked for (entry,) in run(connection, _ENTRIES, one)}
            found = (row for entry in sorted(entries, reverse=True) for row in run(connection, _AT, (entry,)))
            return [Place(*row) for row in islice(found, limit)]

    def _found(self, name: str, before: int, limit: int) -> list[tuple[int, str]]:
        with self._store.read() as connection:
            return [(entry, claim_id) for entry, claim_id in run(connection, STATEMENTS[name][0], (before, limit))]
