"""The HTTP face of a simulated insurer: the answers that keep the contract, from which hostile ones depart."""

import gzip
import json
from collections.abc import Iterable
from typing import Final
from urllib.parse import parse_qs, urlsplit

import msgspec

from sync.adversary.insurer import SimulatedInsurer
from sync.adversary.server import Request, answer
from sync.contract.envelope import STATE_TYP, Package, encode
from sync.contract.exchange import (
    EVENTS_TYPE,
    MAX_RECEIPTS,
    PROBLEM_TYPE,
    RECEIPT_TYPE,
    RECEIPTS_TYPE,
    RESULTS_TYPE,
    STATE_TYPE,
    split_batch,
)
from sync.contract.problems import ProblemCode, problem

_BATCH: Final = "/v1/claims:batch"


def packages_in(request: Request) -> list[bytes]:
    """The packages that a push carries."""
    if request.path == _BATCH:
        return list(split_batch(gzip.decompress(request.body)))
    return [encode(msgspec.json.decode(request.body, type=Package))]


def is_push(request: Request) -> bool:
    """Whether claims are sent."""
    return request.method in ("PUT", "POST")


def honest(insurer: SimulatedInsurer, request: Request) -> Iterable[bytes]:
    """The answer of an insurer that keeps the contract; of what it has no part in, that there is none."""
    address = urlsplit(request.path)
    after = int(parse_qs(address.query).get("after", ["0"])[0])
    if is_push(request):
        return [_pushed(insurer, request)]
    if address.path == "/v1/state":
        return [_json(STATE_TYPE, {"state": insurer.key.sign(STATE_TYP, encode(insurer.state()))})]
    if address.path == "/v1/receipts":
        return [_json(RECEIPTS_TYPE, {"receipts": insurer.receipts(after)[:MAX_RECEIPTS]})]
    if address.path == "/v1/events":
        return [_json(EVENTS_TYPE, {"events": insurer.events_after(after)})]
    return [refused("not_found")]


def receipt(signed: object) -> bytes:
    """The answer to one claim, with whatever stands for a receipt."""
    return _json(RECEIPT_TYPE, {"receipt": signed}, 201)


def refused(code: ProblemCode, *more: str, **members: object) -> bytes:
    """A problem document of the contract, some members added."""
    found = problem(code)
    return answer(found.status, PROBLEM_TYPE, json.dumps({**msgspec.to_builtins(found), **members}).encode(), *more)


def _pushed(insurer: SimulatedInsurer, request: Request) -> bytes:
    results = []
    for package in packages_in(request):
        filed, status = insurer.file(package)
        if filed is None:
            results.append({"status": 409, "problem": msgspec.to_builtins(problem("fork"))})
        else:
            results.append({"status": status, "receipt": filed.receipt})
    if request.path == _BATCH:
        return _json(RESULTS_TYPE, {"results": results})
    only = results[0]
    return (
        _json(RECEIPT_TYPE, {"receipt": only["receipt"]}, int(str(only["status"])))
        if "receipt" in only
        else refused("fork")
    )


def _json(media_type: str, body: dict[str, object], status: int = 200) -> bytes:
    return answer(status, media_type, json.dumps(body).encode())
