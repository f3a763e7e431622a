"""The access journal: who did what to whose data, when, from where, with what outcome. It only grows.

Rules: an entry is written in the transaction of its act, or before it. `whom` is a keyed pseudonym (HMAC-SHA-256 under
a key that only the shop key gives) or empty; no name, no NIR, no birth date ever stands here. Triggers refuse UPDATE,
DELETE and an INSERT that is not at the end.

Canonical bytes of an entry: the JSON (RFC 8785) of its members `at` (milliseconds since 1970 UTC), `entry` (1, 2, 3…),
`origin`, `outcome`, `subject`, `what`, `who`, `whom`, all but the numbers text. Its digest, in lower-case hex, is

    SHA-256("comptoir/journal/v1" || 0x00 || digest of the entry before, 32 bytes || canonical bytes)

with 32 zero bytes before the first. The store keeps number and digest of the newest entry apart (`sync.queue.
journal_head`), and each dispatch to an insurer says both under the device's signature: what stood there at a dispatch
cannot be cut off any more. Against cutting off what came after it there is the *running seal*, made when the shop key
is: S0 = HMAC-SHA-256(K, count || 0x00 || digest), then for each entry S = HMAC-SHA-256(S before, digest). Only the
newest S is kept, so whoever holds the file and the device key but no person's PIN cannot go back to an earlier one;
whoever is logged in can compute all of them again.
"""

import hashlib
import hmac
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Column, Connection, Integer, MetaData, Select, Table, Text, func, insert, select

from sync.contract.envelope import StrictRecord, encode
from sync.crypto.commitments import commit
from sync.crypto.symmetric import derive
from sync.queue.journal_head import JournalHead, journal_head, set_journal_head
from sync.queue.tables import milliseconds
from sync.store import Store, finishing
from terminal.vault.acts import Act

ROOM: Final = "journal"
SCHEMA: Final = (
    (
        "CREATE TABLE journal (entry INTEGER PRIMARY KEY, at INTEGER NOT NULL, who TEXT NOT NULL, whom TEXT NOT NULL,"
        " what TEXT NOT NULL, subject TEXT NOT NULL, origin TEXT NOT NULL, outcome TEXT NOT NULL,"
        " digest TEXT NOT NULL) STRICT",
        "CREATE INDEX journal_subject ON journal (subject)",
        "CREATE TRIGGER journal_at_its_end BEFORE INSERT ON journal"
        " WHEN NEW.entry <= (SELECT coalesce(max(entry), 0) FROM journal)"
        " BEGIN SELECT RAISE(ABORT, 'the access journal only grows'); END",
        "CREATE TRIGGER journal_unchanged BEFORE UPDATE ON journal"
        " BEGIN SELECT RAISE(ABORT, 'the access journal only grows'); END",
        "CREATE TRIGGER journal_complete BEFORE DELETE ON journal"
        " BEGIN SELECT RAISE(ABORT, 'the access journal only grows'); END",
    ),
)
_table: Final = Table(
    "journal",
    MetaData(),
    Column("entry", Integer, primary_key=True),
    Column("at", Integer),
    *(Column(name, Text) for name in ("who", "whom", "what", "subject", "origin", "outcome", "digest")),
)
LABEL: Final = b"comptoir/journal/v1\x00"
DONE: Final = "done"
_WHOM: Final = "comptoir/journal/whom/v1"
_SEAL: Final = "comptoir/journal/seal/v1"

Writing = Callable[[Connection], None]
"""Writes an entry inside the transaction of its act."""


