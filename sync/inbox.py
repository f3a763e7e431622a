"""What insurers said to this terminal: events, fetched once each, kept as they were signed.

Rules: an event and the cursor behind it are one transaction; the next one asked for is the one after the cursor, and
only the one that continues the chain is taken, so that an event is there exactly once and none is missing unnoticed.
Nothing is opened here: that takes the shop key.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from sync.contract.envelope import GENESIS, digest
from sync.contract.exchange import MAX_EVENTS
from sync.crypto.events import read_event
from sync.crypto.signing import VerifyingKey
from sync.errors import ContractError, EventInvalid, SignatureInvalid
from sync.store import Store, finishing

_STEPS: Final = (
    (
        """CREATE TABLE event (
            insurer TEXT NOT NULL,
            seq INTEGER NOT NULL CHECK (seq >= 1),
            signed TEXT NOT NULL,
            PRIMARY KEY (insurer, seq)
        ) STRICT, WITHOUT ROWID""",
        """CREATE TABLE event_cursor (
            insurer TEXT PRIMARY KEY,
            seq INTEGER NOT NULL,
            head TEXT NOT NULL
        ) STRICT, WITHOUT ROWID""",
    ),
)


@dataclass(frozen=True)
class Kept:
    """One event as it was signed."""

    insurer: str
    seq: int
    signed: str = field(repr=False)


class EventSource(Protocol):
    """A line to one insurer, as far as events go."""

    @property
    def verifiers(self) -> Sequence[VerifyingKey]:
        """The keys whose events count."""

    def events(self, after: int) -> tuple[str, ...]:
        """The events after a number, at most MAX_EVENTS."""


class Inbox:
    """The events of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate("inbox", _STEPS)

    def fetch(self, insurer: str, source: EventSource, device: str) -> int:
        """Take all that this insurer has to say since the last time; how many. EventInvalid, and what `source` raises.

        What was taken before an error stays taken.
        """
        taken = 0
        while True:
            signed = source.events(self.cursor(insurer))
            for one in signed:
                self._take(insurer, one, source.verifiers, device)
            taken += len(signed)
            if len(signed) < MAX_EVENTS:
                return taken

    def cursor(self, insurer: str) -> int:
        """The number of the newest event of an insurer, 0 before the first."""
        return self._place(insurer)[0]

    def after(self, insurer: str, seq: int) -> tuple[Kept, ...]:
        """The events of an insurer after a number, in order."""
        query = "SELECT insurer, seq, signed FROM event WHERE insurer = ? AND seq > ? ORDER BY seq"
        with self._store.read() as connection:
            return tuple(Kept(*found) for found in connection.exec_driver_sql(query, (insurer, seq)))

    def one(self, insurer: str, seq: int) -> Kept | None:
        """One event."""
        found = [kept for kept in self.after(insurer, seq - 1) if kept.seq == seq]
        return found[0] if found else None

    def _place(self, insurer: str) -> tuple[int, str]:
        with self._store.read() as connection:
            query = "SELECT seq, head FROM event_cursor WHERE insurer = ?"
            found = connection.exec_driver_sql(query, (insurer,)).first()
        return (0, GENESIS) if found is None else (found.seq, found.head)

    def _take(self, insurer: str, signed: str, verifiers: Sequence[VerifyingKey], device: str) -> None:
        seq, head = self._place(insurer)
        try:
            event = read_event(signed, verifiers)
        except (SignatureInvalid, ContractError) as error:
            raise EventInvalid("an event that the insurer did not sign", reason=error.code) from error
        if (event.insurer, event.device, event.seq, event.prev) != (insurer, device, seq + 1, head):
            raise EventInvalid("an event that does not continue the chain", reason="chain")
        self._keep(insurer, event.seq, signed)

    @finishing
    def _keep(self, insurer: str, seq: int, signed: str) -> None:
        with self._store.write() as connection:
            connection.exec_driver_sql(
                "INSERT INTO event (insurer, seq, signed) VALUES (?, ?, ?)", (insurer, seq, signed)
            )
            connection.exec_driver_sql(
                "INSERT OR REPLACE INTO event_cursor (insurer, seq, head) VALUES (?, ?, ?)",
                (insurer, seq, digest(signed.encode("ascii"))),
            )
