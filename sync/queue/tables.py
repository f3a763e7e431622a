"""The queue's tables in the store, and their rows.

Rules: a row keeps the sealed envelope as it was enqueued and the dispatch as it was signed, for ever the same bytes;
`entry` is the order of arrival, `seq` the order of leaving, and no clock decides an order. Instants are milliseconds
since 1970 UTC. Nothing in these tables is about a person: the service reads them while nobody is logged in.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Column, Integer, LargeBinary, MetaData, Table, Text
from sqlalchemy import Row as SqlRow

STEPS: Final[Sequence[Sequence[str]]] = (
    (
        """CREATE TABLE outbox (
            entry INTEGER PRIMARY KEY,
            claim_id TEXT NOT NULL UNIQUE,
            insurer TEXT NOT NULL,
            state TEXT NOT NULL,
            created_at INTEGER NOT NULL,
            not_before INTEGER NOT NULL,
            reason TEXT,
            digest TEXT NOT NULL,
            seq INTEGER CHECK (seq >= 1),
            attempts INTEGER NOT NULL DEFAULT 0,
            next_try INTEGER,
            last_error TEXT,
            receipt_at INTEGER,
            dispatch TEXT,
            void BLOB,
            receipt TEXT,
            envelope BLOB NOT NULL,
            CHECK ((seq IS NULL) = (dispatch IS NULL)),
            CHECK ((receipt IS NULL) = (receipt_at IS NULL))
        ) STRICT""",
        "CREATE INDEX outbox_state ON outbox (state, created_at)",
        """CREATE INDEX outbox_waiting ON outbox (insurer, state, seq, entry, not_before, next_try, claim_id)
            WHERE state IN ('queued', 'sending')""",
        "CREATE UNIQUE INDEX outbox_sequence ON outbox (insurer, seq) WHERE seq IS NOT NULL",
        """CREATE TABLE chain (
            insurer TEXT PRIMARY KEY,
            seq INTEGER NOT NULL,
            head TEXT NOT NULL,
            receipt_at INTEGER
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE counterfoil_anchor (
            single INTEGER PRIMARY KEY CHECK (single = 1),
            length INTEGER NOT NULL,
            digest BLOB NOT NULL
        ) STRICT""",
    ),
    (
        """CREATE TABLE reconciling (
            insurer TEXT PRIMARY KEY,
            reason TEXT NOT NULL,
            since INTEGER NOT NULL,
            allowed INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID""",
        """INSERT INTO reconciling SELECT insurer, min(reason), max(created_at), 0 FROM outbox
            WHERE state = 'blocked' AND reason IN ('fork', 'digest_conflict') GROUP BY insurer""",
        """CREATE TABLE adopted_head (
            insurer TEXT NOT NULL,
            seq INTEGER NOT NULL,
            head TEXT NOT NULL,
            PRIMARY KEY (insurer, seq)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE received_elsewhere (
            insurer TEXT NOT NULL,
            seq INTEGER NOT NULL,
            claim_id TEXT NOT NULL,
            receipt TEXT NOT NULL,
            PRIMARY KEY (insurer, seq)
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        """CREATE TABLE refusal (
            claim_id TEXT PRIMARY KEY,
            refusal TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
    (
        """CREATE INDEX outbox_sent_elsewhere ON outbox (insurer, claim_id)
            WHERE receipt IS NOT NULL AND dispatch IS NULL""",
    ),
    (
        """CREATE INDEX outbox_attention ON outbox (entry, state, claim_id)
            WHERE state IN ('rejected', 'refused', 'blocked')""",
    ),
)

_tables: Final = MetaData()
OUTBOX: Final = Table(
    "outbox",
    _tables,
    Column("entry", Integer, primary_key=True),
    *(Column(name, Text) for name in ("claim_id", "insurer", "state", "reason", "digest")),
    *(Column(name, Text) for name in ("dispatch", "receipt", "last_error")),
    *(Column(name, Integer) for name in ("created_at", "not_before", "receipt_at", "next_try", "seq", "attempts")),
    Column("envelope", LargeBinary),
    Column("void", LargeBinary),
)
CHAIN: Final = Table(
    "chain",
    _tables,
    Column("insurer", Text, primary_key=True),
    Column("seq", Integer),
    Column("head", Text),
    Column("receipt_at", Integer),
)
RECONCILING: Final = Table(
    "reconciling",
    _tables,
    Column("insurer", Text, primary_key=True),
    Column("reason", Text),
    Column("since", Integer),
    Column("allowed", Integer),
)
ADOPTED: Final = Table(
    "adopted_head",
    _tables,
    Column("insurer", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    Column("head", Text),
)
ELSEWHERE: Final = Table(
    "received_elsewhere",
    _tables,
    Column("insurer", Text, primary_key=True),
    Column("seq", Integer, primary_key=True),
    *(Column(name, Text) for name in ("claim_id", "receipt")),
)
REFUSAL: Final = Table(
    "refusal",
    _tables,
    Column("claim_id", Text, primary_key=True),
    Column("refusal", Text),
)


@dataclass(frozen=True)
class Row:
    """One claim of the queue. `dispatch` and `receipt` are JWS; `digest` is the envelope's; instants are aware UTC."""

    claim_id: str
    insurer: str
    state: str
    reason: str | None
    envelope: bytes = field(repr=False)
    digest: str
    created_at: datetime
    not_before: datetime
    seq: int | None
    dispatch: str | None = field(repr=False)
    receipt: str | None = field(repr=False)
    receipt_at: datetime | None
    attempts: int
    next_try: datetime | None
    last_error: str | None

    @property
    def package(self) -> bytes | None:
        """The canonical Package that is pushed, put together from the stored bytes; None before the first dispatch."""
        return None if self.dispatch is None else package_bytes(self.dispatch, self.envelope)


def package_bytes(dispatch: str, envelope: bytes) -> bytes:
    """Canonical bytes of the Package of a dispatch JWS and canonical envelope bytes: neither is encoded again."""
    return b'{"dispatch":"' + dispatch.encode("ascii") + b'","envelope":' + envelope + b"}"


ROW_COLUMNS: Final = ", ".join(member.name for member in fields(Row))
"""The columns of OUTBOX that make a Row, in its order, for a statement given to the driver."""


def row_from(found: Sequence[Any]) -> Row:
    """The Row of the values of ROW_COLUMNS."""
    claim_id, insurer, state, reason, envelope, sealed, created_at, not_before, *rest = found
    seq, dispatch, receipt, receipt_at, attempts, next_try, last_error = rest
    return Row(
        claim_id, insurer, state, reason, bytes(envelope), sealed, instant(created_at), instant(not_before),
        seq, dispatch, receipt, optional_instant(receipt_at), attempts, optional_instant(next_try), last_error,
    )  # fmt: skip


def row_of(found: SqlRow[tuple[object, ...]]) -> Row:
    """The Row of a result that has all columns of OUTBOX."""
    return Row(
        claim_id=found.claim_id,
        insurer=found.insurer,
        state=found.state,
        reason=found.reason,
        envelope=bytes(found.envelope),
        digest=found.digest,
        created_at=instant(found.created_at),
        not_before=instant(found.not_before),
        seq=found.seq,
        dispatch=found.dispatch,
        receipt=found.receipt,
        receipt_at=optional_instant(found.receipt_at),
        attempts=found.attempts,
        next_try=optional_instant(found.next_try),
        last_error=found.last_error,
    )


_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def milliseconds(moment: datetime) -> int:
    """An aware instant as whole milliseconds since 1970 UTC."""
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def instant(moment: int) -> datetime:
    """The aware UTC instant of milliseconds since 1970."""
    return _EPOCH + timedelta(milliseconds=moment)


def optional_instant(moment: int | None) -> datetime | None:
    """The same for a column that may be empty."""
    return None if moment is None else instant(moment)
