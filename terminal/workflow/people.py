"""Who may work here: accounts made and closed, PINs given, tries given back.

Rules: the first account makes itself, and is the responsible person's; everything later is the responsible person's
act. At least one responsible person stays. The rule is here and in the key slots, not on a screen. Every change, and
every refused one, is in the access journal.
"""

from collections.abc import Callable

from terminal.domain.roles import Role
from terminal.vault import Account
from terminal.vault.acts import Act
from terminal.vault.refusals import LastResponsible, Locked, RoleRefused
from terminal.workflow.access import attempt, note
from terminal.workflow.desk import Desk


def require_role(desk: Desk, *roles: Role) -> Account:
    """Whoever is logged in, when they have one of these roles; Locked, RoleRefused."""
    user = desk.vault.user
    if user is None:
        raise Locked
    if user.role not in roles:
        raise RoleRefused(role=user.role, needed=roles[0])
    return user


def create_person(desk: Desk, account: Account, pin: str) -> None:
    """Make an account. Locked, RoleRefused, AccountExists, AccountIdInvalid, PinInvalid."""
    with attempt(desk, Act.ACCOUNT_CHANGED):
        if not desk.vault.accounts.all():
            desk.vault.accounts.add(account, pin, None)
        else:
            require_role(desk, Role.RESPONSIBLE)
            desk.vault.accounts.add(account, pin, desk.vault.seed)
    note(desk, Act.ACCOUNT_CHANGED, account.id)


def disable_person(desk: Desk, account_id: str) -> None:
    """Close an account: its PIN and card open nothing any more. RoleRefused, AccountUnknown, LastResponsible."""
    with attempt(desk, Act.ACCOUNT_CHANGED):
        require_role(desk, Role.RESPONSIBLE)
        account = desk.vault.accounts.get(account_id)
        responsible = [other for other in desk.vault.accounts.all() if other.role is Role.RESPONSIBLE]
        if responsible == [account]:
            raise LastResponsible
        desk.vault.accounts.close(account.id)
    note(desk, Act.ACCOUNT_CHANGED, account.id)


def change_pin(desk: Desk, account_id: str, pin: str, new_pin: str) -> None:
    """A new PIN for whoever knows the old one; PinInvalid, and the refusals of a log-in."""
    with attempt(desk, Act.ACCOUNT_CHANGED):
        desk.vault.change_pin(account_id, pin, new_pin)
    note(desk, Act.ACCOUNT_CHANGED, account_id)


def give_pin(desk: Desk, account_id: str, new_pin: str) -> None:
    """A new PIN for somebody who forgot theirs; RoleRefused, AccountUnknown, PinInvalid."""
    with attempt(desk, Act.ACCOUNT_CHANGED):
        require_role(desk, Role.RESPONSIBLE)
        desk.vault.give_pin(account_id, new_pin)
    note(desk, Act.ACCOUNT_CHANGED, account_id)


def give_tries_back(desk: Desk, account_id: str) -> None:
    """Open an account again that wrong PINs have locked; RoleRefused, AccountUnknown."""
    with attempt(desk, Act.ACCOUNT_CHANGED):
        require_role(desk, Role.RESPONSIBLE)
        desk.vault.give_tries_back(account_id)
    note(desk, Act.ACCOUNT_CHANGED, account_id)


def add_card(desk: Desk, public: bytes, reproduce: Callable[[bytes], bytes]) -> Account:
    """Let the card in the reader open the shop key for whoever is logged in; Locked, RoleRefused, KeyInvalid."""
    with attempt(desk, Act.ACCOUNT_CHANGED):
        user = require_role(desk, Role.RESPONSIBLE, Role.STAFF)
        desk.vault.add_card(public, reproduce)
    note(desk, Act.ACCOUNT_CHANGED, user.id)
    return user
