"""The steps that made the intake's database what it is, for SQLite and PostgreSQL alike.

Rules: forward only; a step is released text that never changes, so its digest is recorded and compared, and it may
only add: an older program keeps working on a newer database, and workers of two versions side by side. All steps that
are missing are taken in one transaction, by one process at a time. `{bytes}` is the database's type of byte strings.
A new table or column goes into `db.py` and, as a step of its own, to the end of `STEPS`; a test compares the two.
"""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection, inspect, text

from sync.receiver.errors import DatabaseDiffers

Steps = Sequence[Sequence[str]]

STEPS: Final[Steps] = (
    (
        # IF NOT EXISTS: the first releases made these tables without keeping a record.
        """CREATE TABLE IF NOT EXISTS terminals (
            device VARCHAR(43) NOT NULL,
            shop VARCHAR(9) NOT NULL,
            signing_jwk TEXT NOT NULL,
            sealing TEXT NOT NULL,
            enrolled_at BIGINT NOT NULL,
            contiguous BIGINT NOT NULL,
            head VARCHAR(64) NOT NULL,
            highest BIGINT NOT NULL,
            PRIMARY KEY (device)
        )""",
        """CREATE TABLE IF NOT EXISTS certificates (
            fingerprint VARCHAR(64) NOT NULL,
            device VARCHAR(43) NOT NULL,
            not_after BIGINT NOT NULL,
            PRIMARY KEY (fingerprint),
            FOREIGN KEY (device) REFERENCES terminals (device)
        )""",
        """CREATE TABLE IF NOT EXISTS invitations (
            id VARCHAR(8) NOT NULL,
            shop VARCHAR(9) NOT NULL,
            code VARCHAR(20),
            expires_at BIGINT NOT NULL,
            attempts INTEGER NOT NULL,
            request VARCHAR(64),
            answer {bytes},
            PRIMARY KEY (id)
        )""",
        """CREATE TABLE IF NOT EXISTS claims (
            claim_id VARCHAR(36) NOT NULL,
            device VARCHAR(43) NOT NULL,
            seq BIGINT NOT NULL,
            prev VARCHAR(64) NOT NULL,
            dispatch VARCHAR(64) NOT NULL,
            envelope VARCHAR(64) NOT NULL,
            package {bytes} NOT NULL,
            receipt TEXT NOT NULL,
            received_at BIGINT NOT NULL,
            PRIMARY KEY (claim_id),
            UNIQUE (device, seq),
            FOREIGN KEY (device) REFERENCES terminals (device)
        )""",
        """CREATE TABLE IF NOT EXISTS events (
            device VARCHAR(43) NOT NULL,
            seq BIGINT NOT NULL,
            request_id VARCHAR(36) NOT NULL,
            request {bytes} NOT NULL,
            signed TEXT NOT NULL,
            PRIMARY KEY (device, seq),
            FOREIGN KEY (device) REFERENCES terminals (device),
            UNIQUE (request_id)
        )""",
        """CREATE TABLE IF NOT EXISTS nonces (
            device VARCHAR(43) NOT NULL,
            nonce VARCHAR(64) NOT NULL,
            expires_at BIGINT NOT NULL,
            PRIMARY KEY (device, nonce)
        )""",
        "CREATE INDEX IF NOT EXISTS nonces_by_expiry ON nonces (expires_at)",
        """CREATE TABLE IF NOT EXISTS log_entries (
            position BIGINT NOT NULL,
            claim_id VARCHAR(36) NOT NULL,
            envelope VARCHAR(64) NOT NULL,
            PRIMARY KEY (position),
            UNIQUE (claim_id),
            FOREIGN KEY (claim_id) REFERENCES claims (claim_id)
        )""",
        """CREATE TABLE IF NOT EXISTS log_head (
            single INTEGER NOT NULL,
            following BIGINT NOT NULL,
            PRIMARY KEY (single)
        )""",
    ),
    (
        """CREATE TABLE owner (
            single INTEGER NOT NULL,
            insurer VARCHAR(10) NOT NULL,
            PRIMARY KEY (single)
        )""",
    ),
    (
        """CREATE TABLE revocations (
            device VARCHAR(43) NOT NULL,
            reason VARCHAR(16) NOT NULL,
            revoked_at BIGINT NOT NULL,
            PRIMARY KEY (device),
            FOREIGN KEY (device) REFERENCES terminals (device)
        )""",
        """CREATE TABLE renewals (
            device VARCHAR(43) NOT NULL,
            key VARCHAR(64) NOT NULL,
            certificate TEXT NOT NULL,
            issued_at BIGINT NOT NULL,
            PRIMARY KEY (device),
            FOREIGN KEY (device) REFERENCES terminals (device)
        )""",
        """CREATE TABLE allowances (
            subject VARCHAR(64) NOT NULL,
            kind VARCHAR(24) NOT NULL,
            span BIGINT NOT NULL,
            used BIGINT NOT NULL,
            PRIMARY KEY (subject, kind)
        )""",
        """CREATE TABLE alarms (
            kind VARCHAR(24) NOT NULL,
            subject VARCHAR(64) NOT NULL,
            day INTEGER NOT NULL,
            count BIGINT NOT NULL,
            first_at BIGINT NOT NULL,
            last_at BIGINT NOT NULL,
            seen_at BIGINT,
            PRIMARY KEY (kind, subject, day)
        )""",
    ),
    (
        """CREATE TABLE decisions (
            claim_id VARCHAR(36) NOT NULL,
            state VARCHAR(9) NOT NULL,
            agreed BIGINT NOT NULL,
            paid BIGINT NOT NULL,
            decided_on VARCHAR(10) NOT NULL,
            outcome {bytes} NOT NULL,
            agreement VARCHAR(30),
            PRIMARY KEY (claim_id),
            UNIQUE (agreement),
            FOREIGN KEY (claim_id) REFERENCES claims (claim_id)
        )""",
    ),
)
_RECORD: Final = "CREATE TABLE IF NOT EXISTS migrations (step INTEGER PRIMARY KEY, digest VARCHAR(64) NOT NULL)"
_TURN: Final = 0x636F6D70  # one number for all: whoever holds this advisory lock of PostgreSQL migrates
_TYPES: Final[Mapping[str, Mapping[str, str]]] = {"sqlite": {"bytes": "BLOB"}, "postgresql": {"bytes": "BYTEA"}}