class Entry(StrictRecord, frozen=True, kw_only=True):
    """One entry. `who` is an account or empty, `subject` a claim, request or account, `outcome` done or a code."""

    entry: int
    at: int
    who: str
    whom: str
    what: str
    subject: str
    origin: str
    outcome: str


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be written of an act; number and digest are given when it is written."""

    what: Act
    at: datetime
    origin: str
    who: str = ""
    whom: str = ""
    subject: str = ""
    outcome: str = DONE


def entry_digest(before: str, entry: Entry) -> str:
    """The digest (hex) of an entry that follows the one with digest `before`."""
    return hashlib.sha256(LABEL + bytes.fromhex(before) + encode(entry)).hexdigest()


def first_seal(shop_seed: bytes, count: int, digest: str) -> bytes:
    """The running seal of a journal that has `count` entries when the shop key is made."""
    return _mac(derive(shop_seed, _SEAL), f"{count}\x00{digest}")


def next_seal(seal: bytes, digest: str) -> bytes:
    """The seal after one more entry."""
    return _mac(seal, digest)


def person_mark(shop_seed: bytes, nir13: str, birth_date_raw: str, rank: int) -> str:
    """The journal's pseudonym of a person; people who share a NIR differ by birth date and rank."""
    return commit(f"{nir13}|{birth_date_raw}|{rank}", derive(shop_seed, _WHOM))


class Journal:
    """The journal of an open store. Writing needs nobody to be logged in: a refused PIN is an entry too."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate(ROOM, SCHEMA)

    def writing(self, *deeds: Deed) -> Writing:
        """What to run inside the transaction of the act."""

        def write(connection: Connection) -> None:
            for deed in deeds:
                _append(connection, deed)

        return write

    @finishing
    def record(self, *deeds: Deed) -> None:
        """Write entries in a transaction of their own, durable before this returns; none at all for no deed."""
        if deeds:
            with self._store.write() as connection:
                self.writing(*deeds)(connection)

    @finishing
    def begin_seal(self, shop_seed: bytes) -> None:
        """Begin the running seal, once: before anybody was ever logged in. Later calls change nothing."""
        with self._store.read() as connection:
            begun = journal_head(connection).seal is not None
        if begun:
            return
        with self._store.write() as connection:
            head = journal_head(connection)
            if head.seal is None and not _was_unlocked(connection):
                seal = first_seal(shop_seed, head.count, head.head)
                set_journal_head(connection, replace(head, sealed_from=head.count, seal=seal))

    def whom_of(self, claim_id: str) -> str:
        """Whose data a claim is about, by the entry of its registration; empty when there is none."""
        with self._store.read() as connection:
            return self.whom_in(connection, claim_id)

    def whom_in(self, connection: Connection, claim_id: str) -> str:
        """The same inside a transaction."""
        wanted = select(_table.c.whom).where(_table.c.subject == claim_id, _table.c.whom != "").limit(1)
        return connection.execute(wanted.order_by(_table.c.entry)).scalar() or ""

    def entries(self, *, whom: str | None = None, limit: int | None = None) -> tuple[Entry, ...]:
        """The newest entries, newest last; only those about one person, if asked."""
        wanted: Select[tuple[object, ...]] = select(_table).order_by(_table.c.entry.desc()).limit(limit)
        if whom is not None:
            wanted = wanted.where(_table.c.whom == whom)
        with self._store.read() as connection:
            found = [_entry(row._mapping) for row in connection.execute(wanted)]  # noqa: SLF001 - SQLAlchemy's public name
        return tuple(reversed(found))


def _append(connection: Connection, deed: Deed) -> None:
    head = journal_head(connection)
    last = connection.execute(select(func.max(_table.c.entry))).scalar() or 0
    entry = Entry(
        entry=max(head.count, last) + 1,
        at=milliseconds(deed.at),
        who=deed.who,
        whom=deed.whom,
        what=deed.what,
        subject=deed.subject,
        origin=deed.origin,
        outcome=deed.outcome,
    )
    digest = entry_digest(head.head, entry)
    values = {name: getattr(entry, name) for name in Entry.__struct_fields__}
    connection.execute(insert(_table).values(**values, digest=digest))
    seal = None if head.seal is None else next_seal(head.seal, digest)
    set_journal_head(connection, JournalHead(entry.entry, digest, head.sealed_from, seal))


def _was_unlocked(connection: Connection) -> bool:
    unlocked = select(_table.c.entry).where(_table.c.what == Act.UNLOCKED, _table.c.outcome == DONE)
    return connection.execute(unlocked.limit(1)).first() is not None


def _entry(row: object) -> Entry:
    return Entry(**{name: row[name] for name in Entry.__struct_fields__})  # type: ignore[index]


def _mac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode("ascii"), hashlib.sha256).digest()
