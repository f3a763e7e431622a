"""What an operator should look at: alarms, counted for each kind, subject and day.

Rules: an alarm names a terminal (key id), an invitation that exists, or nothing (`-`); never anything that was sent.
It is written in the transaction of what caused it, where that commits. One occurrence of some kinds is no alarm yet: a
terminal whose clock is off signs wrongly once, then corrects itself.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from types import MappingProxyType
from typing import Any, Final, Literal, get_args

from sqlalchemy import Connection, select, update
from sqlalchemy.dialects import postgresql, sqlite

from sync.eventlog import event
from sync.receiver.db import Ledger, alarms

AlarmKind = Literal[
    "activation_refused",
    "invitation_closed",
    "enrolment_storm",
    "signature_invalid",
    "certificate_revoked",
    "too_many_requests",
    "unusual_volume",
    "fork",
    "digest_conflict",
]
KINDS: Final[tuple[AlarmKind, ...]] = get_args(AlarmKind)
NOBODY: Final = "-"
"""The subject when there is none that may be named."""
_FROM: Final[Mapping[str, int]] = MappingProxyType({"signature_invalid": 10})
"""Occurrences on one day from which a kind is an alarm; all others from the first."""


@dataclass(frozen=True)
class Alarm:
    """How often something happened on one day (UTC). `seen`: an operator said that they know."""

    kind: str
    subject: str
    day: date
    count: int
    first_at: datetime
    last_at: datetime
    seen: bool

    @property
    def is_raised(self) -> bool:
        """Whether it happened often enough to be one."""
        return self.count >= _FROM.get(self.kind, 1)


def raise_alarm(connection: Connection, kind: AlarmKind, subject: str, now: datetime, times: int = 1) -> None:
    """Count an occurrence; what was seen before is unseen again."""
    at = int(now.timestamp() * 1000)
    day = now.astimezone(UTC).date().toordinal()
    row = {"kind": kind, "subject": subject, "day": day, "count": times, "first_at": at, "last_at": at}
    key = (alarms.c.kind, alarms.c.subject, alarms.c.day)
    more = {"count": alarms.c.count + times, "last_at": at, "seen_at": None}
    written = inserting(connection)(alarms).values(row).on_conflict_do_update(index_elements=key, set_=more)
    count = connection.execute(written.returning(alarms.c.count)).scalar_one()
    if count == times or count % 100 < times:
        event("alarm", kind=kind, subject=subject, count=count)


def known_alarms(ledger: Ledger, since: date | None = None) -> list[Alarm]:
    """Every count from the day `since` on (UTC), newest day first."""
    wanted = select(alarms, alarms.c.count.label("times")).order_by(
        alarms.c.day.desc(), alarms.c.kind, alarms.c.subject
    )
    if since is not None:
        wanted = wanted.where(alarms.c.day >= since.toordinal())
    with ledger.reading() as connection:
        return [
            Alarm(
                kind=row.kind,
                subject=row.subject,
                day=date.fromordinal(row.day),
                count=row.times,
                first_at=_instant(row.first_at),
                last_at=_instant(row.last_at),
                seen=row.seen_at is not None,
            )
            for row in connection.execute(wanted)
        ]


def mark_seen(ledger: Ledger, now: datetime) -> None:
    """Say that an operator knows all there is now."""
    at = int(now.timestamp() * 1000)
    unseen = update(alarms).where(alarms.c.seen_at.is_(None)).values(seen_at=at)
    ledger.write(lambda connection: connection.execute(unseen))


def inserting(connection: Connection) -> Any:
    """`INSERT … ON CONFLICT` is spelled alike in both databases, by two functions."""
    return postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert


def _instant(millis: int) -> datetime:
    return datetime.fromtimestamp(millis / 1000, UTC)
