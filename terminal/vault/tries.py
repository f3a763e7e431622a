"""Counting wrong PINs, so that neither patience nor a power switch gives a free try.

Rules: a try is counted, durably, before its PIN is tried, and forgotten when the PIN was right: whoever cuts the power
in between has spent it. Counts are of each person; they lie in the encrypted store, in a transaction that begins with
the write lock, so that tries at the same time are counted one by one. How long to wait: `terminal.domain.tries`.
"""

from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Float, Integer, MetaData, Table, Text, delete, select
from sqlalchemy.dialects.sqlite import insert

from hardware.uptime import Uptime
from sync.store import Store, finishing
from terminal.domain.tries import LOCKED_AFTER, seconds_left
from terminal.vault.refusals import PinLocked, PinWait

SCHEMA = (
    (
        "CREATE TABLE pin_try (account TEXT PRIMARY KEY, wrong INTEGER NOT NULL, boot TEXT NOT NULL, at REAL NOT NULL)"
        " STRICT, WITHOUT ROWID",
    ),
)
_table = Table(
    "pin_try",
    MetaData(),
    Column("account", Text, primary_key=True),
    Column("wrong", Integer),
    Column("boot", Text),
    Column("at", Float),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """Wrong PINs in a row, and what they cost now."""

    wrong: int
    seconds: int

    @property
    def locked(self) -> bool:
        """Whether no PIN is tried any more."""
        return self.wrong >= LOCKED_AFTER

    @property
    def left(self) -> int:
        """Tries before the account is locked."""
        return max(0, LOCKED_AFTER - self.wrong)


class Tries:
    """The counts of one store."""

    def __init__(self, store: Store, uptime: Callable[[], Uptime]) -> None:
        self._store = store
        self._uptime = uptime
        store.migrate("pin_try", SCHEMA)

    @finishing
    def spend(self, account: str) -> None:
        """Count a try that is about to be made; PinLocked or PinWait when none may be made now."""
        now = self._uptime()
        with self._store.write() as connection:
            standing = _standing(connection, account, now)
            if standing.locked:
                raise PinLocked
            if standing.seconds:
                raise PinWait(seconds=standing.seconds)
            values = {"wrong": standing.wrong + 1, "boot": now.boot, "at": now.seconds}
            added = insert(_table).values(account=account, **values)
            connection.execute(added.on_conflict_do_update(index_elements=["account"], set_=values))

    @finishing
    def forget(self, account: str) -> None:
        """The PIN was right, or somebody who may do so gave the tries back."""
        with self._store.write() as connection:
            connection.execute(delete(_table).where(_table.c.account == account))

    def standing(self, account: str) -> Standing:
        """How it stands, without a try."""
        with self._store.read() as connection:
            return _standing(connection, account, self._uptime())


def _standing(connection: Connection, account: str, now: Uptime) -> Standing:
    row = connection.execute(select(_table).where(_table.c.account == account)).first()
    if row is None:
        return Standing(0, 0)
    left = seconds_left(row.wrong, tried_at=row.at, now=now.seconds, same_start=row.boot == now.boot)
    return Standing(row.wrong, left if row.wrong < LOCKED_AFTER else 0)
