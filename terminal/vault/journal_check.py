"""Whether the access journal is the one that was written: nothing edited, removed, put elsewhere or cut off.

Rules: everything is computed again from the stored bytes, which are read as bytes, so that a text which is no text any
more is a finding and no crash; the head in the store, the heads that were signed for insurers, and, while somebody is
logged in, the running seal must all agree with what was computed. A finding names entries by number, never a person.
"""

import hmac
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Final

from sqlalchemy import Connection

from sync.contract.envelope import GENESIS, JournalAnchor
from sync.errors import SyncError
from sync.queue.counterfoil import Counterfoil
from sync.queue.journal_head import JournalHead, journal_head, signed_anchors
from sync.store import CheckLine, Store
from terminal.vault.acts import Act
from terminal.vault.journal import DONE, Entry, entry_digest, first_seal, next_seal

NAME: Final = "journal"
SHOWN: Final = 5
"""Findings that a line names."""
_TEXTS: Final = ("who", "whom", "what", "subject", "origin", "outcome", "digest")
_ALL: Final = (
    "SELECT entry, at, "  # noqa: S608 - the names are this module's own
    + ", ".join(f"CAST({name} AS BLOB)" for name in _TEXTS)
    + " FROM journal NOT INDEXED ORDER BY entry"
)


@dataclass(frozen=True, slots=True)
class Stored:
    """One row as it lies in the store."""

    entry: Entry
    digest: str


def check_journal(store: Store, counterfoil: Counterfoil, shop_seed: bytes | None = None) -> CheckLine:
    """The line `journal`. With the shop key the running seal is checked too, and the detail says so."""
    try:
        with store.read() as connection:
            anchors = signed_anchors(connection, counterfoil)
            return judge(rows_in(connection), journal_head(connection), anchors, shop_seed)
    except SyncError as error:
        return _bad(f"cannot be read: {error.code}")


def rows_in(connection: Connection) -> Iterator[Stored]:
    """Every row, in the order of numbers; bytes that are no text are kept as lone surrogates, which no entry has."""
    for number, at, *raw in connection.exec_driver_sql(_ALL):
        who, whom, what, subject, origin, outcome, digest = (
            bytes(one).decode("utf-8", "surrogateescape") for one in raw
        )
        texts = {"who": who, "whom": whom, "what": what, "subject": subject, "origin": origin, "outcome": outcome}
        yield Stored(Entry(entry=number, at=at, **texts), digest)


def judge(
    rows: Iterable[Stored], head: JournalHead, anchors: Iterable[JournalAnchor], shop_seed: bytes | None = None
) -> CheckLine:
    """The verdict over rows, head and signed heads."""
    kept = tuple(rows)
    findings = list(islice(broken(kept), SHOWN + 1))
    if findings:
        more = ", …" if len(findings) > SHOWN else ""
        return _bad(", ".join(findings[:SHOWN]) + more)
    digests = {0: GENESIS, **{row.entry.entry: row.digest for row in kept}}
    finding = _against_head(digests, head) or _against_anchors(digests, anchors)
    finding = finding or _against_seal(digests, head, _first_log_in(kept), shop_seed)
    if finding:
        return _bad(finding)
    sealed = "seal checked" if shop_seed is not None else "seal needs a PIN"
    return CheckLine(NAME, ok=True, detail=f"{len(kept)} entries, {sealed}")


def broken(rows: Iterable[Stored]) -> Iterator[str]:
    """What does not hold from one row to the next: each hole, and each entry that does not follow the one before."""
    expected, before = 1, GENESIS
    for row in rows:
        number = row.entry.entry
        if number != expected:
            yield f"before entry {number}: {expected} expected"
        elif not _follows(row, before):
            yield f"entry {number} is not as it was written"
        expected, before = number + 1, row.digest


def _follows(row: Stored, before: str) -> bool:
    try:
        return entry_digest(before, row.entry) == row.digest
    except ValueError:
        return False  # a digest or a text that is none any more


def _first_log_in(rows: Iterable[Stored]) -> int | None:
    logged_in = (Act.UNLOCKED, DONE)
    return next((row.entry.entry for row in rows if (row.entry.what, row.entry.outcome) == logged_in), None)


def _against_head(digests: Mapping[int, str], head: JournalHead) -> str | None:
    last = len(digests) - 1
    if (head.count, head.head) == (last, digests[last]):
        return None
    if head.count > last:
        return f"entries {last + 1} to {head.count} are missing"
    return "the newest entry is not the one the store remembers"


def _against_anchors(digests: Mapping[int, str], anchors: Iterable[JournalAnchor]) -> str | None:
    for anchor in anchors:
        if digests.get(anchor.count) != anchor.head:
            return f"entry {anchor.count} is not the one that was signed for an insurer"
    return None


def _against_seal(
    digests: Mapping[int, str], head: JournalHead, unlocked: int | None, shop_seed: bytes | None
) -> str | None:
    """Without the shop key only that there is a seal, and that it began before anybody was logged in."""
    if head.seal is None or head.sealed_from is None:
        return None if unlocked is None else "the running seal is missing"
    if head.sealed_from not in digests or (unlocked is not None and head.sealed_from >= unlocked):
        return "the running seal began too late"
    if shop_seed is None:
        return None
    seal = first_seal(shop_seed, head.sealed_from, digests[head.sealed_from])
    for number in range(head.sealed_from + 1, len(digests)):
        seal = next_seal(seal, digests[number])
    return None if hmac.compare_digest(seal, head.seal) else "the running seal is not that of these entries"


def _bad(detail: str) -> CheckLine:
    return CheckLine(NAME, ok=False, detail=detail)
