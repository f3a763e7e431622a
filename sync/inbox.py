"""What insurers said to this terminal: events, fetched once each, kept as they were signed.

Rules: an event and the cursor behind it are one transaction; the next one asked for is the one after the cursor, and
only the one that continues the chain is taken, so that an event is there exactly once and none is missing unnoticed.
An insurer that always has one more is heard again at the next round: a round has an end, and a store keeps no more of
one insurer than its claims can explain. Nothing is opened here: that takes the shop key.
"""

import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from sync.contract.envelope import GENESIS, digest
from sync.contract.exchange import MAX_EVENTS
from sync.crypto.events import read_event
from sync.crypto.signing import VerifyingKey
from sync.errors import ContractError, EventInvalid, EventsExcessive, SignatureInvalid
from sync.store import Store, finishing

ROUND_EVENTS: Final = 20 * MAX_EVENTS
"""So many of one insurer are taken in a round; the others wait for the next."""
_PER_CLAIM: Final = 20
_PLACE: Final = "SELECT seq, head FROM event_cursor WHERE insurer = ?"
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

    def fetch(
        self,
        insurer: str,
        source: EventSource,
        device: str,
        *,
        most: int = sys.maxsize,
        go_on: Callable[[], bool] = lambda: True,
    ) -> int:
        """Take what this insurer has to say since the last time, ROUND_EVENTS at most; how many.

        `most`: the highest number that is kept of this insurer (`explained`); `go_on` is asked before each answer.
        EventInvalid, EventsExcessive, and what `source` raises: what was taken before stays taken.
        """
        taken = 0
        while taken < ROUND_EVENTS and go_on():
            seq, head = self._place(insurer)
            signed = source.events(seq)[:MAX_EVENTS]
            room = max(0, most - seq)
            taken += self._take(insurer, signed[:room], (seq, head), (source.verifiers, device))
            if room < len(signed):
                raise EventsExcessive("more events than claims can explain", kept=seq + room)
            if len(signed) < MAX_EVENTS:
                break
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
            return _as_place(connection.exec_driver_sql(_PLACE, (insurer,)).first())

    def _take(
        self, insurer: str, signed: Sequence[str], place: tuple[int, str], by: tuple[Sequence[VerifyingKey], str]
    ) -> int:
        """Keep those of an answer that continue the chain; how many. EventInvalid at the first that does not."""
        right: list[tuple[int, str]] = []
        try:
            for seq in _continuing(insurer, signed, place, by):
                right.append((seq, signed[len(right)]))
        finally:
            kept = self._keep(insurer, place, right) if right else 0
        return kept

    @finishing
    def _keep(self, insurer: str, place: tuple[int, str], events: Sequence[tuple[int, str]]) -> int:
        """Keep them in one act, unless another process took some since; how many."""
        with self._store.write() as connection:
            if _as_place(connection.exec_driver_sql(_PLACE, (insurer,)).first()) != place:
                return 0
            for seq, signed in events:
                values = (insurer, seq, signed)
                connection.exec_driver_sql("INSERT INTO event (insurer, seq, signed) VALUES (?, ?, ?)", values)
            seq, signed = events[-1]
            connection.exec_driver_sql(
                "INSERT OR REPLACE INTO event_cursor (insurer, seq, head) VALUES (?, ?, ?)",
                (insurer, seq, digest(signed.encode("ascii"))),
            )
        return len(events)


def _as_place(found: Sequence[Any] | None) -> tuple[int, str]:
    """Number and digest of the newest event of an insurer."""
    return (0, GENESIS) if found is None else (found[0], found[1])


def explained(claims: int) -> int:
    """So many events can be about so many claims sent: outcomes, payments, requests, and what is said twice."""
    return ROUND_EVENTS + _PER_CLAIM * claims


def _continuing(
    insurer: str, signed: Sequence[str], place: tuple[int, str], by: tuple[Sequence[VerifyingKey], str]
) -> Iterator[int]:
    """The numbers of events that continue the chain from `place`, one after the other; EventInvalid."""
    seq, head = place
    verifiers, device = by
    for one in signed:
        try:
            event = read_event(one, verifiers)
        except (SignatureInvalid, ContractError) as error:
            raise EventInvalid("an event that the insurer did not sign", reason=error.code) from error
        if (event.insurer, event.device, event.seq, event.prev) != (insurer, device, seq + 1, head):
            raise EventInvalid("an event that does not continue the chain", reason="chain")
        seq, head = event.seq, digest(one.encode("ascii"))
        yield seq
