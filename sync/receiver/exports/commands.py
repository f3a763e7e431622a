"""`comptoir-insurer export` and `comptoir-insurer exports`.

    export --dir DIR --format jsonl|fhir|b2 [--since DAY] --out FILE     claims for the insurer's own systems
    export … --stdout                                                    the same to standard output
    exports --dir DIR                                                    what was exported so far, its chain checked

Rules: both need the opener's folder; claims go to standard output only when that is said, and what was done is then
told on standard error. Status 1 when a claim did not open or could not be written: the others are in the file.
"""

import argparse
import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from sync.errors import ContractError
from sync.receiver.databases import open_ledger
from sync.receiver.exports.b2_layout import BUILT_IN, LABEL
from sync.receiver.exports.making import Exported, Wanted, export
from sync.receiver.exports.noted import Form, notes
from sync.receiver.folder import open_opener, opener_of, settings_of

Command = Callable[..., argparse.ArgumentParser]
_NO_INVOICE: Final = ("kind_preauthorisation", "kind_cancellation")
_REFUSED: Final = 1


def add_export_commands(commands: Any, command: Command) -> None:
    """Add both commands to the grammar."""
    made = command(commands, "export", _export, f"export claims for the insurer's own systems (b2: {LABEL})")
    made.add_argument("--format", required=True, choices=get_args(Form))
    made.add_argument("--since", default="1970-01-01", help="received on this day (UTC) or at this instant, or later")
    where = made.add_mutually_exclusive_group(required=True)
    where.add_argument("--out", type=Path, help="the file to write, for its owner alone")
    where.add_argument("--stdout", action="store_true", help="write claims to standard output")
    made.add_argument("--layout", type=Path, default=BUILT_IN, help="another table of B2-shaped records (CSV)")
    command(commands, "exports", _exports, "what was exported, oldest first")


def _export(asked: argparse.Namespace) -> int:
    opening, settings = open_opener(asked.dir), settings_of(asked.dir)
    wanted = Wanted(
        form=asked.format,
        since=_since(asked.since),
        out=asked.out,
        insurer=settings.amc,
        at=datetime.now(UTC),
        layout=asked.layout,
    )
    with open_ledger(asked.dir, asked.database) as ledger:
        done = export(ledger, opening, opener_of(asked.dir), wanted, sys.stdout.buffer)
    _tell(wanted, done, as_json=asked.json)
    failed = [one for one in done.left_out if one.facts.get("reason") not in _NO_INVOICE]
    return _REFUSED if failed else 0


def _tell(wanted: Wanted, done: Exported, *, as_json: bool) -> None:
    stream = sys.stdout if wanted.out else sys.stderr
    label = {"label": LABEL} if wanted.form == "b2" else {}
    said = {**label, **_told(done)}
    if as_json:
        stream.write(json.dumps(said, ensure_ascii=False) + "\n")
        return
    stream.write(f"{done.claims} claims, {done.cents} cents, {done.bytes} bytes{f' ({LABEL})' if label else ''}\n")
    for one in done.left_out:
        facts = " ".join(f"{name}={value}" for name, value in one.facts.items())
        stream.write(f"{one.claim_id}  LEFT OUT: {one.code} {facts}\n")


def _told(done: Exported) -> dict[str, Any]:
    left_out = [{"claim_id": one.claim_id, "code": one.code, "facts": dict(one.facts)} for one in done.left_out]
    note = msgspec.to_builtins(done.note)
    return {"claims": done.claims, "amc": done.cents, "bytes": done.bytes, "left_out": left_out, "note": note}


def _exports(asked: argparse.Namespace) -> int:
    found = notes(opener_of(asked.dir))
    if asked.json:
        sys.stdout.write(json.dumps({"exports": msgspec.to_builtins(found)}) + "\n")
        return 0
    for one in found:
        fields = (one.number, one.at, one.by, one.form, f"{one.claims} claims", one.sha256, one.file)
        sys.stdout.write("  ".join(map(str, fields)) + "\n")
    return 0


def _since(text: str) -> datetime:
    """A day (its first instant, UTC) or an instant with its zone."""
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise ContractError("a time is YYYY-MM-DD or an instant with its zone", field="since") from error
    if len(text) == len("YYYY-MM-DD"):
        return datetime.combine(at.date(), time(), UTC)
    if at.tzinfo is None:
        raise ContractError("an instant has a zone, such as Z", field="since")
    return at
