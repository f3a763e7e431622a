"""What the terminal keeps of insurers' transparency logs, as rows of the store.

Rules: a proof is kept as it came, with the signed profile it was judged by, so that all of it can be judged again
without a line; of each log the accepted checkpoints are kept with the path from one to the next, which is the log's
past as this shop saw it; what does not fit that past is kept too, because it is evidence. Nothing here is about a
person, and nothing here moves a claim's state. Instants are milliseconds since 1970 UTC.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from sqlalchemy import Connection

from sync.backoff import LONGEST_WAIT
from sync.errors import ProofMissing
from sync.queue.tables import instant, milliseconds, optional_instant
from sync.store import Store, finishing

_STEPS: Final[Sequence[Sequence[str]]] = (
    (
        """CREATE TABLE log_proof (
            claim_id TEXT PRIMARY KEY,
            insurer TEXT NOT NULL,
            since INTEGER NOT NULL,
            proof TEXT,
            profile TEXT,
            error TEXT,
            next_ask INTEGER,
            CHECK ((proof IS NULL) = (profile IS NULL)),
            CHECK ((proof IS NULL) = (next_ask IS NOT NULL))
        ) STRICT, WITHOUT ROWID""",
        "CREATE INDEX log_proof_missing ON log_proof (next_ask, insurer) WHERE proof IS NULL",
        """CREATE TABLE log_head (
            origin TEXT NOT NULL,
            size INTEGER NOT NULL,
            insurer TEXT NOT NULL,
            checkpoint TEXT NOT NULL,
            path TEXT NOT NULL,
            profile TEXT NOT NULL,
            PRIMARY KEY (origin, size)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE log_trouble (
            origin TEXT NOT NULL,
            code TEXT NOT NULL,
            insurer TEXT NOT NULL,
            checkpoint TEXT NOT NULL,
            at INTEGER NOT NULL,
            PRIMARY KEY (origin, code)
        ) STRICT, WITHOUT ROWID""",
        "CREATE TABLE log_profile (digest TEXT PRIMARY KEY, profile TEXT NOT NULL) STRICT, WITHOUT ROWID",
    ),
)

_HEADS: Final = "SELECT h.*, l.profile AS signed FROM log_head h LEFT JOIN log_profile l ON l.digest = h.profile"


@dataclass(frozen=True)
class Head:
    """An accepted checkpoint (signed note) of a log, and the path (RFC 6962) from the one accepted before it."""

    origin: str
    size: int
    insurer: str
    checkpoint: str = field(repr=False)
    path: tuple[bytes, ...] = field(repr=False)
    profile: str = field(default="", repr=False)
    """The profile (JWS) it was judged by, once it is kept."""


@dataclass(frozen=True)
class Trouble:
    """A signed checkpoint that does not continue the accepted ones: `code` is log_forked or log_shrunk."""

    origin: str
    code: str
    insurer: str
    checkpoint: str = field(repr=False)
    at: datetime


@dataclass(frozen=True)
class KeptProof:
    """A claim's proof text with the profile (JWS) it was judged by; without one, `error` says why."""

    claim_id: str
    insurer: str
    since: datetime
    proof: str | None = field(repr=False)
    profile: str | None = field(repr=False)
    error: str | None


@dataclass
class Findings:
    """What was judged of one insurer's answers: a proof or a reason for each claim, and what was learnt of the log."""

    insurer: str
    at: datetime
    ask_again: datetime
    profile: str = field(default="", repr=False)
    profile_digest: str = ""
    proofs: dict[str, str] = field(default_factory=dict, repr=False)
    missing: dict[str, str] = field(default_factory=dict)
    heads: list[Head] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


class LogBook:
    """The logs of a terminal's insurers as they were seen."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate("logbook", _STEPS)

    @finishing
    def keep(self, findings: Findings) -> None:
        """Keep findings by themselves; beside receipts use `write` in their transaction."""
        with self._store.write() as connection:
            write(connection, findings)

    def head(self, origin: str) -> Head | None:
        """The last accepted checkpoint of a log."""
        found = self._rows(f"{_HEADS} WHERE h.origin = ? ORDER BY h.size DESC LIMIT 1", origin)
        return _head(found[0]) if found else None

    def heads(self) -> list[Head]:
        """All accepted checkpoints, log by log, in the order of size."""
        return [_head(row) for row in self._rows(f"{_HEADS} ORDER BY h.origin, h.size")]

    def troubles(self) -> list[Trouble]:
        """Checkpoints that were refused."""
        rows = self._rows("SELECT * FROM log_trouble ORDER BY at")
        return [Trouble(row.origin, row.code, row.insurer, row.checkpoint, instant(row.at)) for row in rows]

    def proofs(self) -> list[KeptProof]:
        """Every claim of an insurer with a log, proved or not."""
        rows = self._rows(
            "SELECT p.*, l.profile AS signed FROM log_proof p LEFT JOIN log_profile l ON l.digest = p.profile"
        )
        return [KeptProof(r.claim_id, r.insurer, instant(r.since), r.proof, r.signed, r.error) for r in rows]

    def waiting(self, insurer: str, now: datetime, limit: int) -> list[str]:
        """Claims of an insurer whose proof is to be asked for again at `now`."""
        rows = self._rows(
            "SELECT claim_id FROM log_proof WHERE proof IS NULL AND (next_ask <= ? OR next_ask > ?) AND insurer = ? "
            "LIMIT ?",
            milliseconds(now),
            milliseconds(now + LONGEST_WAIT),
            insurer,
            limit,
        )
        return [row.claim_id for row in rows]

    def insurers_waiting(self, now: datetime) -> list[str]:
        """The insurers to ask for proofs at `now`."""
        rows = self._rows(
            "SELECT DISTINCT insurer FROM log_proof WHERE proof IS NULL AND (next_ask <= ? OR next_ask > ?)",
            milliseconds(now),
            milliseconds(now + LONGEST_WAIT),
        )
        return sorted(row.insurer for row in rows)

    def next_ask(self, now: datetime) -> datetime | None:
        """The first instant after `now` at which a proof may be asked for again; None when none is missing."""
        query = "SELECT min(next_ask) AS first FROM log_proof WHERE proof IS NULL AND next_ask > ? AND next_ask <= ?"
        (row,) = self._rows(query, milliseconds(now), milliseconds(now + LONGEST_WAIT))
        return optional_instant(row.first)

    @finishing
    def adopt(self, insurer: str, now: datetime) -> None:
        """Note every claim of this insurer that has a receipt and is not in the book yet as one without a proof.

        A claim whose dispatch another copy of this home signed is left out: only its very bytes bring its proof.
        """
        at = milliseconds(now)
        with self._store.write() as connection:
            connection.exec_driver_sql(
                """INSERT INTO log_proof SELECT claim_id, insurer, ?, NULL, NULL, ?, ? FROM outbox
                WHERE insurer = ? AND receipt IS NOT NULL AND dispatch IS NOT NULL
                AND claim_id NOT IN (SELECT claim_id FROM log_proof)""",
                (at, ProofMissing.code, at, insurer),
            )

    def insurers(self) -> list[str]:
        """The insurers of which a proof is missing, or was never asked for because another copy sent the claim."""
        rows = self._rows(
            """SELECT insurer FROM log_proof INDEXED BY log_proof_missing WHERE proof IS NULL
            UNION SELECT insurer FROM outbox INDEXED BY outbox_sent_elsewhere
            WHERE receipt IS NOT NULL AND dispatch IS NULL"""
        )
        return sorted(row.insurer for row in rows)

    def late(self, insurer: str, before: datetime) -> dict[str, str]:
        """The claims of an insurer whose proof has been missing since an instant before this one, with the reason."""
        rows = self._rows(
            "SELECT claim_id, error FROM log_proof WHERE proof IS NULL AND insurer = ? AND since < ? ORDER BY claim_id",
            insurer,
            milliseconds(before),
        )
        return {row.claim_id: row.error or ProofMissing.code for row in rows}

    def sent_elsewhere(self, insurer: str) -> list[str]:
        """The claims of an insurer that another copy of this home dispatched: no proof of theirs can come here."""
        rows = self._rows(
            """SELECT claim_id FROM outbox INDEXED BY outbox_sent_elsewhere
            WHERE receipt IS NOT NULL AND dispatch IS NULL AND insurer = ? ORDER BY claim_id""",
            insurer,
        )
        return [row.claim_id for row in rows]

    @finishing
    def hurry(self, now: datetime) -> None:
        """A person asks: whatever proof is missing may be asked for at once."""
        with self._store.write() as connection:
            connection.exec_driver_sql("UPDATE log_proof SET next_ask = ? WHERE proof IS NULL", (milliseconds(now),))

    @finishing
    def postpone(self, insurer: str, until: datetime) -> None:
        """Ask this insurer for no proof before `until`."""
        with self._store.write() as connection:
            connection.exec_driver_sql(
                "UPDATE log_proof SET next_ask = ? WHERE proof IS NULL AND insurer = ?", (milliseconds(until), insurer)
            )

    def _rows(self, query: str, *values: object) -> Sequence[Any]:
        with self._store.read() as connection:
            return connection.exec_driver_sql(query, values).all()


def write(connection: Connection, findings: Findings) -> None:
    """Keep findings in a transaction that is somebody else's too. A proof that is there already stays."""
    at, again = milliseconds(findings.at), milliseconds(findings.ask_again)
    insurer, digest = findings.insurer, findings.profile_digest
    if digest:
        connection.exec_driver_sql("INSERT OR IGNORE INTO log_profile VALUES (?, ?)", (digest, findings.profile))
    for claim_id, proof in findings.proofs.items():
        connection.exec_driver_sql(
            """INSERT INTO log_proof VALUES (?, ?, ?, ?, ?, NULL, NULL) ON CONFLICT DO UPDATE SET
            proof = excluded.proof, profile = excluded.profile, error = NULL, next_ask = NULL WHERE proof IS NULL""",
            (claim_id, insurer, at, proof, digest),
        )
    for claim_id, error in findings.missing.items():
        connection.exec_driver_sql(
            """INSERT INTO log_proof VALUES (?, ?, ?, NULL, NULL, ?, ?) ON CONFLICT DO UPDATE SET
            error = excluded.error, next_ask = excluded.next_ask WHERE proof IS NULL""",
            (claim_id, insurer, at, error, again),
        )
    for head in findings.heads:
        path = ",".join(step.hex() for step in head.path)
        values = (head.origin, head.size, insurer, head.checkpoint, path, digest)
        connection.exec_driver_sql("INSERT OR IGNORE INTO log_head VALUES (?, ?, ?, ?, ?, ?)", values)
    for trouble in findings.troubles:
        row = (trouble.origin, trouble.code, insurer, trouble.checkpoint, at)
        connection.exec_driver_sql("INSERT OR IGNORE INTO log_trouble VALUES (?, ?, ?, ?, ?)", row)


def _head(row: Any) -> Head:
    return Head(row.origin, row.size, row.insurer, row.checkpoint, _path(row.path), row.signed or "")


def _path(text: str) -> tuple[bytes, ...]:
    """The hashes of a kept path; a hash of no bytes, which proves nothing, for a text that was changed."""
    try:
        path = tuple(bytes.fromhex(step) for step in text.split(",") if step)
    except ValueError:
        return (b"",)
    return path if ",".join(step.hex() for step in path) == text else (b"",)