def are_missing(connection: Connection, steps: Steps = STEPS) -> bool:
    """Whether a step is still to be taken; DatabaseDiffers when a recorded one is not the released one."""
    return len(_taken(connection, steps)) < len(steps)


def migrate(connection: Connection, steps: Steps = STEPS) -> None:
    """Take the steps that are missing, inside the caller's writing transaction."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SELECT pg_advisory_xact_lock(:turn)"), {"turn": _TURN})
    taken = _taken(connection, steps)
    connection.exec_driver_sql(_RECORD)
    for number, step in enumerate(steps, start=1):
        if number not in taken:
            _take(connection, number, step)


def _take(connection: Connection, number: int, step: Sequence[str]) -> None:
    for statement in step:
        connection.exec_driver_sql(statement.format_map(_TYPES[connection.dialect.name]))
    record = text("INSERT INTO migrations (step, digest) VALUES (:step, :digest)")
    connection.execute(record, {"step": number, "digest": digest_of(step)})


def _taken(connection: Connection, steps: Steps) -> set[int]:
    if not inspect(connection).has_table("migrations"):
        return set()
    rows: Sequence[Any] = connection.execute(text("SELECT step, digest FROM migrations")).all()
    recorded = {row.step: row.digest for row in rows if row.step <= len(steps)}
    for number, digest in recorded.items():
        if digest != digest_of(steps[number - 1]):
            raise DatabaseDiffers("a recorded migration is not the released one", step=number)
    return set(recorded)


def digest_of(step: Sequence[str]) -> str:
    """The digest (hex) under which a step is recorded."""
    return hashlib.sha256("\x00".join(step).encode("utf-8")).hexdigest()
