"""`comptoir-insurer invite` and `comptoir-insurer invitations list | withdraw`.

Rules: with `--letter` the activation code is in that file and is not printed; a letter that could not be written is
withdrawn, so no invitation is out that nobody can read. The shop's name and address go into the letter, nowhere else.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sync.contract.enrolment import AmId
from sync.errors import ContractError
from sync.receiver.databases import open_ledger
from sync.receiver.db import Ledger
from sync.receiver.enrol import INVITATION_DAYS, Letter, invitations_known, invite, withdraw
from sync.receiver.folder import InsurerSettings, open_intake
from sync.receiver.letter import Posted, address_lines, check_target, write_letter

AddCommand = Callable[..., argparse.ArgumentParser]


def add_invitation_commands(commands: Any, add: AddCommand) -> None:
    """Add both to the grammar, by way of `add`."""
    post = add(commands, "invite", _invite, "make the letter for one terminal of a shop")
    post.add_argument("--shop", required=True, help="AM id of the shop, 9 digits")
    post.add_argument("--days", type=int, default=INVITATION_DAYS, help="how long the letter is good")
    post.add_argument("--endpoint", help="where the terminal reaches this insurer; default: as at init")
    post.add_argument("--letter", type=Path, metavar="FILE", help="write the letter there (.pdf or .txt)")
    post.add_argument(
        "--address", action="append", default=[], help="a line of the shop's name and address; repeatable"
    )
    text = "the letters that were posted"
    acts = commands.add_parser("invitations", help=text, description=text).add_subparsers(required=True, metavar="ACT")
    add(acts, "list", _list, "every invitation: shop, end, wrong proofs, and how it stands")
    ending = add(acts, "withdraw", _withdraw, "close an invitation whose letter was lost")
    ending.add_argument("--invitation", required=True, help="id of the invitation")


def _invite(asked: argparse.Namespace) -> int:
    shop, lines = _shop(asked.shop), address_lines(asked.address)
    material = open_intake(asked.dir)
    if asked.letter is not None:
        check_target(asked.letter)
    with open_ledger(asked.dir, asked.database) as ledger:
        letter = invite(ledger, shop, datetime.now(UTC), asked.days)
        told: dict[str, Any] = msgspec.to_builtins(letter)
        if asked.letter is not None:
            _write(ledger, asked.letter, _posted(material.settings, letter, lines))
            told = {**told, "file": str(asked.letter)}
            del told["activation_code"]
    directory = material.directory_entry(asked.endpoint or material.settings.endpoint)
    _print({"letter": told, "directory": msgspec.to_builtins(directory)})
    return 0


def _write(ledger: Ledger, path: Path, posted: Posted) -> None:
    try:
        write_letter(path, posted)
    except BaseException:
        withdraw(ledger, posted.invitation)
        raise


def _posted(settings: InsurerSettings, letter: Letter, lines: tuple[str, ...]) -> Posted:
    return Posted(
        insurer=settings.name,
        amc=settings.amc,
        shop=letter.shop,
        addressee=lines,
        invitation=letter.invitation,
        code=letter.activation_code,
        expires_at=letter.expires_at,
    )


def _list(asked: argparse.Namespace) -> int:
    with open_ledger(asked.dir, asked.database) as ledger:
        found = invitations_known(ledger, datetime.now(UTC))
    if asked.json:
        _print({"invitations": msgspec.to_builtins(found)})
    else:
        for one in found:
            line = f"{one.invitation}  shop {one.shop}  {one.standing}  until {one.expires_at:%Y-%m-%d}"
            sys.stdout.write(f"{line}  {one.attempts} wrong\n")
    return 0


def _withdraw(asked: argparse.Namespace) -> int:
    with open_ledger(asked.dir, asked.database) as ledger:
        withdraw(ledger, asked.invitation)
    _print({"withdrawn": asked.invitation})
    return 0


def _shop(text: str) -> str:
    try:
        return msgspec.convert(text, AmId)
    except msgspec.ValidationError as error:
        raise ContractError("a shop is named by its 9-digit AM id") from error


def _print(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
