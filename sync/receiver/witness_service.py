"""The witness as a process, over plain HTTP: what it takes and gives is signed, and public.

Rules: two operations, `add-checkpoint` and the remembered checkpoint; a body is bounded; put a TLS server before it if
the line should not show who asks.
"""

import json
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.contract.exchange import CHECKPOINT_MEDIA
from sync.crypto.tlog import NoteKey
from sync.eventlog import event, start_log
from sync.receiver.server import serve
from sync.receiver.service import announce_ready, bound
from sync.receiver.witness import MAX_REQUEST, Witness

_CONFLICT: Final = 409
_SIZE_MEDIA: Final = "text/x.tlog.size"


def run_witness(witness: Witness, host: str, port: int, ready_file: Path | None) -> None:
    """Serve until SIGTERM; `port` 0 is any free one."""
    start_log()
    listener = bound(host, port)
    ready = {"ready": True, "vkey": witness.key.vkey, "port": listener.getsockname()[1]}
    serve(build_witness_app(witness), listener, None, lambda: announce_ready(ready, ready_file))
    event("stopped", witness=witness.key.name)


def build_witness_app(witness: Witness) -> Starlette:
    """The ASGI application over `witness`."""

    async def add(request: Request) -> Response:
        body = await _read(request)
        if body is None:
            return Response(status_code=413)
        verdict = await run_in_threadpool(witness.add_checkpoint, body)
        event("add_checkpoint", status=verdict.status)
        media = _SIZE_MEDIA if verdict.status == _CONFLICT else CHECKPOINT_MEDIA
        return Response(verdict.body.encode("utf-8"), verdict.status, {"content-type": media})

    async def show(request: Request) -> Response:
        note = await run_in_threadpool(witness.checkpoint, request.path_params["origin"])
        if note is None:
            return Response(status_code=404)
        return Response(note.encode("utf-8"), headers={"content-type": CHECKPOINT_MEDIA})

    return Starlette(
        routes=[Route("/add-checkpoint", add, methods=["POST"]), Route("/{origin}/checkpoint", show, methods=["GET"])]
    )


async def _read(request: Request) -> bytes | None:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > MAX_REQUEST:
            return None
    return bytes(body)


def utc_now() -> datetime:
    """The system's clock, aware."""
    return datetime.now(UTC)


def print_key(witness: Witness) -> None:
    """Write the witness's verifier key to standard output."""
    sys.stdout.write(json.dumps({"vkey": witness.key.vkey}) + "\n")


def follow(vkeys: list[str]) -> list[NoteKey]:
    """The logs with these verifier keys; KeyInvalid."""
    return [NoteKey.parse(vkey) for vkey in vkeys]
