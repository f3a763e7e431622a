"""`decide`, `pay` and `decisions`: what comes back of a claim.

Rules: deciding opens the claim, so it needs the opener's folder as well as the intake's; paying and reading need the
intake's alone. What is decided in one call is decided together or not at all.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from sync.contract.outcomes import LineOutcome
from sync.errors import ContractError
from sync.receiver.databases import open_ledger
from sync.receiver.decisions import Decision, Desk, Standing, Transfer, decide, outcomes, pay, standings
from sync.receiver.document_commands import new_id
from sync.receiver.folder import open_intake, open_opener

Command = Callable[..., argparse.ArgumentParser]
Shape = TypeVar("Shape", bound=msgspec.Struct)


class _Decisions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    decisions: tuple[Decision, ...]


def add_decision_commands(commands: Any, command: Command) -> None:
    """Add the three commands to the grammar."""
    parser = command(commands, "decide", _decide, "decide claims, agreements asked for, and cancellations")
    parser.add_argument("--file", type=Path, help='JSON file: {"decisions": [...]}, all or nothing')
    parser.add_argument("--claim", help="id of one claim")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--accept", action="store_true", help="all that was asked for")
    how.add_argument("--refuse", action="store_true", help="nothing, with a --reason")
    how.add_argument("--line", action="append", metavar="N:CENTS[:REASON]", help="amount of line N, from 0; repeat")
    how.add_argument("--cancel", action="store_true", help="the claim named by this cancellation is cancelled")
    how.add_argument("--keep", action="store_true", help="the decision stands in spite of this cancellation")
    parser.add_argument("--reason", action="append", default=[], help="reason code; repeat")
    parser.add_argument("--pec", help="number of the agreement; default: a new one")
    parser.add_argument("--valid-until", help="last day of the agreement, YYYY-MM-DD")
    paying = command(commands, "pay", _pay, "tell terminals which claims a transfer pays")
    paying.add_argument("--reference", required=True, help="as the bank shows it")
    paying.add_argument("--date", help="day of the transfer, YYYY-MM-DD; default: today")
    paying.add_argument("--claim", action="append", required=True, metavar="ID[=CENTS]", help="default: what is agreed")
    command(commands, "decisions", _decisions, "what became of every claim")


def _decide(asked: argparse.Namespace) -> int:
    if (asked.file is None) == (asked.claim is None):
        raise ContractError("a decision is about one --claim, or stands in a --file")
    wanted = _read(asked.file, _Decisions).decisions if asked.file else (_one(asked),)
    with _desk(asked, opening=True) as desk:
        made = decide(desk, wanted)
    for_people = [f"{one.claim_id}  {one.verdict}" for one in made]
    return _answer(asked, {"outcomes": [msgspec.to_builtins(one) for one in made]}, for_people)


def _one(asked: argparse.Namespace) -> Decision:
    how = [name for name in ("accept", "refuse", "cancel", "keep") if getattr(asked, name)]
    stated = {
        "claim_id": asked.claim,
        "decision": how[0] if how else "lines",
        "lines": [_line(text) for text in asked.line or ()],
        "reasons": asked.reason,
        "pec": asked.pec,
        "valid_until": asked.valid_until,
    }
    return _shaped(stated, Decision)


def _line(text: str) -> LineOutcome:
    parts = text.split(":")
    numbers = [int(part) for part in parts[:2] if part.isascii() and part.isdigit()]
    if len(numbers) != 2 or len(parts) > 3:
        raise ContractError("a line is written N:CENTS or N:CENTS:REASON", field="line")
    return _shaped({"line": numbers[0], "amc": numbers[1], "reasons": parts[2:]}, LineOutcome)


def _pay(asked: argparse.Namespace) -> int:
    pairs = [text.partition("=") for text in asked.claim]
    amounts = {claim: _cents(cents) for claim, sign, cents in pairs if sign}
    stated = {
        "reference": asked.reference,
        "paid_on": asked.date or datetime.now(UTC).date().isoformat(),
        "claims": [claim for claim, _, _ in pairs],
        "amounts": amounts,
    }
    with _desk(asked) as desk:
        notices = pay(desk, _shaped(stated, Transfer))
    for_people = [f"{paid.claim_id}  {paid.amount} cents" for notice in notices for paid in notice.claims]
    return _answer(asked, {"payments": [msgspec.to_builtins(one) for one in notices]}, for_people)


def _cents(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise ContractError("an amount is written in cents", field="claim")
    return int(text)


def _decisions(asked: argparse.Namespace) -> int:
    with _desk(asked) as desk:
        found, said = standings(desk.ledger), outcomes(desk.ledger)
    told = {"decisions": [_standing_json(one) for one in found], "outcomes": [msgspec.to_builtins(one) for one in said]}
    return _answer(asked, told, [f"{one.claim_id}  {one.state}  {one.agreed} cents agreed" for one in found])


def _standing_json(one: Standing) -> dict[str, Any]:
    return {name: getattr(one, name) for name in Standing.__dataclass_fields__}


@contextmanager
def _desk(asked: argparse.Namespace, *, opening: bool = False) -> Iterator[Desk]:
    """The desk of an insurer; the opener's key is read only where a claim has to be opened."""
    material = open_intake(asked.dir)
    key = open_opener(asked.dir) if opening else None
    with open_ledger(asked.dir, asked.database) as ledger:
        yield Desk(ledger, material, key, _today(), new_id)


def _today() -> date:
    return datetime.now(UTC).date()


def _read(path: Path, shape: type[Shape]) -> Shape:
    try:
        return msgspec.json.decode(path.read_bytes(), type=shape)
    except OSError as error:
        raise ContractError("the file cannot be read", file=path.name) from error
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise ContractError("the file is not of the documented shape", file=path.name) from error


def _shaped(stated: object, shape: type[Shape]) -> Shape:
    try:
        return msgspec.convert(stated, shape)
    except msgspec.ValidationError as error:
        raise ContractError("the decision is not of the documented shape") from error


def _answer(asked: argparse.Namespace, found: dict[str, Any], lines: list[str]) -> int:
    said = json.dumps(found, ensure_ascii=False) if asked.json else "\n".join(lines)
    sys.stdout.write(said + "\n")
    return 0
