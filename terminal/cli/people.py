"""`user`: who may work at this terminal.

Rules: a PIN comes from a file or from the keyboard, never from the arguments; who may do what is the workflow's rule.
"""

import argparse

from terminal.cli.input import read_secret
from terminal.cli.output import Answer
from terminal.cli.session import card_of, desk_of, logged_in
from terminal.domain.roles import Role
from terminal.i18n import text
from terminal.vault import Account
from terminal.vault.tries import Standing
from terminal.workflow import people
from terminal.workflow.keys import recover_account


def list_users(arguments: argparse.Namespace) -> Answer:
    """The accounts of this terminal, those that wrong PINs have locked, and those that were closed."""
    with desk_of(arguments) as desk:
        accounts = desk.vault.accounts
        shown = [
            {
                "id": account.id,
                "name": account.name,
                "role": None if account.disabled else account.role,
                "state": "disabled" if account.disabled else _state(desk.vault.standing(account.id)),
            }
            for account in (*accounts.all(), *accounts.closed())
        ]
    lines = [_line(row) for row in shown]
    return Answer({"users": shown}, lines)


def add_user(arguments: argparse.Namespace) -> Answer:
    """Create an account; every one after the first is the responsible person's act."""
    account = Account(arguments.id, arguments.name, Role(arguments.role))
    with desk_of(arguments) as desk:
        first = not desk.vault.accounts.all()
        if first:
            people.create_person(desk, account, read_secret(arguments.new_pin_file, "new_pin"))
    if not first:
        with logged_in(arguments) as desk:
            people.create_person(desk, account, read_secret(arguments.new_pin_file, "new_pin"))
    return Answer({"id": account.id}, [text("cli.user_added", id=account.id)])


def disable_user(arguments: argparse.Namespace) -> Answer:
    """Close an account."""
    with logged_in(arguments) as desk:
        people.disable_person(desk, arguments.id)
    return Answer({"id": arguments.id}, [text("cli.user_closed", id=arguments.id)])


def change_pin(arguments: argparse.Namespace) -> Answer:
    """A new PIN: one's own with the old one, somebody else's as the responsible person."""
    own = arguments.user in (None, arguments.id)
    if own:
        with desk_of(arguments) as desk:
            pin = read_secret(arguments.pin_file, "pin")
            people.change_pin(desk, arguments.id, pin, read_secret(arguments.new_pin_file, "new_pin"))
    else:
        with logged_in(arguments) as desk:
            people.give_pin(desk, arguments.id, read_secret(arguments.new_pin_file, "new_pin"))
    return Answer({"id": arguments.id}, [text("cli.pin_changed", id=arguments.id)])


def give_tries_back(arguments: argparse.Namespace) -> Answer:
    """Open an account again that wrong PINs have locked: the responsible person, or a new PIN with the paper."""
    if arguments.recovery_code_file is not None:
        code = read_secret(arguments.recovery_code_file, "recovery")
        with desk_of(arguments) as desk:
            recover_account(desk, arguments.id, code, read_secret(arguments.new_pin_file, "new_pin"))
        return Answer({"id": arguments.id}, [text("cli.pin_changed", id=arguments.id)])
    with logged_in(arguments) as desk:
        people.give_tries_back(desk, arguments.id)
    return Answer({"id": arguments.id}, [text("cli.user_unlocked", id=arguments.id)])


def add_card(arguments: argparse.Namespace) -> Answer:
    """Let the professional card in the reader open the account of whoever is logged in."""
    with logged_in(arguments) as desk, card_of(arguments) as card:
        user = people.add_card(desk, card.public_key(), card.reproduce)
    return Answer({"id": user.id}, [text("cli.card_added", id=user.id)])


def _state(standing: Standing) -> str:
    return "locked" if standing.locked else "open"


def _line(row: dict[str, str | None]) -> str:
    role = text(f"cli.role_{row['role']}") if row["role"] else ""
    return text(
        "cli.user_line", id=row["id"], name=row["name"], role=role, state=text(f"cli.user_{row['state']}")
    ).rstrip()
