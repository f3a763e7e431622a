"""Accounts: who works at this terminal, in which role, each with a PIN of their own.

Rules: the PIN itself is stored nowhere; it opens a slot of the keyslots file together with the device secret, and the
role is bound into that slot. The table only holds the name shown on the lock screen, and who is closed. The first
account creates the shop key and is the responsible person's; who may make the later ones is the workflow's rule. The
cost of a PIN is measured on this machine (about half a second).
"""

import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from time import perf_counter
from typing import Final

from sqlalchemy import Column, Integer, MetaData, Table, Text, select
from sqlalchemy.dialects.sqlite import insert

from sync.crypto.keyslots import slots
from sync.crypto.shopslots import ShopSlots, require_pin
from sync.crypto.stretching import Argon2Cost, calibrate
from sync.errors import SlotUnknown
from sync.home import OpenHome
from terminal.domain.roles import Role
from terminal.vault.refusals import AccountDisabled, AccountExists, AccountIdInvalid, AccountUnknown, Locked

UNLOCK_SECONDS: Final = 0.5
SCHEMA = (
    ("CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT",),
    ("ALTER TABLE account ADD COLUMN disabled INTEGER NOT NULL DEFAULT 0",),
)
_table = Table(
    "account",
    MetaData(),
    Column("id", Text, primary_key=True),
    Column("name", Text),
    Column("disabled", Integer),
)
_ID: Final = re.compile(r"[a-z][a-z0-9._-]{0,31}", re.ASCII)

Cost = Callable[[], Argon2Cost]


@cache
def measured_cost() -> Argon2Cost:
    """What makes one PIN take about half a second on this machine; measured once in a process."""
    return calibrate(UNLOCK_SECONDS, perf_counter)


@dataclass(frozen=True, slots=True)
class Account:
    """A person who works at this terminal."""

    id: str
    name: str
    role: Role = Role.STAFF
    disabled: bool = False


class Accounts:
    """The accounts of a home: those that have a slot in the keyslots file, and those that had one."""

    def __init__(self, home: OpenHome, cost: Cost = measured_cost) -> None:
        self._home = home
        self.slots = ShopSlots(home.keyslots, home.device_secret, cost, home.ask_device_secret)
        home.store.migrate("account", SCHEMA)

    def all(self) -> tuple[Account, ...]:
        """Every account that opens, in order of creation."""
        with self._home.store.read() as connection:
            rows = {row.id: row for row in connection.execute(select(_table))}
        people = [slot for slot in slots(self._home.keyslots) if slot.kind == "pin"]
        return tuple(
            Account(slot.slot_id, rows[slot.slot_id].name if slot.slot_id in rows else slot.slot_id, Role(slot.role))
            for slot in people
            if slot.slot_id not in rows or not rows[slot.slot_id].disabled
        )

    def closed(self) -> tuple[Account, ...]:
        """The accounts that were closed; their role is forgotten with their slot."""
        with self._home.store.read() as connection:
            found = connection.execute(select(_table).where(_table.c.disabled == 1).order_by(_table.c.id)).all()
        return tuple(Account(row.id, row.name, disabled=True) for row in found)

    def get(self, account_id: str) -> Account:
        """One account; AccountDisabled, AccountUnknown."""
        found = [account for account in self.all() if account.id == account_id]
        if found:
            return found[0]
        if any(account.id == account_id for account in self.closed()):
            raise AccountDisabled(account=account_id)
        raise AccountUnknown(account=account_id)

    def add(self, account: Account, pin: str, shop_seed: bytes | None) -> None:
        """Give `account` a PIN slot; `shop_seed` is None for the first account only, which makes the shop key.

        AccountExists, AccountIdInvalid, Locked, PinInvalid. The name is written first: an account exists once it has
        a slot. A technician gets no shop key.
        """
        require_pin(pin)
        self._require_new(account)
        first = not self.all()
        if not first and shop_seed is None:
            raise Locked
        self._forget_slots_of_a_closed(account.id)
        self._name(account)
        if first:
            self.slots.add_pin(account.id, pin, role=Role.RESPONSIBLE)
        elif account.role.sees_dossiers:
            self.slots.add_pin(account.id, pin, shop_seed, role=account.role)
        else:
            self.slots.add_technician(account.id, pin, account.role)

    def close(self, account_id: str) -> None:
        """Forget every way in that a person has, and remember that they were here; AccountUnknown.

        The mark comes first, so that a power cut in between leaves an account that does not open.
        """
        account = self.get(account_id)
        marked = insert(_table).values(id=account.id, name=account.name, disabled=1)
        with self._home.store.write() as connection:
            connection.execute(marked.on_conflict_do_update(index_elements=["id"], set_={"disabled": 1}))
        self._forget_slots_of_a_closed(account.id)

    def _forget_slots_of_a_closed(self, account_id: str) -> None:
        if any(account.id == account_id for account in self.closed()):
            with suppress(SlotUnknown):
                self.slots.remove(account_id)

    def _require_new(self, account: Account) -> None:
        if not _ID.fullmatch(account.id):
            raise AccountIdInvalid
        if any(other.id == account.id for other in self.all()):
            raise AccountExists(account=account.id)

    def _name(self, account: Account) -> None:
        values = {"name": account.name, "disabled": 0}
        with self._home.store.write() as connection:
            named = insert(_table).values(id=account.id, **values)
            connection.execute(named.on_conflict_do_update(index_elements=["id"], set_=values))


def check_pin(pin: str) -> None:
    """PinInvalid unless this can be somebody's PIN: before anything is written."""
    require_pin(pin)
