"""Opening a home for one command, and logging somebody in.

Rules: the only account is used when none is named; a PIN comes from a file or the keyboard.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from terminal.bootstrap import open_desk
from terminal.cli.input import SecretMissing, read_secret
from terminal.config import default_home
from terminal.workflow.access import log_in
from terminal.workflow.desk import Desk


def home_of(arguments: argparse.Namespace) -> Path:
    """The folder that `--home`, the environment or the platform names."""
    return arguments.home or default_home()


@contextmanager
def desk_of(arguments: argparse.Namespace) -> Iterator[Desk]:
    """The desk of the command's home, nobody logged in."""
    with open_desk(home_of(arguments), origin="command_line") as desk:
        yield desk


@contextmanager
def logged_in(arguments: argparse.Namespace) -> Iterator[Desk]:
    """The desk of the command's home with the command's user logged in."""
    with desk_of(arguments) as desk:
        log_in(desk, _user(desk, arguments.user), read_secret(arguments.pin_file, "pin"))
        yield desk


def _user(desk: Desk, named: str | None) -> str:
    if named:
        return named
    accounts = desk.vault.accounts.all()
    if len(accounts) != 1:
        raise SecretMissing(secret="user")  # noqa: S106 - the name of what is missing
    return accounts[0].id
