"""Which claims a list shows, page by page, from indexes.

Rules: a page costs what it shows and not what there is: each is found by an index after the last entry of the page
before (keyset), never by counting rows. Answers to requests and cancellations wait and leave as claims do and are
none; refusals that a person dealt with need nobody. Nothing here is about a person.
"""

from collections.abc import Iterable
from typing import Final

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
STATEMENTS: Final = {"urgent": (_URGENT, 2), "others": (_OTHERS, 2), "refusals": (_REFUSALS, 0), "used": (_USED, 0)}
"""The statements by name, and how many values each takes."""


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

    def _found(self, name: str, before: int, limit: int) -> list[tuple[int, str]]:
        with self._store.read() as connection:
            return [(entry, claim_id) for entry, claim_id in run(connection, STATEMENTS[name][0], (before, limit))]
