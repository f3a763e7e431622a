"""The shop key's lifetime, from `unlock` to `lock`, and every proof of who is typing.

Rules: a PIN is tried only after the try was counted durably (`terminal.vault.tries`), whoever asks and whatever for: to
open, to change user, to agree as the second person. A technician is logged in without the shop key, so nothing that
was written under it can be read, whatever a screen would ask. A failed try leaves the vault as it was.
"""

from collections.abc import Callable

from hardware.uptime import Uptime, uptime
from sync.crypto.recovery import RecoveryCode
from sync.crypto.shopslots import Reproduce, require_pin
from sync.errors import PinWrong
from sync.home import OpenHome
from terminal.domain.roles import Role
from terminal.domain.tries import wait_after
from terminal.vault.accounts import Account, Accounts, Cost, measured_cost
from terminal.vault.dossiers import SCHEMA as DOSSIER_SCHEMA
from terminal.vault.dossiers import Dossiers
from terminal.vault.journal import Journal
from terminal.vault.refusals import Locked, PinLocked, RoleRefused
from terminal.vault.tries import Standing, Tries


class Vault:
    """Who is logged in, and what that opens."""

    def __init__(self, home: OpenHome, cost: Cost = measured_cost, elapsed: Callable[[], Uptime] = uptime) -> None:
        self._home = home
        self.accounts = Accounts(home, cost)
        self._tries = Tries(home.store, elapsed)
        home.store.migrate("dossier", DOSSIER_SCHEMA)
        self.journal = Journal(home.store)
        self.user: Account | None = None
        self._seed: bytes | None = None
        self._dossiers: Dossiers | None = None

    def unlock(self, account_id: str, pin: str) -> None:
        """Log somebody in. AccountUnknown, AccountDisabled, PinWrong, PinWait, PinLocked; about half a second."""
        account, seed = self._tried(account_id, pin)
        self._admit(account, seed)

    def unlock_by_card(self, account_id: str, reproduce: Reproduce) -> None:
        """Log somebody in by their professional card, whose own PIN the card has judged.

        AccountUnknown, AccountDisabled, PinLocked (an account that is locked is), SlotUnknown, CardWrong.
        """
        account = self.accounts.get(account_id)
        if self._tries.standing(account.id).locked:
            raise PinLocked
        self._admit(account, self.accounts.slots.open_card(account.id, reproduce))

    def add_card(self, public: bytes, reproduce: Reproduce) -> None:
        """Let the card in the reader open the shop key for whoever is logged in; Locked, RoleRefused, KeyInvalid."""
        if self.user is None:
            raise Locked
        self.accounts.slots.add_card(self.user.id, self.user.role, public, self.seed, reproduce)

    def confirm(self, account_id: str, pin: str) -> Account:
        """Who types this PIN, without changing who is logged in; the same refusals as `unlock`."""
        return self._tried(account_id, pin)[0]

    def change_pin(self, account_id: str, pin: str, new_pin: str) -> None:
        """A new PIN for whoever knows the old one; PinInvalid, and the refusals of `unlock`."""
        require_pin(new_pin)
        account = self.confirm(account_id, pin)
        self.accounts.slots.change_pin(account.id, pin, new_pin)

    def give_pin(self, account_id: str, new_pin: str) -> None:
        """A new PIN for somebody who forgot theirs, and their tries back; Locked, RoleRefused, AccountUnknown."""
        account = self.accounts.get(account_id)
        self.accounts.slots.give_pin(account.id, new_pin, self.seed)
        self._tries.forget(account.id)

    def set_recovery(self, code: RecoveryCode) -> None:
        """Make this the shop's recovery code, the only one; Locked, RoleRefused."""
        self.accounts.slots.set_recovery(code, self.seed)

    def recover(self, account_id: str, code: RecoveryCode, new_pin: str) -> None:
        """A new PIN for an account, and its tries back, from the paper: nobody has to be logged in.

        AccountUnknown, PinInvalid, RecoveryMissing, RecoveryCodeInvalid.
        """
        require_pin(new_pin)
        account = self.accounts.get(account_id)
        seed = self.accounts.slots.open_recovery(code)
        self.accounts.slots.give_pin(account.id, new_pin, seed)
        self._tries.forget(account.id)

    def give_tries_back(self, account_id: str) -> None:
        """Open an account again that wrong PINs have locked; AccountUnknown."""
        self._tries.forget(self.accounts.get(account_id).id)

    def standing(self, account_id: str) -> Standing:
        """How many wrong PINs in a row this account has, and what they cost now."""
        return self._tries.standing(account_id)

    def lock(self) -> None:
        """Drop the shop key and every opened dossier."""
        self._seed = self._dossiers = self.user = None

    @property
    def seed(self) -> bytes:
        """The shop seed; Locked when nobody is logged in, RoleRefused for a technician."""
        self._require_dossiers()
        if self._seed is None:
            raise Locked
        return self._seed

    @property
    def dossiers(self) -> Dossiers:
        """The dossiers; Locked when nobody is logged in, RoleRefused for a technician."""
        self._require_dossiers()
        if self._dossiers is None:
            raise Locked
        return self._dossiers

    def _require_dossiers(self) -> None:
        if self.user is not None and not self.user.role.sees_dossiers:
            raise RoleRefused(role=self.user.role, needed=Role.STAFF)

    def _admit(self, account: Account, seed: bytes | None) -> None:
        self._seed = seed
        self._dossiers = None if seed is None else Dossiers(self._home.store, seed)
        self.user = account

    def _tried(self, account_id: str, pin: str) -> tuple[Account, bytes | None]:
        account = self.accounts.get(account_id)
        self._tries.spend(account.id)
        try:
            seed = self.accounts.slots.open_pin(account.id, pin)
        except PinWrong:
            raise self._wrong(account) from None
        self._tries.forget(account.id)
        return account, seed

    def _wrong(self, account: Account) -> PinWrong | PinLocked:
        standing = self._tries.standing(account.id)
        if standing.locked:
            return PinLocked()
        return PinWrong("the PIN does not open this slot", left=standing.left, seconds=wait_after(standing.wrong))
