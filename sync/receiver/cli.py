"""`comptoir-insurer`: make an insurer, run its intake, invite a terminal, open its claims, try an implementation.

Rules: with `--json` errors too are one object on standard output, `{"error": {"code", "message", "facts"}}`; exit
status 0 done, 1 refused, 2 bad usage, 3 something of the environment is missing. `serve`, `invite` and `pay` read the
intake's folder only; what opens claims (`claims`, `decide`, `documents`) reads the opener's. A NIR is printed only with
`--reveal`.
"""

import argparse
import importlib
import json
import re
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import msgspec

from sync.contract.envelope import digest
from sync.contract.message import encode_message
from sync.errors import ContractError, SyncError
from sync.receiver.databases import new_database, open_ledger
from sync.receiver.folder import create_insurer, open_opener
from sync.receiver.opener import NotOpened, Opened, open_claims
from sync.receiver.terms import Terms, parse_settings, parse_terms, profile_of

_REFUSED: Final = 1
_HYPHENED: Final = re.compile(r"-[A-Za-z0-9_-]{42}", re.ASCII)
_ENVIRONMENT: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; the exit status."""
    words = _joined(sys.argv[1:] if arguments is None else arguments)
    asked = _parser(words).parse_args(words)
    try:
        return int(asked.command(asked))
    except SyncError as error:
        _report_error(error, as_json=asked.json)
        return _ENVIRONMENT if error.environment else _REFUSED


def _joined(arguments: Sequence[str]) -> list[str]:
    """The arguments with each key id joined to its option: one in 64 begins with a hyphen, and is no option."""
    joined: list[str] = []
    for argument in arguments:
        if _HYPHENED.fullmatch(argument) and joined and joined[-1].startswith("--"):
            joined[-1] += f"={argument}"
        else:
            joined.append(argument)
    return joined


def _parser(asked: Sequence[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="comptoir-insurer", description="The reference insurer of Comptoir.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    init = _command(commands, "init", _init, "make an insurer with new keys")
    for name in ("amc", "name", "convention", "endpoint"):
        init.add_argument(f"--{name}", required=True)
    init.add_argument("--csr", help="secondary routing criterion")
    init.add_argument("--hosting", required=True, help="where the data is hosted, and by whom")
    init.add_argument("--code-level", required=True, choices=("lpp", "regroupement"))
    init.add_argument("--terms", type=Path, help="JSON file: contracts, fields, offline_ceiling, effective")
    init.add_argument("--require-standby", metavar="NAME", help="sign nothing that this standby has not flushed")
    claims = _command(commands, "claims", _claims, "open and verify every stored claim")
    claims.add_argument("--reveal", action="store_true", help="print NIRs in full")
    for module, function in _groups(asked):
        getattr(importlib.import_module(module), function)(commands, _command)
    return parser


def _groups(asked: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """What adds the command asked for to the grammar; everything when there is none such, for help and errors."""
    named = [group for group, words in _WORDS.items() if asked and asked[0] in words]
    return tuple(named) if named or (asked and asked[0] in _OWN) else tuple(_WORDS)


_OWN: Final = ("init", "claims")
_WORDS: Final[dict[tuple[str, str], tuple[str, ...]]] = {
    ("sync.receiver.serve_command", "add_serve_command"): ("serve",),
    ("sync.receiver.invitation_commands", "add_invitation_commands"): ("invite", "invitations"),
    ("sync.receiver.alarm_commands", "add_alarm_commands"): ("alarms",),
    ("sync.receiver.document_commands", "add_document_commands"): ("request-document", "documents"),
    ("sync.receiver.exports.commands", "add_export_commands"): ("export", "exports"),
    ("sync.receiver.relay.commands", "add_relay_commands"): (
        "relay-init",
        "relay-admit",
        "relay-route",
        "relay",
        "relay-held",
    ),
    ("sync.receiver.settlements", "add_settlement_command"): ("settlement",),
    ("sync.receiver.decision_commands", "add_decision_commands"): ("decide", "pay", "decisions"),
    ("sync.receiver.log_commands", "add_log_commands"): ("log", "witness"),
    ("sync.receiver.rotation_commands", "add_rotation_commands"): ("keys", "profile"),
    ("sync.conformance.command", "add_conformance_command"): ("conformance",),
    ("sync.receiver.terminal_commands", "add_terminal_commands"): ("terminals",),
}
"""Each group and the words it knows: a command starts without reading what only the others need."""


def _command(commands: Any, name: str, work: Any, text: str, *, with_database: bool = True) -> argparse.ArgumentParser:
    command: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
    command.add_argument("--dir", type=Path, required=True, help="the insurer's folder")
    if with_database:
        command.add_argument("--database", metavar="URL", help="postgresql://… without a password; default: as at init")
    command.add_argument("--json", action="store_true", help="one JSON object on standard output")
    command.set_defaults(command=work)
    return command


def _init(asked: argparse.Namespace) -> int:
    now = datetime.now(UTC)
    settings = parse_settings({name: getattr(asked, name) for name in _SETTINGS})
    terms = parse_terms(_read(asked.terms)) if asked.terms else Terms()
    profile = profile_of(settings, asked.code_level, terms, now.date())
    create_insurer(asked.dir, settings, profile, now, new_database(asked.database, asked.require_standby))
    _print({"insurer": settings.amc, "dir": str(asked.dir), "code_level": profile.code_level})
    return 0


_SETTINGS: Final = ("amc", "name", "convention", "csr", "endpoint", "hosting")


def _claims(asked: argparse.Namespace) -> int:
    opening = open_opener(asked.dir)
    with open_ledger(asked.dir, asked.database) as ledger:
        judged = list(open_claims(ledger, opening))
    opened = [_opened_json(item, reveal=asked.reveal) for item in judged if isinstance(item, Opened)]
    refused = [msgspec.to_builtins(item) for item in judged if isinstance(item, NotOpened)]
    if asked.json:
        _print({"claims": opened, "refused": refused})
    else:
        _print_lines(opened, refused)
    return _REFUSED if refused else 0


def _opened_json(item: Opened, *, reveal: bool) -> dict[str, Any]:
    message = msgspec.to_builtins(item.message)
    if item.message.member.kind == "nir" and not reveal:
        message["member"]["value"] = "•" * len(item.message.member.value)
    return {
        "claim_id": item.claim_id,
        "seq": item.seq,
        "device": item.device,
        "shop": item.shop,
        "signed_sha256": digest(item.signed),
        "message_sha256": digest(encode_message(item.message)),
        "message": message,
    }


def _print_lines(opened: list[dict[str, Any]], refused: list[dict[str, Any]]) -> None:
    for item in opened:
        amc = sum(line["amc"] for line in item["message"]["lines"])
        sys.stdout.write(f"{item['claim_id']}  shop {item['shop']}  seq {item['seq']}  AMC {amc} cents  opened\n")
    for item in refused:
        sys.stdout.write(f"{item['claim_id']}  seq {item['seq']}  NOT OPENED: {item['error']}\n")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ContractError("the file cannot be read", file=path.name) from error


def _print(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")


def _report_error(error: SyncError, *, as_json: bool) -> None:
    if as_json:
        _print({"error": {"code": error.code, "message": str(error), "facts": error.facts}})
    sys.stderr.write(f"comptoir-insurer: {error} ({error.code})\n")


if __name__ == "__main__":
    sys.exit(main())
