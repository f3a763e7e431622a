"""What insurers said of claims, as the shop keeps it: which event, what came of it, and the words under the shop key.

Rules: each event has a row, also one that could not be read, so that none is looked at twice or forgotten. Amounts and
reasons are AES-256-GCM under a key derived from the shop key, bound to event and claim; in clear stand ids and what
came of it. A payment has a row for each claim. What is known of a claim goes with its dossier.
"""

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from typing import Final, Literal

import msgspec
from sqlalchemy import Connection
from sqlalchemy import text as statement

from sync.contract.envelope import encode
from sync.contract.outcomes import Outcome, Payment
from sync.crypto.symmetric import decrypt, derive, encrypt
from sync.queue import Finding
from sync.store import Store
from terminal.vault.requests import DocumentRequests

ROOM: Final = "heard"
SCHEMA: Final = (
    (
        "CREATE TABLE heard (insurer TEXT NOT NULL, seq INTEGER NOT NULL, claim_id TEXT NOT NULL, kind TEXT NOT NULL,"
        " state TEXT NOT NULL, finding TEXT NOT NULL, sealed BLOB NOT NULL,"
        " PRIMARY KEY (insurer, seq, claim_id)) STRICT",
        "CREATE INDEX heard_of_claim ON heard (claim_id)",
        "INSERT INTO heard SELECT insurer, seq, claim_id, 'request', '', 'applied', x'' FROM document_request",
        "CREATE TABLE handled (claim_id TEXT PRIMARY KEY) STRICT",
        "CREATE TABLE link (claim_id TEXT PRIMARY KEY, kind TEXT NOT NULL, about TEXT NOT NULL) STRICT",
    ),
    (
        "CREATE INDEX heard_waiting ON heard (insurer, seq) WHERE finding = 'waiting'",
        "CREATE INDEX link_about ON link (about, kind)",
    ),
)
Kind = Literal["request", "outcome", "payment", "unreadable"]
Heard_ = Finding | Literal["unreadable", "mismatch"]
LinkKind = Literal["cancellation", "correction", "delivery"]
_COLUMNS: Final = "insurer, seq, claim_id, kind, state, finding, sealed"


@dataclass(frozen=True, slots=True)
class HeardRow:
    """One thing said of one claim. `state`: what the claim should become by it; `sealed` is empty for requests."""

    insurer: str
    seq: int
    claim_id: str
    kind: Kind
    state: str = ""
    finding: Heard_ = "applied"
    sealed: bytes = field(default=b"", repr=False)


