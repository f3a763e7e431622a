"""The intake's database: terminals, their certificates, invitations, claims with their receipts and places in the log.

Rules: one insurer, one database; a claim id and a place in a chain are each taken once, for ever; a receipt lies in the
row of its claim, so neither exists without the other. SQLite: WAL with synchronous=FULL, `BEGIN IMMEDIATE` for writing,
one connection (the only checkpointer). Nothing here is particular to SQLite but the pragmas; parameters never reach an
error's text.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import (
    BigInteger,
    Column,
    Connection,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
    create_engine,
    event,
)
from sqlalchemy.exc import IntegrityError

from sync.contract.envelope import GENESIS

Result = TypeVar("Result")

METADATA: Final = MetaData()

terminals = Table(
    "terminals",
    METADATA,
    Column("device", String(43), primary_key=True),
    Column("shop", String(9), nullable=False),
    Column("signing_jwk", Text, nullable=False),
    Column("sealing", Text, nullable=False),
    Column("enrolled_at", BigInteger, nullable=False),
    Column("contiguous", BigInteger, nullable=False, default=0),
    Column("head", String(64), nullable=False, default=GENESIS),
    Column("highest", BigInteger, nullable=False, default=0),
)
certificates = Table(
    "certificates",
    METADATA,
    Column("fingerprint", String(64), primary_key=True),
    Column("device", ForeignKey("terminals.device"), nullable=False),
    Column("not_after", BigInteger, nullable=False),
)
invitations = Table(
    "invitations",
    METADATA,
    Column("id", String(8), primary_key=True),
    Column("shop", String(9), nullable=False),
    Column("code", String(20)),
    Column("expires_at", BigInteger, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("request", String(64)),
    Column("answer", LargeBinary),
)
claims = Table(
    "claims",
    METADATA,
    Column("claim_id", String(36), primary_key=True),
    Column("device", ForeignKey("terminals.device"), nullable=False),
    Column("seq", BigInteger, nullable=False),
    Column("prev", String(64), nullable=False),
    Column("dispatch", String(64), nullable=False),
    Column("envelope", String(64), nullable=False),
    Column("package", LargeBinary, nullable=False),
    Column("receipt", Text, nullable=False),
    Column("received_at", BigInteger, nullable=False),
    UniqueConstraint("device", "seq"),
)
events = Table(
    "events",
    METADATA,
    Column("device", ForeignKey("terminals.device"), primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("request_id", String(36), nullable=False, unique=True),
    Column("request", LargeBinary, nullable=False),
    Column("signed", Text, nullable=False),
)
nonces = Table(
    "nonces",
    METADATA,
    Column("device", String(43), primary_key=True),
    Column("nonce", String(64), primary_key=True),
    Column("expires_at", BigInteger, nullable=False),
    Index("nonces_by_expiry", "expires_at"),
)
revocations = Table(
    "revocations",
    METADATA,
    Column("device", ForeignKey("terminals.device"), primary_key=True),
    Column("reason", String(16), nullable=False),
    Column("revoked_at", BigInteger, nullable=False),
)
renewals = Table(
    "renewals",
    METADATA,
    Column("device", ForeignKey("terminals.device"), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("certificate", Text, nullable=False),
    Column("issued_at", BigInteger, nullable=False),
)
allowances = Table(
    "allowances",
    METADATA,
    Column("subject", String(64), primary_key=True),
    Column("kind", String(24), primary_key=True),
    Column("span", BigInteger, nullable=False),
    Column("used", BigInteger, nullable=False),
)
alarms = Table(
    "alarms",
    METADATA,
    Column("kind", String(24), primary_key=True),
    Column("subject", String(64), primary_key=True),
    Column("day", Integer, primary_key=True, autoincrement=False),
    Column("count", BigInteger, nullable=False),
    Column("first_at", BigInteger, nullable=False),
    Column("last_at", BigInteger, nullable=False),
    Column("seen_at", BigInteger),
)
log_entries = Table(
    "log_entries",
    METADATA,
    Column("position", BigInteger, primary_key=True, autoincrement=False),
    Column("claim_id", ForeignKey("claims.claim_id"), nullable=False, unique=True),
    Column("envelope", String(64), nullable=False),
)
log_head = Table(
    "log_head",
    METADATA,
    Column("single", Integer, primary_key=True, autoincrement=False),
    Column("following", BigInteger, nullable=False),
)

_TRIES: Final = 3


class Ledger:
    """Connections to the database, which is made when it is missing. Times in it are milliseconds since 1970 (UTC)."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=0, pool_timeout=10)
        if self._engine.dialect.name == "sqlite":
            event.listen(self._engine, "connect", _prepare_sqlite)
            event.listen(self._engine, "begin", _begin_sqlite)
        METADATA.create_all(self._engine)

    @classmethod
    def at(cls, path: Path) -> "Ledger":
        """The SQLite database in the file `path`."""
        return cls(f"sqlite:///{path}")

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent look at the database."""
        with self._engine.connect() as connection, connection.begin():
            yield connection

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, once all it wrote is durable; run again when another worker took the same place."""
        for _ in range(_TRIES - 1):
            with suppress(IntegrityError):
                return self._write_once(work)
        return self._write_once(work)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def _write_once(self, work: Callable[[Connection], Result]) -> Result:
        with self._engine.connect().execution_options(writes=True) as connection, connection.begin():
            return work(connection)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
