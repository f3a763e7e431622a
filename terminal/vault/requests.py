"""Document requests as the shop keeps them: which event, about which claim, what was decided.

Rules: what an insurer wrote stays sealed in its event and is opened each time it is shown; here stand only ids and the
state. Each event has one row, also one that could not be read, so that none is looked at twice or forgotten.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection

from sync.store import Store

SCHEMA: Final = (
    (
        "CREATE TABLE document_request (request_id TEXT PRIMARY KEY, insurer TEXT NOT NULL, seq INTEGER NOT NULL,"
        " claim_id TEXT NOT NULL, state TEXT NOT NULL, answer_id TEXT, UNIQUE (insurer, seq)) STRICT",
    ),
    ("CREATE INDEX document_request_answer ON document_request (answer_id) WHERE answer_id IS NOT NULL",),
)
OPEN: Final = "open"
UNREADABLE: Final = "unreadable"
UNKNOWN_CLAIM: Final = "unknown_claim"
_COLUMNS: Final = "request_id, insurer, seq, claim_id, state, answer_id"


@dataclass(frozen=True, slots=True)
class RequestRow:
    """One request. `state`: open, provided, refused, unreadable, unknown_claim; `answer_id` once it is answered."""

    request_id: str
    insurer: str
    seq: int
    claim_id: str
    state: str = OPEN
    answer_id: str | None = None


class DocumentRequests:
    """The requests of an open store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate("document_request", SCHEMA)

    def all(self) -> tuple[RequestRow, ...]:
        """Every request, in order of arrival."""
        with self._store.read() as connection:
            found = connection.exec_driver_sql(f"SELECT {_COLUMNS} FROM document_request ORDER BY rowid")  # noqa: S608
            return tuple(RequestRow(*row) for row in found)

    def get(self, request_id: str) -> RequestRow | None:
        """One request."""
        with self._store.read() as connection:
            return self.in_(connection, request_id)

    def in_(self, connection: Connection, request_id: str) -> RequestRow | None:
        """The same inside a transaction."""
        query = f"SELECT {_COLUMNS} FROM document_request WHERE request_id = ?"  # noqa: S608 - constants
        found = connection.exec_driver_sql(query, (request_id,)).first()
        return None if found is None else RequestRow(*found)

    def answer_ids(self) -> frozenset[str]:
        """The ids under which answers wait or left: they are no claims."""
        return frozenset(row.answer_id for row in self.all() if row.answer_id)

    def adding(self, row: RequestRow) -> Callable[[Connection], None]:
        """What to run inside the transaction that takes a request in."""
        values = (row.request_id, row.insurer, row.seq, row.claim_id, row.state, row.answer_id)
        insert = f"INSERT INTO document_request ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608 - constants

        def add(connection: Connection) -> None:
            connection.exec_driver_sql(insert, values)

        return add

    def checking(self, request_id: str, judge: Callable[[RequestRow | None], object]) -> Callable[[Connection], None]:
        """What to run first inside the transaction of the answer; `judge` raises when it is not what it was."""

        def check(connection: Connection) -> None:
            judge(self.in_(connection, request_id))

        return check

    def deciding(self, request_id: str, state: str, answer_id: str) -> Callable[[Connection], None]:
        """What to run inside the transaction of the answer."""

        def decide(connection: Connection) -> None:
            connection.exec_driver_sql(
                "UPDATE document_request SET state = ?, answer_id = ? WHERE request_id = ?",
                (state, answer_id, request_id),
            )

        return decide