class Heard:
    """What was said, in an open store; opening the words takes the shop seed."""

    def __init__(self, store: Store) -> None:
        DocumentRequests(store)
        self._store = store
        store.migrate(ROOM, SCHEMA)

    def last(self, insurer: str) -> int:
        """The number of the newest event of an insurer that was looked at."""
        with self._store.read() as connection:
            return self.last_in(connection, insurer)

    def last_in(self, connection: Connection, insurer: str) -> int:
        """The same inside a transaction."""
        query = "SELECT max(seq) FROM heard WHERE insurer = ?"
        return connection.exec_driver_sql(query, (insurer,)).scalar() or 0

    def add(self, connection: Connection, row: HeardRow) -> None:
        """Keep one row, inside the transaction that applies it."""
        values = (row.insurer, row.seq, row.claim_id, row.kind, row.state, row.finding, row.sealed)
        connection.exec_driver_sql(f"INSERT INTO heard ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?)", values)  # noqa: S608 - constants

    def found(self, connection: Connection, row: HeardRow, finding: Heard_) -> None:
        """What came of a row that had waited."""
        values = (finding, row.insurer, row.seq, row.claim_id)
        query = "UPDATE heard SET finding = ? WHERE insurer = ? AND seq = ? AND claim_id = ?"
        connection.exec_driver_sql(query, values)

    def all(self) -> tuple[HeardRow, ...]:
        """Everything that was said, in order."""
        return self._rows(f"SELECT {_COLUMNS} FROM heard ORDER BY insurer, seq, claim_id")  # noqa: S608 - constants

    def waiting(self) -> tuple[HeardRow, ...]:
        """What came before its time."""
        return self._rows(f"SELECT {_COLUMNS} FROM heard WHERE finding = 'waiting' ORDER BY insurer, seq")  # noqa: S608 - constants

    def of(self, claim_ids: Collection[str]) -> tuple[HeardRow, ...]:
        """What was said of these claims, at most a few hundred, in order."""
        if not claim_ids:
            return ()
        marks = ", ".join("?" * len(claim_ids))
        query = f"SELECT {_COLUMNS} FROM heard WHERE claim_id IN ({marks}) ORDER BY insurer, seq"  # noqa: S608 - constants
        return self._rows(query, *claim_ids)

    def handled(self) -> frozenset[str]:
        """The refused claims that a person has dealt with."""
        with self._store.read() as connection:
            return frozenset(connection.exec_driver_sql("SELECT claim_id FROM handled").scalars())

    def is_handled(self, claim_id: str) -> bool:
        """Whether a person has dealt with this refusal."""
        with self._store.read() as connection:
            query = "SELECT 1 FROM handled WHERE claim_id = ?"
            return connection.exec_driver_sql(query, (claim_id,)).first() is not None

    def handle(self, connection: Connection, claim_id: str) -> None:
        """A person has dealt with this refusal."""
        connection.exec_driver_sql("INSERT OR IGNORE INTO handled VALUES (?)", (claim_id,))

    def links(self, kind: LinkKind) -> dict[str, str]:
        """Messages of one kind, with the claim each is about."""
        with self._store.read() as connection:
            found = connection.exec_driver_sql("SELECT claim_id, about FROM link WHERE kind = ?", (kind,)).all()
        return {row[0]: row[1] for row in found}

    def is_delivered(self, claim_id: str) -> bool:
        """Whether something was claimed under this agreement."""
        query = "SELECT 1 FROM link WHERE about = ? AND kind = 'delivery'"
        with self._store.read() as connection:
            return connection.exec_driver_sql(query, (claim_id,)).first() is not None

    def linking(self, claim_id: str, kind: LinkKind, about: str) -> Callable[[Connection], None]:
        """What to run inside the transaction that registers a message about another claim."""

        def link(connection: Connection) -> None:
            connection.exec_driver_sql("INSERT OR REPLACE INTO link VALUES (?, ?, ?)", (claim_id, kind, about))

        return link

    def unlinking(self, claim_id: str) -> Callable[[Connection], None]:
        """What to run inside the transaction that voids a message."""

        def unlink(connection: Connection) -> None:
            connection.exec_driver_sql("DELETE FROM link WHERE claim_id = ?", (claim_id,))

        return unlink

    def cancellation_asked(self, connection: Connection, claim_id: str) -> bool:
        """Whether this shop asked for the cancellation of a claim."""
        query = "SELECT 1 FROM link WHERE kind = 'cancellation' AND about = ?"
        return connection.exec_driver_sql(query, (claim_id,)).first() is not None

    def _rows(self, query: str, *values: str) -> tuple[HeardRow, ...]:
        with self._store.read() as connection:
            return tuple(HeardRow(*row) for row in connection.exec_driver_sql(query, values))


class Words:
    """The words of what was said, under the shop key."""

    def __init__(self, shop_seed: bytes) -> None:
        self._key = derive(shop_seed, "comptoir/outcome/v1")

    def seal(self, said: Outcome | Payment, insurer: str, seq: int, claim_id: str) -> bytes:
        """The words as they are kept beside the claim."""
        return encrypt(self._key, encode(said), _place(insurer, seq, claim_id))

    def open(self, row: HeardRow) -> Outcome | Payment | None:
        """The words of a row; None when it has none, or they were erased."""
        if not row.sealed:
            return None
        plain = decrypt(self._key, row.sealed, _place(row.insurer, row.seq, row.claim_id))
        if row.kind == "outcome":
            return msgspec.json.decode(plain, type=Outcome)
        return msgspec.json.decode(plain, type=Payment)


def forget_words(connection: Connection, claim_ids: Iterable[str]) -> None:
    """Erase what was said of these claims, and the events that say nothing else any more."""
    for claim_id in claim_ids:
        connection.execute(statement("UPDATE heard SET sealed = x'' WHERE claim_id = :claim"), {"claim": claim_id})
    connection.execute(
        statement(
            "UPDATE event SET signed = '' WHERE signed <> '' AND (insurer, seq) IN (SELECT insurer, seq FROM heard"
            " WHERE kind IN ('outcome', 'payment') GROUP BY insurer, seq HAVING max(length(sealed)) = 0)"
        )
    )


def _place(insurer: str, seq: int, claim_id: str) -> bytes:
    return f"{insurer}/{seq}/{claim_id}".encode()
