"""`comptoir-insurer keys list | rotate | retire` and `comptoir-insurer profile show | set`.

Rule: a running intake announces what is changed here from its next start on.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from sync.contract.keys import KeySet
from sync.errors import ContractError
from sync.receiver.folder import announced_in, open_intake
from sync.receiver.rotation import retire_signing, rotate_sealing, rotate_signing, set_profile
from sync.receiver.terms import parse_terms

AddCommand = Callable[..., argparse.ArgumentParser]


def add_rotation_commands(commands: Any, add: AddCommand) -> None:
    """Add both groups to the grammar, by way of `add`."""
    acts = _group(commands, "keys", "the insurer's keys, as terminals are told of them")
    add(acts, "list", _list, "every key of the set, and which is in use", with_database=False)
    turning = add(acts, "rotate", _rotate, "put a new key in use; former ones stay good", with_database=False)
    turning.add_argument("--sealing", action="store_true", help="the key claims are sealed to, not the signing key")
    ending = add(acts, "retire", _retire, "believe a former signing key no more", with_database=False)
    ending.add_argument("--kid", required=True, help="key id (see `keys list`)")
    acts = _group(commands, "profile", "what the insurer asks for and guarantees")
    add(acts, "show", _show, "the profile in force, and the one that follows it", with_database=False)
    setting = add(acts, "set", _set, "a new version, in force today or from the terms' day on", with_database=False)
    setting.add_argument("--terms", type=Path, required=True, help="JSON file: contracts, fields, …, effective")


def _group(commands: Any, name: str, text: str) -> Any:
    return commands.add_parser(name, help=text, description=text).add_subparsers(required=True, metavar="ACT")


def _list(asked: argparse.Namespace) -> int:
    return _told(announced_in(asked.dir).keys, open_intake(asked.dir).signer.kid)


def _rotate(asked: argparse.Namespace) -> int:
    keys = rotate_sealing(asked.dir) if asked.sealing else rotate_signing(asked.dir)
    return _told(keys, open_intake(asked.dir).signer.kid)


def _retire(asked: argparse.Namespace) -> int:
    return _told(retire_signing(asked.dir, asked.kid), open_intake(asked.dir).signer.kid)


def _told(keys: KeySet, used: str) -> int:
    signing = [{"kid": one.kid, "in_use": one.kid == used} for one in keys.signing]
    _print({"version": keys.version, "signing": signing, "sealing": [one.kid for one in keys.sealing]})
    return 0


def _show(asked: argparse.Namespace) -> int:
    found = announced_in(asked.dir)
    coming = None if found.coming is None else msgspec.to_builtins(found.coming)
    _print({"profile": msgspec.to_builtins(found.profile), "coming": coming})
    return 0


def _set(asked: argparse.Namespace) -> int:
    profile = set_profile(asked.dir, parse_terms(_read(asked.terms)), datetime.now(UTC).date())
    _print({"version": profile.version, "effective": profile.effective.isoformat()})
    return 0


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContractError("the file cannot be read", file=path.name) from error


def _print(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
