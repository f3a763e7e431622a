"""`request-document` and `documents`: asking shops, and reading what they answered.

Rules: asking reads the intake's folder and needs no opening key; reading answers needs it. A claim is named by its id.
"""

import argparse
import json
import secrets
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, get_args

import msgspec

from sync.contract.events import DocumentKind
from sync.errors import ContractError
from sync.receiver.databases import open_ledger
from sync.receiver.documents import Asked, Wanted, request_document, requests_with_answers
from sync.receiver.folder import open_intake, open_opener
from sync.receiver.opener import Answered, open_claims

Command = Callable[..., argparse.ArgumentParser]


def add_document_commands(commands: Any, command: Command) -> None:
    """Add the two commands to the grammar."""
    request = command(commands, "request-document", _request, "ask the shop of a claim for a document")
    request.add_argument("--claim", required=True, help="id of the claim it is about")
    request.add_argument("--document", required=True, choices=get_args(DocumentKind))
    request.add_argument("--ground", required=True, help="the legal ground, as the shop will read it")
    request.add_argument("--deadline", required=True, help="last day, YYYY-MM-DD")
    command(commands, "documents", _documents, "every request, and its answer")


def _request(asked: argparse.Namespace) -> int:
    material = open_intake(asked.dir)
    wanted = Wanted(new_id(), asked.claim, asked.document, asked.ground, _day(asked.deadline))
    with open_ledger(asked.dir, asked.database) as ledger:
        request = request_document(ledger, material, wanted)
    _print({"request": msgspec.to_builtins(request)})
    return 0


def _documents(asked: argparse.Namespace) -> int:
    found = [_asked_json(one) for one in _read(asked.dir, asked.database)]
    if asked.json:
        _print({"documents": found})
    else:
        for one in found:
            verdict = one["answer"]["verdict"] if one["answer"] else "waiting"
            request = one["request"]
            sys.stdout.write(
                f"{request['request_id']}  claim {request['claim_id']}  {request['document']}  {verdict}\n"
            )
    return 0


def _read(folder: Path, database: str | None) -> list[Asked]:
    opening = open_opener(folder)
    with open_ledger(folder, database) as ledger:
        opened = [one for one in open_claims(ledger, opening) if isinstance(one, Answered)]
        return list(requests_with_answers(ledger, [(one.device, one.answer) for one in opened]))


def _asked_json(one: Asked) -> dict[str, Any]:
    answer = None if one.answer is None else msgspec.to_builtins(one.answer)
    return {"device": one.device, "request": msgspec.to_builtins(one.request), "answer": answer}


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise ContractError("a day is written YYYY-MM-DD", field="deadline") from error


def new_id() -> str:
    """A UUIDv7 (RFC 9562)."""
    millis, random = int(datetime.now(UTC).timestamp() * 1000), secrets.token_hex(10)
    digits = f"{millis:012x}7{random[:3]}{8 + int(random[3], 16) % 4:x}{random[4:19]}"
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"


def _print(found: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")
