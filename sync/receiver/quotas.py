"""How much one terminal, and everybody without a certificate, may do in a time; and what is unusual.

Rules: over a quota the answer is 429 with the seconds to wait, and nothing of the request is done. Requests are paced
in memory, in each worker for itself; claims of a day and failed enrolments of an hour are counted in the database, in
the transaction that does the work. A right activation code is never refused for what others guess.
"""

import threading
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final

import msgspec
from sqlalchemy import Connection, case

from sync.errors import ContractError
from sync.receiver.alarms import AlarmKind, inserting, raise_alarm
from sync.receiver.db import Ledger, allowances
from sync.receiver.refusal import Refusal

QUOTAS: Final = "quotas.json"
HOUR: Final = 3600
DAY: Final = 86_400
MINUTE: Final = 60
Limit = Annotated[int, msgspec.Meta(ge=1)]
_NEW: Final = 201
_CHAIN: Final[tuple[AlarmKind, ...]] = ("fork", "digest_conflict")
_NOTED: Final[tuple[AlarmKind, ...]] = ("signature_invalid", "certificate_revoked", "too_many_requests")
NOTED_EVERY: Final = 1.0
"""Seconds between two writes of one alarm about refused requests: what happens meanwhile is counted, not written."""


class Quotas(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The limits of one insurer (`intake/quotas.json`); a shop sends about a hundred claims on its busiest day."""

    requests_a_minute: Limit = 12_000
    claims_a_day: Limit = 50_000
    unusual_claims_a_day: Limit = 1_000
    failed_enrolments_an_hour: Limit = 50


def quotas_in(file: Path) -> Quotas:
    """The limits that the operator wrote into a file, or the usual ones where there is none; ContractError."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=Quotas)
    except FileNotFoundError:
        return Quotas()
    except (OSError, msgspec.MsgspecError) as error:
        raise ContractError("not a file of quotas", file=file.name) from error


@dataclass(frozen=True)
class Account:
    """What is counted: for whom, what, and anew in each span (seconds)."""

    subject: str
    kind: str
    span: int


def spend(connection: Connection, account: Account, amount: int, now: datetime) -> int:
    """Count `amount` in the present span; how much that is by now."""
    present = int(now.timestamp()) // account.span
    row = {"subject": account.subject, "kind": account.kind, "span": present, "used": amount}
    used = case((allowances.c.span == present, allowances.c.used + amount), else_=amount)
    written = (
        inserting(connection)(allowances)
        .values(row)
        .on_conflict_do_update(
            index_elements=(allowances.c.subject, allowances.c.kind), set_={"span": present, "used": used}
        )
    )
    return int(connection.execute(written.returning(allowances.c.used)).scalar_one())


def left_of(span: int, now: datetime) -> int:
    """The seconds until the next span begins, at least one."""
    return span - int(now.timestamp()) % span


@dataclass(frozen=True)
class Filed:
    """How the packages of a request were answered: status and problem code of each."""

    status: int
    problem: str | None


class Watch:
    """The watch over enrolled terminals, in one worker."""

    def __init__(self, ledger: Ledger, quotas: Quotas | None = None) -> None:
        self.quotas = quotas or Quotas()
        self._ledger = ledger
        self._pace = _Pace(self.quotas.requests_a_minute)
        self._unwritten: Counter[tuple[AlarmKind, str]] = Counter()
        self._written_at: dict[tuple[AlarmKind, str], float] = {}
        self._lock = threading.Lock()

    def pace(self, device: str, now: datetime) -> None:
        """Count a request of a terminal; Refusal when it was too many of this minute."""
        if not self._pace.allows(device, now):
            raise Refusal("too_many_requests", device=device, retry_after=left_of(MINUTE, now))

    def filed(self, connection: Connection, device: str, results: Iterable[Filed], now: datetime) -> None:
        """Count the claims that a request brought, and raise what is to be raised; Refusal over the day's quota."""
        seen = list(results)
        for kind in _CHAIN:
            if times := sum(one.problem == kind for one in seen):
                raise_alarm(connection, kind, device, now, times)
        new = sum(one.status == _NEW for one in seen)
        if not new:
            return
        used = spend(connection, Account(device, "claims", DAY), new, now)
        if used > self.quotas.claims_a_day:
            raise Refusal("too_many_requests", device=device, retry_after=left_of(DAY, now))
        if used > self.quotas.unusual_claims_a_day:
            raise_alarm(connection, "unusual_volume", device, now, new)

    def refused(self, refusal: Refusal, now: datetime) -> None:
        """Note a refusal of a known terminal's request, where that kind is worth an alarm."""
        kind = next((kind for kind in _NOTED if kind == refusal.problem.code), None)
        if kind is None or refusal.device is None:
            return
        times = self._due((kind, refusal.device), now)
        if times:
            device = refusal.device
            self._ledger.write(lambda connection: raise_alarm(connection, kind, device, now, times))

    def _due(self, what: tuple[AlarmKind, str], now: datetime) -> int:
        """How often it happened since it was written last; 0 while that is only a moment ago."""
        at = now.timestamp()
        with self._lock:
            self._unwritten[what] += 1
            if at - self._written_at.get(what, 0.0) < NOTED_EVERY:
                return 0
            self._written_at[what] = at
            return self._unwritten.pop(what)


@dataclass
class _Pace:
    """Requests of the present minute, by terminal."""

    most: int
    minute: int = 0
    used: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def allows(self, device: str, now: datetime) -> bool:
        minute = int(now.timestamp()) // MINUTE
        with self.lock:
            if minute != self.minute:
                self.minute, self.used = minute, Counter()
            self.used[device] += 1
            return self.used[device] <= self.most
