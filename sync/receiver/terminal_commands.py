"""`comptoir-insurer terminals list | head | revoke | readmit`: who may speak to this insurer, and what came of them.

Rule: what is changed counts for a running intake at its next request; nothing has to be started again.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec

from sync.receiver.databases import open_ledger
from sync.receiver.db import Ledger
from sync.receiver.terminals import REASONS, Known, chain_head, known_terminals, readmit, revoke

AddCommand = Callable[[Any, str, Any, str], argparse.ArgumentParser]


def add_terminal_commands(commands: Any, add: AddCommand) -> None:
    """Add `terminals` and its acts to the grammar, by way of `add`."""
    group = commands.add_parser("terminals", help="the terminals that may send, and those that may not any more")
    acts = group.add_subparsers(required=True, metavar="ACT")
    add(acts, "list", _list, "every terminal: shop, certificate's last day, claims sent, revocation")
    last = add(acts, "head", _head, "the last claim received without a gap, as a shop needs it before a reset")
    last.add_argument("--device", required=True, help="key id of the terminal (see `terminals list`)")
    ending = add(acts, "revoke", _revoke, "refuse a terminal from its next request on")
    ending.add_argument("--device", required=True, help="key id of the terminal (see `terminals list`)")
    ending.add_argument("--reason", required=True, choices=REASONS)
    again = add(acts, "readmit", _readmit, "take a revocation back; the terminal then needs a new letter")
    again.add_argument("--device", required=True, help="key id of the terminal")


def _list(asked: argparse.Namespace) -> int:
    with open_ledger(asked.dir, asked.database) as ledger:
        found = known_terminals(ledger)
    if asked.json:
        _print({"terminals": msgspec.to_builtins(found)})
    else:
        for one in found:
            sys.stdout.write(_line(one) + "\n")
    return 0


def _line(one: Known) -> str:
    until = "no certificate" if one.certificate_until is None else f"until {one.certificate_until:%Y-%m-%d}"
    state = until if one.revoked_at is None else f"REVOKED {one.revoked_at:%Y-%m-%d} ({one.reason})"
    return f"{one.device}  shop {one.shop}  {one.claims} claims  {state}"


def _head(asked: argparse.Namespace) -> int:
    with open_ledger(asked.dir, asked.database) as ledger:
        seq, head, highest = chain_head(ledger, asked.device)
    if asked.json:
        _print({"device": asked.device, "seq": seq, "head": head, "highest": highest})
    else:
        missing = "" if highest == seq else f"  (something before {highest} is missing)"
        sys.stdout.write(f"{seq}:{head}{missing}\n")
    return 0


def _revoke(asked: argparse.Namespace) -> int:
    return _changed(asked, lambda ledger: revoke(ledger, asked.device, asked.reason, datetime.now(UTC)), "revoked")


def _readmit(asked: argparse.Namespace) -> int:
    return _changed(asked, lambda ledger: readmit(ledger, asked.device), "readmitted")


def _changed(asked: argparse.Namespace, work: Callable[[Ledger], None], done: str) -> int:
    with open_ledger(asked.dir, asked.database) as ledger:
        work(ledger)
    _print({done: asked.device})
    return 0


def _print(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
