"""How an intake is: whether it can store and sign, and what an operator should know before it cannot.

Rules: *fail* is what keeps claims from being taken (then `GET /v1/health` is 503 too), *warn* is what does not; nothing
here names a person, and terminals are counted, not listed. The figures are read when somebody asks.
"""

import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from sync.crypto.tlog import checkpoint_in, read_note
from sync.errors import SyncError
from sync.receiver.alarms import known_alarms
from sync.receiver.db import Ledger, log_head
from sync.receiver.enrol import invitations_known
from sync.receiver.errors import StandbyGone
from sync.receiver.publisher import Publisher
from sync.receiver.terminals import known_terminals
from sync.textfile import Metric, gauge

LEAST_ROOM: Final = 64 * 1024 * 1024
"""Bytes on the medium below which no claim is taken any more: what is running still ends well."""
LITTLE_ROOM: Final = 1024 * 1024 * 1024
ENDING: Final = timedelta(days=14)
Verdict = Literal["pass", "warn", "fail"]


@dataclass(frozen=True)
class Check:
    """One line of a health report; `detail` is a number or a code."""

    name: str
    verdict: Verdict
    detail: str


def room_in(folder: Path) -> int:
    """Free bytes on the medium of a folder."""
    return shutil.disk_usage(folder).free


@dataclass(frozen=True)
class Health:
    """The state of an intake on this ledger, with its files in `folder`."""

    ledger: Ledger
    folder: Path
    log: Publisher | None

    def checks(self) -> tuple[Check, ...]:
        """Database, standby if one is required, disk, and the log if there is one."""
        return (*self._database(), _disk(room_in(self.folder)), *self._log())

    def metrics(self, now: datetime) -> Iterator[Metric]:
        """The checks and the figures behind them."""
        checks = self.checks()
        samples = tuple(({"check": one.name, "verdict": one.verdict}, 1.0) for one in checks)
        yield Metric("comptoir_insurer_check", "gauge", "Verdict of each check.", samples)
        yield gauge("comptoir_insurer_disk_free_bytes", "Room on the medium.", room_in(self.folder))
        if any(one.name == "database" and one.verdict == "fail" for one in checks):
            return
        placed, published = self._sizes()
        yield Metric("comptoir_insurer_claims_total", "counter", "Claims stored.", (({}, placed),))
        yield gauge("comptoir_insurer_log_waiting", "Claims not in the published log.", _waiting(placed, published))
        yield _by("comptoir_insurer_terminals", "Terminals.", "state", self._terminals(now))
        standing = Counter(one.standing for one in invitations_known(self.ledger, now))
        yield _by("comptoir_insurer_invitations", "Letters, by how they stand.", "standing", standing)
        alarms = Counter(one.kind for one in known_alarms(self.ledger) if one.is_raised and not one.seen)
        yield _by("comptoir_insurer_alarms", "Alarms that nobody has seen.", "kind", alarms)

    def _terminals(self, now: datetime) -> Counter[str]:
        found: Counter[str] = Counter()
        for one in known_terminals(self.ledger):
            if one.revoked_at is not None:
                found["revoked"] += 1
            elif one.certificate_until is None or one.certificate_until <= now:
                found["ended"] += 1
            else:
                found["ending" if one.certificate_until - now < ENDING else "good"] += 1
        return found

    def _database(self) -> Iterator[Check]:
        try:
            self.ledger.write(lambda connection: connection.execute(select(1)).scalar_one())
        except StandbyGone as error:
            yield Check("standby", "fail", error.code)
            return
        except (SQLAlchemyError, SyncError) as error:
            yield Check("database", "fail", type(error).__name__)
            return
        yield Check("database", "pass", "")
        if self.ledger.standby is not None:
            yield Check("standby", "pass", self.ledger.standby.name)

    def _log(self) -> Iterator[Check]:
        if self.log is None:
            return
        try:
            waiting = _waiting(*self._sizes()) or 0
        except (SQLAlchemyError, SyncError) as error:
            yield Check("log", "warn", type(error).__name__)
            return
        yield Check("log", "warn" if waiting else "pass", str(waiting))

    def _sizes(self) -> tuple[int, int | None]:
        """How many claims have a place, and how many are in the published log (None without a log)."""
        with self.ledger.reading() as connection:
            placed = connection.execute(select(log_head.c.following)).scalar() or 0
        if self.log is None:
            return placed, None
        note = self.log.files.checkpoint()
        return placed, 0 if note is None else checkpoint_in(read_note(note).text).size


def _disk(room: int) -> Check:
    verdict: Verdict = "fail" if room < LEAST_ROOM else "warn" if room < LITTLE_ROOM else "pass"
    return Check("disk", verdict, str(room))


def _waiting(placed: int, published: int | None) -> int | None:
    return None if published is None else max(0, placed - published)


def _by(name: str, told: str, label: str, counts: Counter[Any]) -> Metric:
    return Metric(name, "gauge", told, tuple(({label: str(key)}, count) for key, count in sorted(counts.items())))
