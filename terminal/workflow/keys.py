"""Changing keys, and the paper that opens when all else fails.

Rules: the responsible person or a technician changes the store's key and the device secret, which open no dossier; only
the responsible person makes a recovery code, for it does. A code counts once it was typed back from the paper.
"""

from sync.crypto.recovery import RecoveryCode
from sync.errors import RecoveryCodeInvalid
from sync.home import exchange_device_secret, exchange_store_key
from terminal.domain.roles import Role
from terminal.vault.acts import Act
from terminal.workflow.access import attempt, note
from terminal.workflow.desk import Desk
from terminal.workflow.people import require_role


def rotate_store_key(desk: Desk) -> None:
    """Bring the encrypted file under a new key; RoleRefused, HomeInUse, DiskFull, StoreBusy."""
    with attempt(desk, Act.KEYS_CHANGED, "store"):
        require_role(desk, Role.RESPONSIBLE, Role.TECHNICIAN)
        exchange_store_key(desk.home)
    note(desk, Act.KEYS_CHANGED, "store")


def rotate_device_secret(desk: Desk, provider: str | None) -> str:
    """Put another device secret under the keys, and tell its provider; RoleRefused, HomeInUse, DeviceSecretUnknown."""
    with attempt(desk, Act.KEYS_CHANGED, "device"):
        require_role(desk, Role.RESPONSIBLE, Role.TECHNICIAN)
        name = exchange_device_secret(desk.home.path, provider)
    note(desk, Act.KEYS_CHANGED, "device")
    return name


def new_recovery_code(desk: Desk) -> RecoveryCode:
    """A code to be written on paper; it opens nothing yet. RoleRefused."""
    require_role(desk, Role.RESPONSIBLE)
    return RecoveryCode.generate()


def keep_recovery_code(desk: Desk, code: RecoveryCode, typed: str) -> None:
    """Put the code into service, once it was typed back; RecoveryCodeInvalid (`reason`: form, check, differs)."""
    with attempt(desk, Act.KEYS_CHANGED, "recovery"):
        require_role(desk, Role.RESPONSIBLE)
        if RecoveryCode.parse(typed) != code:
            raise RecoveryCodeInvalid("not the code that was shown", reason="differs")
        desk.vault.set_recovery(code)
    note(desk, Act.KEYS_CHANGED, "recovery")


def recover_account(desk: Desk, account_id: str, typed: str, new_pin: str) -> None:
    """A new PIN for an account, from the paper; RecoveryCodeInvalid, RecoveryMissing, AccountUnknown, PinInvalid."""
    with attempt(desk, Act.ACCOUNT_CHANGED):
        desk.vault.recover(account_id, RecoveryCode.parse(typed), new_pin)
    note(desk, Act.ACCOUNT_CHANGED, account_id)
