"""The log's two operations over HTTP: the checkpoint and the tiles, as any static server would give them.

Rules: open to anybody, because auditors and witnesses are not terminals, and nothing in a log is about a person; a path
is judged before it becomes a file name; only what a log of this form can have is looked for.
"""

from collections.abc import Awaitable, Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.contract.exchange import CHECKPOINT_MEDIA, TILE_MEDIA
from sync.crypto.tlog import read_tile_path
from sync.errors import ContractError
from sync.eventlog import event
from sync.receiver.publisher import Publisher
from sync.receiver.refusal import Refusal

_OK: Final = 200
_FOR_SECONDS: Final = {"cache-control": "max-age=2"}
_FOR_EVER: Final = {"cache-control": "public, max-age=31536000, immutable"}


def log_routes(log: Publisher | None) -> list[Route]:
    """The routes of `log`; without one they answer that there is nothing."""
    return [
        Route("/log/checkpoint", _endpoint(lambda _request: _checkpoint(log)), methods=["GET"]),
        Route("/log/tile/{tile:path}", _endpoint(lambda request: _tile(log, request)), methods=["GET"]),
    ]


def _endpoint(answer: Callable[[Request], Response]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        found = await run_in_threadpool(answer, request)
        event("request", method=request.method, operation=request.scope["route"].path, status=_OK)
        return found

    return endpoint


def _checkpoint(log: Publisher | None) -> Response:
    note = log.files.checkpoint() if log is not None else None
    if note is None:
        raise Refusal("not_found")
    return Response(note.encode("utf-8"), _OK, _FOR_SECONDS | {"content-type": CHECKPOINT_MEDIA})


def _tile(log: Publisher | None, request: Request) -> Response:
    try:
        tile = read_tile_path(f"tile/{request.path_params['tile']}")
    except ContractError as error:
        raise Refusal("not_found") from error
    data = log.files.find(tile) if log is not None else None
    if data is None:
        raise Refusal("not_found")
    return Response(data, _OK, _FOR_EVER | {"content-type": TILE_MEDIA})
