"""What the queue answers without changing anything.

Rules: counts and ages come from indexes only, so a status line costs little however much waits; what was dispatched is
ordered by number, what was not by arrival, and nothing by a clock. No wait is longer than `LONGEST_WAIT`: an instant
beyond that was written by a clock that was wrong, and holds nothing back.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final

from sqlalchemy import Connection, Select, TextClause, func, select, text

from sync.backoff import LONGEST_WAIT
from sync.deadlines import ALARM_AFTER, WARN_AFTER, end_of, latest_day
from sync.errors import ClaimUnknown
from sync.queue import states as claim_states
from sync.queue.asides import ASIDE
from sync.queue.tables import (
    CHAIN,
    OUTBOX,
    REFUSAL,
    ROW_COLUMNS,
    Row,
    milliseconds,
    optional_instant,
    row_from,
    row_of,
)
from sync.store import Store, run

_MANY: Final = 1_000_000

# SQLite would take another index of these tables and then sort: the one that fits is named.
_OF_WAITING: Final = "FROM outbox INDEXED BY outbox_waiting WHERE state IN ('queued', 'sending')"
_UNSETTLED: Final = """SELECT insurer, count(*), count(seq) FROM outbox INDEXED BY outbox_state
    WHERE state IN ('queued', 'sending', 'blocked', 'rejected') GROUP BY insurer"""
_IS_FRESH: Final = "(state = 'queued' AND (not_before <= :now OR not_before > :absurd))"
_IS_RETRIED: Final = "(state = 'sending' AND (next_try IS NULL OR next_try <= :now OR next_try > :absurd))"
_WAITING_IDS: Final = f"SELECT claim_id, state {_OF_WAITING} ORDER BY entry"
_OF_STATES: Final = "FROM outbox INDEXED BY outbox_state WHERE state"
_ALL: Final = ", ".join(f"'{state}'" for state in sorted(claim_states.ALL))
_STATES_SINCE: Final = f"SELECT claim_id, state {_OF_STATES} IN ({_ALL}) AND created_at >= :start ORDER BY entry"
_OLDEST: Final = f"SELECT count(*), min(created_at) {_OF_STATES} IN ('queued', 'sending')"
_REJECTED: Final = f"SELECT count(*) {_OF_STATES} = 'rejected'"
_ASIDE: Final = ", ".join(f"'{code}'" for code in sorted(ASIDE))
_FAILED: Final = text(
    f"SELECT 1 FROM (SELECT claim_id AS tried {_OF_WAITING} AND next_try IS NOT NULL)"  # noqa: S608  # our own codes
    f" CROSS JOIN outbox ON claim_id = tried WHERE last_error NOT IN ({_ASIDE}) LIMIT 1"
)
_INSURERS_DUE: Final = f"SELECT DISTINCT insurer {_OF_WAITING} AND ({_IS_FRESH} OR {_IS_RETRIED}) ORDER BY insurer"
_NEXT_DUE: Final = (
    f"SELECT min(CASE state WHEN 'queued' THEN not_before ELSE next_try END) {_OF_WAITING}"
    " AND CASE state WHEN 'queued' THEN not_before ELSE next_try END BETWEEN :now + 1 AND :absurd"
)
_OF_INSURER: Final = f"SELECT {ROW_COLUMNS} {_OF_WAITING} AND insurer = :insurer"
_RETRIED: Final = f"{_OF_INSURER} AND {_IS_RETRIED} ORDER BY seq LIMIT :limit"
_FRESH: Final = f"{_OF_INSURER} AND {_IS_FRESH} ORDER BY seq, entry LIMIT :limit"
_OF_CLAIM: Final = f"SELECT {ROW_COLUMNS} FROM outbox WHERE claim_id = ?"  # noqa: S608  # columns named in this room
_REGISTERED_BY: Final = text(
    "SELECT count(*) FROM outbox INDEXED BY outbox_state"
    " WHERE state IN ('queued', 'sending', 'blocked') AND created_at < :instant"
)
_REGISTERED_AFTER: Final = text(
    "SELECT count(*) FROM outbox INDEXED BY outbox_state"
    " WHERE state IN ('queued', 'sending', 'blocked') AND created_at >= :instant"
)


@dataclass(frozen=True)
class Late:
    """How many claims without receipt are warned of, and how many are an alarm (`sync.deadlines`)."""

    warned: int = 0
    alarmed: int = 0


@dataclass(frozen=True)
class Summary:
    """The queue at a glance.

    `waiting` have no receipt yet; `oldest` is when the oldest of them was registered; `line_failed`: one of them was
    tried in vain and is to be tried again, for another reason than its own. `states` counts every state, in a summary
    that counts them.
    """

    waiting: int
    oldest: datetime | None
    rejected: int
    last_receipt_at: datetime | None
    line_failed: bool
    states: dict[str, int] = field(default_factory=dict)


class QueueReader:
    """The reading half of the outbox."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def get(self, claim_id: str) -> Row:
        """The row of a claim; ClaimUnknown."""
        with self._store.read() as connection:
            return row_of_claim(connection, claim_id)

    def get_all(self, ids: Iterable[str]) -> list[Row]:
        """The rows of these claims, in this order, as they are at one instant; ClaimUnknown."""
        with self._store.read() as connection:
            return [row_of_claim(connection, claim_id) for claim_id in ids]

    def rows(
        self, states: Collection[str] | None = None, *, limit: int = _MANY, newest_first: bool = False
    ) -> list[Row]:
        """Rows in the order of their registration, of these states (default: all)."""
        query = select(OUTBOX).order_by(OUTBOX.c.entry.desc() if newest_first else OUTBOX.c.entry).limit(limit)
        return self._rows(query if states is None else query.where(OUTBOX.c.state.in_(sorted(states))))

    def rows_since(self, start: datetime) -> list[Row]:
        """Rows registered at `start` or later, in the order of their registration."""
        recent = OUTBOX.c.state.in_(sorted(claim_states.ALL)), OUTBOX.c.created_at >= milliseconds(start)
        return self._rows(select(OUTBOX).where(*recent).order_by(OUTBOX.c.entry))

    def states_since(self, start: datetime) -> list[tuple[str, str]]:
        """Claim id and state of the same rows: envelopes of a whole day are some megabytes, to be counted."""
        with self._store.read() as connection:
            asked = {"start": milliseconds(start)}
            return [(claim_id, state) for claim_id, state in run(connection, _STATES_SINCE, asked)]

    def late(self, today: date, *, trusted: bool = True) -> Late:
        """The claims that should have a receipt by now.

        `today`: the civil day in France, or one that is surely past where the clock is not `trusted`.
        """
        with self._store.read() as connection:

            def count(query: TextClause, day: date) -> int:
                return int(connection.execute(query, {"instant": milliseconds(end_of(day))}).scalar() or 0)

            alarmed = count(_REGISTERED_BY, latest_day(today, ALARM_AFTER))
            warned = count(_REGISTERED_BY, latest_day(today, WARN_AFTER)) - alarmed
            return Late(warned + (count(_REGISTERED_AFTER, today) if trusted else 0), alarmed)

    def refusals(self) -> dict[str, str]:
        """The insurers' signed refusals (JWS) that were kept, by claim id."""
        with self._store.read() as connection:
            found = connection.execute(select(REFUSAL).order_by(REFUSAL.c.claim_id))
            return {row.claim_id: row.refusal for row in found}

    def ids(self, states: Collection[str]) -> list[str]:
        """The claim ids of these states, in the order of registration; from an index when all of them are waiting."""
        if claim_states.WAITING.issuperset(states):
            return [claim_id for claim_id, state in self._waiting(_WAITING_IDS, {}) if state in states]
        query = select(OUTBOX.c.claim_id).where(OUTBOX.c.state.in_(sorted(states))).order_by(OUTBOX.c.entry)
        with self._store.read() as connection:
            return list(connection.execute(query).scalars())

    def unsettled(self) -> dict[str, tuple[int, int]]:
        """By insurer, the claims that need it or a person still: never numbered, and numbered."""
        with self._store.read() as connection:
            found = run(connection, _UNSETTLED)
        return {insurer: (total - numbered, numbered) for insurer, total, numbered in found}

    def summary(self) -> Summary:
        """Counts and ages."""
        by_state = select(OUTBOX.c.state, func.count(), func.min(OUTBOX.c.created_at)).group_by(OUTBOX.c.state)
        with self._store.read() as connection:
            found = connection.execute(by_state).all()
            line_failed = connection.execute(_FAILED).first() is not None
            last_receipt_at = connection.execute(select(func.max(CHAIN.c.receipt_at))).scalar()
        counts = {state: count for state, count, _ in found}
        oldest = min((first for state, _, first in found if state in claim_states.WAITING), default=None)
        return Summary(
            waiting=sum(counts.get(state, 0) for state in claim_states.WAITING),
            oldest=optional_instant(oldest),
            rejected=counts.get(claim_states.REJECTED, 0),
            last_receipt_at=optional_instant(last_receipt_at),
            line_failed=line_failed,
            states=counts,
        )

    def glance(self) -> Summary:
        """The same without counting every state: what it costs does not grow with the claims that are settled."""
        with self._store.read() as connection:
            (waiting, oldest), *_ = run(connection, _OLDEST)
            (rejected,), *_ = run(connection, _REJECTED)
            line_failed = connection.execute(_FAILED).first() is not None
            last_receipt_at = connection.execute(select(func.max(CHAIN.c.receipt_at))).scalar()
        return Summary(
            waiting, optional_instant(oldest), rejected, optional_instant(last_receipt_at), line_failed=line_failed
        )

    def newest_receipt(self) -> str | None:
        """The receipt of the newest claim that has one, whatever became of it since."""
        query = select(OUTBOX.c.receipt).where(OUTBOX.c.receipt.is_not(None)).order_by(OUTBOX.c.entry.desc()).limit(1)
        with self._store.read() as connection:
            return connection.execute(query).scalar()

    def insurers_due(self, now: datetime) -> tuple[str, ...]:
        """The insurers for which something may leave at `now`."""
        return tuple(insurer for (insurer,) in self._waiting(_INSURERS_DUE, _instants(now)))

    def next_due(self, now: datetime) -> datetime | None:
        """The first instant after `now` at which something that waits may leave; None when nothing does."""
        ((first,),) = self._waiting(_NEXT_DUE, _instants(now))
        return optional_instant(first)

    def due(self, insurer: str, now: datetime, limit: int = 100) -> list[Row]:
        """What may leave to `insurer` at `now`: dispatched rows by number, then new ones in order of registration."""
        asked = {"insurer": insurer, **_instants(now)}
        with self._store.read() as connection:
            found = run(connection, _RETRIED, {**asked, "limit": limit})
            found += run(connection, _FRESH, {**asked, "limit": limit - len(found)})
        return [row_from(row) for row in found]

    def _rows(self, query: Select[tuple[object, ...]]) -> list[Row]:
        with self._store.read() as connection:
            return [row_of(found) for found in connection.execute(query)]

    def _waiting(self, query: str, asked: Mapping[str, object]) -> Sequence[tuple[Any, ...]]:
        with self._store.read() as connection:
            return run(connection, query, asked)


def is_over(wait: datetime, now: datetime) -> bool:
    """Whether something that waits until `wait` may happen at `now`."""
    return wait <= now or wait > now + LONGEST_WAIT


def _instants(now: datetime) -> dict[str, int]:
    return {"now": milliseconds(now), "absurd": milliseconds(now + LONGEST_WAIT)}


def row_of_claim(connection: Connection, claim_id: str, insurer: str | None = None) -> Row:
    """The row of a claim (of `insurer`, where one is given); ClaimUnknown."""
    found = run(connection, _OF_CLAIM, (claim_id,))
    row = row_from(found[0]) if found else None
    if row is None or insurer not in (None, row.insurer):
        raise ClaimUnknown("no claim has this id", claim_id=claim_id)
    return row
