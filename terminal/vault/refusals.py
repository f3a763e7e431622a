"""What the vault refuses, and why.

Rules: an account that is closed, locked or waiting answers the same to a right and to a wrong PIN, for the PIN is not
tried at all.
"""

from sync.errors import SyncError


class AccountUnknown(SyncError):
    """No account has this id."""

    code = "account_unknown"


class AccountExists(SyncError):
    """An account already has this id."""

    code = "account_exists"


class AccountIdInvalid(SyncError):
    """An account's id has 1 to 32 small letters, figures, dots, hyphens or underscores, and begins with a letter."""

    code = "account_id_invalid"


class AccountDisabled(SyncError):
    """The account is closed."""

    code = "account_disabled"


class LastResponsible(SyncError):
    """Nobody could manage accounts any more: this is the only responsible person."""

    code = "last_responsible"


class Locked(SyncError):
    """Nobody is logged in: the shop key is not in memory."""

    code = "locked"


class RoleRefused(SyncError):
    """Whoever is logged in may not do this; `facts`: their `role`, and the one `needed`."""

    code = "role_refused"


class PinWait(SyncError):
    """Too many wrong PINs: the next one is tried after `facts["seconds"]`."""

    code = "pin_wait"


class PinLocked(SyncError):
    """Ten wrong PINs in a row: only the responsible person or the recovery code opens this account again."""

    code = "pin_locked"


class SecondPersonInvalid(SyncError):
    """Not a second person: the same one, a technician, or nobody responsible among the two (`facts["reason"]`)."""

    code = "second_person_invalid"


class ApprovalInvalid(SyncError):
    """Two people agreed to something else, or it is done already (`facts["reason"]`)."""

    code = "approval_invalid"
