"""The intake's database: terminals and certificates, invitations, claims with receipts and decisions, the log.

Rules: one insurer, one database; a claim id and a place in a chain are each taken once, for ever; a receipt lies in the
row of its claim (empty until it is signed). The tables here are what `migrations` makes. SQLite: WAL with
synchronous=FULL, `BEGIN IMMEDIATE` for writing, one connection (the only checkpointer). PostgreSQL: row locks, commits
that are flushed and, where a standby is required, confirmed by it (`standby`). Parameters never reach an error's text.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from sqlalchemy import (
    URL,
    BigInteger,
    Column,
    Connection,
    Engine,
    ExceptionContext,
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
    insert,
    select,
)
from sqlalchemy.exc import IntegrityError, OperationalError

from sync.contract.envelope import GENESIS
from sync.receiver.errors import DatabaseOfAnother, DatabaseUnavailable
from sync.receiver.migrations import are_missing, migrate
from sync.receiver.standby import Standby

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
decisions = Table(
    "decisions",
    METADATA,
    Column("claim_id", ForeignKey("claims.claim_id"), primary_key=True),
    Column("state", String(9), nullable=False),
    Column("agreed", BigInteger, nullable=False),
    Column("paid", BigInteger, nullable=False, default=0),
    Column("decided_on", String(10), nullable=False),
    Column("outcome", LargeBinary, nullable=False),
    Column("agreement", String(30), unique=True),
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

owner = Table(
    "owner",
    METADATA,
    Column("single", Integer, primary_key=True, autoincrement=False),
    Column("insurer", String(10), nullable=False),
)

UNSIGNED: Final = ""
"""Stands where the receipt of a stored claim will be: until then the claim is not acknowledged."""

_TRIES: Final = 3
_CONNECTIONS: Final = 8
_POOL_SECONDS: Final = 10
_LOCK_SECONDS: Final = 10
_POSTGRES_SETTINGS: Final = (
    "SET synchronous_commit = on",
    "SET statement_timeout = 0",  # it would end the wait for a standby, and the commit would look confirmed
    f"SET lock_timeout = '{_LOCK_SECONDS}s'",
)
_TAKE_TURNS: Final = frozenset({"40001", "40P01"})
"""SQLSTATE of a serialization failure and of a deadlock: the work is done again."""


class Ledger:
    """Connections to the database, brought up to date when it is opened. Times in it are milliseconds since 1970 (UTC).

    With a `standby`, what is written is durable there too before `write` returns.
    """

    def __init__(self, url: URL, standby: Standby | None = None) -> None:
        self.standby = standby
        self.is_shared = url.get_backend_name() == "postgresql"
        self._engine = _postgres(url) if self.is_shared else _sqlite(url)
        try:
            self._bring_up_to_date()
        except BaseException as error:
            self.close()
            if isinstance(error, OperationalError):
                raise DatabaseUnavailable("the database does not answer", **_named(url)) from error
            raise

    @classmethod
    def at(cls, path: Path) -> "Ledger":
        """The SQLite database in the file `path`."""
        return cls(URL.create("sqlite", database=str(path)))

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """One consistent look at the database."""
        options: dict[str, Any] = {"isolation_level": "REPEATABLE READ"} if self.is_shared else {}
        with self._engine.connect().execution_options(**options) as connection, connection.begin():
            yield connection

    def write(self, work: Callable[[Connection], Result]) -> Result:
        """What `work` returns, once all it wrote is durable; run again when another worker took the same place.

        StandbyGone when the standby did not confirm in time: what was written may or may not be kept then.
        """
        for _ in range(_TRIES - 1):
            with suppress(_AnotherTurn):
                return self._write_once(work)
        try:
            return self._write_once(work)
        except _AnotherTurn as error:
            raise error.cause from None

    def belong_to(self, insurer: str) -> None:
        """Note whose database this is (AMC number); DatabaseOfAnother when it is somebody else's."""
        with self.reading() as connection:
            known = connection.execute(select(owner.c.insurer)).scalar()
        if known is None:
            known = self.write(lambda connection: _claimed(connection, insurer))
        if known != insurer:
            raise DatabaseOfAnother("the database holds the claims of another insurer", insurer=known)

    def must_be_free(self) -> None:
        """DatabaseOfAnother when an insurer has this database already, be it the same one with other keys."""
        with self.reading() as connection:
            known = connection.execute(select(owner.c.insurer)).scalar()
        if known is not None:
            raise DatabaseOfAnother("the database holds the claims of an insurer already", insurer=known)

    def close(self) -> None:
        """Close every connection."""
        self._engine.dispose()

    def __enter__(self) -> "Ledger":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _write_once(self, work: Callable[[Connection], Result]) -> Result:
        try:
            with self._engine.connect().execution_options(writes=True) as connection:
                return self._committed(connection, work)
        except IntegrityError as error:
            raise _AnotherTurn(error) from error
        except OperationalError as error:
            if getattr(error.orig, "sqlstate", None) in _TAKE_TURNS:
                raise _AnotherTurn(error) from error
            raise

    def _committed(self, connection: Connection, work: Callable[[Connection], Result]) -> Result:
        if self.standby is None:
            with connection.begin():
                return work(connection)
        with connection.begin() as transaction:
            self.standby.require(connection)
            result = work(connection)
            with self.standby.bounded(connection):
                transaction.commit()
        self.standby.confirm(connection)
        return result

    def _bring_up_to_date(self) -> None:
        with self.reading() as connection:
            missing = are_missing(connection)
        if missing:
            self.write(migrate)


class _AnotherTurn(Exception):
    def __init__(self, cause: Exception) -> None:
        super().__init__()
        self.cause = cause


def _claimed(connection: Connection, insurer: str) -> str:
    known = connection.execute(select(owner.c.insurer)).scalar()
    if known is None:
        connection.execute(insert(owner).values(single=1, insurer=insurer))
    return known or insurer


def _sqlite(url: URL) -> Engine:
    engine = create_engine(url, hide_parameters=True, pool_size=1, max_overflow=0, pool_timeout=_POOL_SECONDS)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgres(url: URL) -> Engine:
    engine = create_engine(
        url, hide_parameters=True, pool_size=_CONNECTIONS, max_overflow=0, pool_timeout=_POOL_SECONDS
    )
    event.listen(engine, "connect", _prepare_postgres)
    event.listen(engine, "handle_error", _quote_nothing)
    return engine


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
        connection.execute(f"PRAGMA {pragma}").close()


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _prepare_postgres(connection: Any, _record: object) -> None:
    for setting in _POSTGRES_SETTINGS:
        connection.execute(setting)
    connection.commit()


def _quote_nothing(context: ExceptionContext) -> None:
    """PostgreSQL's errors quote the values that collided; what is left of them is their kind."""
    for error in (context.original_exception, context.sqlalchemy_exception):
        if error is not None:
            error.args = (type(context.original_exception).__name__,)


def _named(url: URL) -> dict[str, str]:
    """Which database it is, without user and password."""
    return {name: str(value) for name in ("host", "port", "database") if (value := getattr(url, name)) is not None}
