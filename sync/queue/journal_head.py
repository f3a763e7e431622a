"""The head of the access journal, as the queue needs it: every dispatch names it, so that an insurer holds it too.

Rules: one row, changed in the transaction of the entry it is about; it holds a number, a digest and the journal's
running seal, and nothing of a person. The service, which signs dispatches while nobody is logged in, reads number and
digest here and does not read the journal. A dispatch made before the journal's first entry names none.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from sqlalchemy import Column, Connection, Integer, LargeBinary, MetaData, Table, Text, select
from sqlalchemy.dialects.sqlite import insert

from sync.contract.envelope import GENESIS, JournalAnchor
from sync.errors import ContractError
from sync.queue.counterfoil import Counterfoil
from sync.queue.reconciliation import dispatch_of
from sync.queue.tables import OUTBOX
from sync.store import run

ROOM: Final = "journal_head"
STEPS: Final = (
    (
        """CREATE TABLE journal_head (
            single INTEGER PRIMARY KEY CHECK (single = 1),
            count INTEGER NOT NULL,
            head TEXT NOT NULL,
            sealed_from INTEGER,
            seal BLOB,
            CHECK ((sealed_from IS NULL) = (seal IS NULL))
        ) STRICT""",
    ),
)
_READ: Final = "SELECT count, head, sealed_from, seal FROM journal_head"
_HEAD: Final = Table(
    "journal_head",
    MetaData(),
    Column("single", Integer, primary_key=True),
    Column("count", Integer),
    Column("head", Text),
    Column("sealed_from", Integer),
    Column("seal", LargeBinary),
)


@dataclass(frozen=True)
class JournalHead:
    """Number and digest (hex) of the newest entry; the running seal, and the number of the entry it began after."""

    count: int = 0
    head: str = GENESIS
    sealed_from: int | None = None
    seal: bytes | None = field(default=None, repr=False)


def journal_head(connection: Connection) -> JournalHead:
    """The head as the store holds it; that of an empty journal when there is none."""
    found = run(connection, _READ)
    return JournalHead(*found[0]) if found else JournalHead()


def set_journal_head(connection: Connection, head: JournalHead) -> None:
    """Replace the head, inside the transaction of the entry it is about."""
    values = {"count": head.count, "head": head.head, "sealed_from": head.sealed_from, "seal": head.seal}
    statement = insert(_HEAD).values(single=1, **values)
    connection.execute(statement.on_conflict_do_update(index_elements=["single"], set_=values))


def anchor_to_sign(connection: Connection) -> JournalAnchor | None:
    """What the next dispatch says of the journal; None while the journal is empty."""
    head = journal_head(connection)
    return JournalAnchor(count=head.count, head=head.head) if head.count else None


def signed_anchors(connection: Connection, counterfoil: Counterfoil) -> Iterator[JournalAnchor]:
    """Every anchor that this terminal signed, from the store's dispatches and from the counterfoil's.

    ContractError when a dispatch cannot be read, CounterfoilCorrupt.
    """
    for found in connection.execute(select(OUTBOX.c.dispatch).where(OUTBOX.c.dispatch.is_not(None))):
        yield from _anchor_in(found.dispatch)
    for frame in counterfoil.frames():
        if frame.kind == "dispatch":
            yield from _anchor_in(_ascii(frame.body))


def _anchor_in(dispatch: str) -> Iterator[JournalAnchor]:
    anchor = dispatch_of(dispatch).journal
    if anchor is not None:
        yield anchor


def _ascii(body: bytes) -> str:
    try:
        return body.decode("ascii")
    except UnicodeDecodeError as error:
        raise ContractError("a dispatch is ASCII") from error
