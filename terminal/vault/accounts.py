"""Accounts: who may open the shop key, each with a PIN of their own.

Rules: the PIN itself is stored nowhere; it opens a slot of the keyslots file together with the device secret. The
table only holds the name shown on the lock screen. The first account creates the shop key; every later one needs
somebody who is logged in.
"""

from dataclasses import dataclass

from sqlalchemy import Column, MetaData, Table, Text, select
from sqlalchemy.dialects.sqlite import insert

from sync.crypto.keyslots import add_pin_slot, open_pin_slot, slots
from sync.errors import SyncError
from sync.home import OpenHome
from terminal.vault.dossiers import SCHEMA as DOSSIER_SCHEMA
from terminal.vault.dossiers import Dossiers

SCHEMA = (("CREATE TABLE account (id TEXT PRIMARY KEY, name TEXT NOT NULL) STRICT",),)
_table = Table("account", MetaData(), Column("id", Text, primary_key=True), Column("name", Text))


class AccountUnknown(SyncError):
    """No account has this id."""

    code = "account_unknown"


class AccountExists(SyncError):
    """An account already has this id."""

    code = "account_exists"


class Locked(SyncError):
    """Nobody is logged in: the shop key is not in memory."""

    code = "locked"


@dataclass(frozen=True, slots=True)
class Account:
    """A person who works at this terminal."""

    id: str
    name: str


class Accounts:
    """The accounts of a home: those that have a slot in the keyslots file; the table holds their names."""

    def __init__(self, home: OpenHome) -> None:
        self._home = home
        home.store.migrate("account", SCHEMA)

    def all(self) -> tuple[Account, ...]:
        """Every account, in order of creation."""
        with self._home.store.read() as connection:
            names = {row.id: row.name for row in connection.execute(select(_table))}
        ids = [slot.slot_id for slot in slots(self._home.keyslots)]
        return tuple(Account(account_id, names.get(account_id, account_id)) for account_id in ids)

    def get(self, account_id: str) -> Account:
        """One account; AccountUnknown otherwise."""
        found = [account for account in self.all() if account.id == account_id]
        if not found:
            raise AccountUnknown(account=account_id)
        return found[0]

    def add(self, account: Account, pin: str, shop_seed: bytes | None) -> None:
        """Give `account` a PIN slot; `shop_seed` is None for the first account only, which makes the shop key.

        AccountExists, Locked, PinInvalid. The name is written first: an account exists once it has a slot.
        """
        accounts = self.all()
        if any(other.id == account.id for other in accounts):
            raise AccountExists(account=account.id)
        if accounts and shop_seed is None:
            raise Locked
        with self._home.store.write() as connection:
            named = insert(_table).values(id=account.id, name=account.name)
            connection.execute(named.on_conflict_do_update(index_elements=["id"], set_={"name": account.name}))
        add_pin_slot(self._home.keyslots, self._home.device_secret, account.id, pin, shop_seed=shop_seed)


class Vault:
    """The shop key's lifetime: from `unlock` to `lock`."""

    def __init__(self, home: OpenHome) -> None:
        self._home = home
        self.accounts = Accounts(home)
        home.store.migrate("dossier", DOSSIER_SCHEMA)
        self.user: Account | None = None
        self._seed: bytes | None = None
        self._dossiers: Dossiers | None = None

    def unlock(self, account_id: str, pin: str) -> None:
        """Open the shop key; AccountUnknown or PinWrong otherwise. Takes about half a second by design."""
        account = self.accounts.get(account_id)
        self._seed = open_pin_slot(self._home.keyslots, self._home.device_secret, account.id, pin)
        self._dossiers = Dossiers(self._home.store, self._seed)
        self.user = account

    def lock(self) -> None:
        """Drop the shop key and every opened dossier."""
        self._seed = self._dossiers = self.user = None

    @property
    def seed(self) -> bytes:
        """The shop seed; Locked when nobody is logged in."""
        if self._seed is None:
            raise Locked
        return self._seed

    @property
    def dossiers(self) -> Dossiers:
        """The dossiers; Locked when nobody is logged in."""
        if self._dossiers is None:
            raise Locked
        return self._dossiers
