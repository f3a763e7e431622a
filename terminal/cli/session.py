"""Opening a home for one command, and logging somebody in.

Rules: the only account is used when none is named; a PIN comes from a file or the keyboard; with `--card` it is the PIN
of the professional card in the reader, which the card judges.
"""

import argparse
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from terminal.bootstrap import open_desk, professional_card
from terminal.cli.input import SecretMissing, read_secret
from terminal.outside import default_home
from terminal.workflow.access import log_in, log_in_by_card
from terminal.workflow.desk import Desk

if TYPE_CHECKING:
    from hardware.cps import CpsSession


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
        user = _user(desk, arguments.user)
        if arguments.card:
            with card_of(arguments) as card:
                log_in_by_card(desk, user, card.reproduce)
        else:
            log_in(desk, user, read_secret(arguments.pin_file, "pin"))
        yield desk


@contextmanager
def card_of(arguments: argparse.Namespace) -> "Iterator[CpsSession]":
    """The professional card in the reader, its PIN typed on a pin pad or given by file or keyboard."""
    with professional_card(arguments.module) as card:
        card.login(None if card.token.pin_pad else read_secret(arguments.card_pin_file, "card_pin"))
        yield card


def _user(desk: Desk, named: str | None) -> str:
    if named:
        return named
    accounts = desk.vault.accounts.all()
    if len(accounts) != 1:
        raise SecretMissing(secret="user")  # noqa: S106 - the name of what is missing
    return accounts[0].id
