"""The relay as a process: terminals on one side, insurers on the other.

Rules: every path of the contract is carried, also those that a later version adds; a log line names insurer, kind of
operation, number of packages and status, and nothing else; the routes are read at the start. What is held is looked
over once an hour.
"""

import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Final

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route as HttpRoute

from sync.contract.envelope import encode
from sync.contract.exchange import PROBLEM_TYPE
from sync.contract.problems import Problem, problem
from sync.errors import StoreError
from sync.eventlog import event, fault, start_log
from sync.receiver.bodies import read_bounded
from sync.receiver.refusal import Refusal
from sync.receiver.relay.folder import SPOOL, RelayMaterial, key_of, open_relay
from sync.receiver.relay.routing import Carried, limit_of, way_of
from sync.receiver.relay.spool import Spool
from sync.receiver.relay.upstream import Heard, Upstream
from sync.receiver.server import peer_certificate, serve
from sync.receiver.service import announce_ready, bound
from sync.tls import present, server_context

RETRY_SECONDS: Final = 30
_LOOK_SECONDS: Final = 3600.0
_FAILED: Final = 500
Carry = Callable[[Carried], Heard]


class Relay:
    """Carries one request at a time, each in its own thread."""

    def __init__(self, material: RelayMaterial) -> None:
        self._routes = material.routes
        self._spool = Spool(material.folder / SPOOL)
        self._lines = {key_of(route): Upstream(route, material.client_key) for route in material.routes}

    def carry(self, carried: Carried) -> Heard:
        """The insurer's answer, as it came; Refusal, DiskFull, MediumFailed."""
        way = way_of(carried, self._routes)
        held = self._spool.hold(way.route.insurer, way.packages)
        heard = self.ask(self._lines[key_of(way.route)], carried)
        if heard.status < _FAILED:
            self._spool.release(held)
        what = f"{carried.method} {_operation(carried.path)}"
        event("carried", what=what, insurer=way.route.insurer, packages=len(way.packages), status=heard.status)
        return heard

    def ask(self, line: Upstream, carried: Carried) -> Heard:
        """Pass one request on; here an operator who lies would begin."""
        return line.ask(carried)

    def look_over(self, stop: threading.Event) -> None:
        """Forget what was held too long, once an hour until `stop`."""
        while True:
            try:
                event("spool", held=len(self._spool.held()), forgotten=self._spool.purge())
            except (OSError, StoreError) as error:
                fault("spool", error)
            if stop.wait(_LOOK_SECONDS):
                return


def run_relay(
    folder: Path,
    host: str,
    port: int | None,
    ready_file: Path | None,
    make: Callable[[RelayMaterial], Relay] = Relay,
) -> None:
    """Serve the relay in `folder` until SIGTERM; `port` None is the origin's."""
    start_log()
    material = open_relay(folder)
    listener = bound(host, material.port() if port is None else port)
    context = server_context("".join(route.clients_pem for route in material.routes))
    present(context, material.server_pem, material.server_key)
    relay, stop = make(material), threading.Event()
    threading.Thread(target=relay.look_over, args=(stop,), daemon=True).start()
    ready = {"ready": True, "relay": material.settings.name, "port": listener.getsockname()[1]}
    serve(build_relay(relay.carry), listener, context, lambda: announce_ready(ready, ready_file))
    stop.set()
    event("stopped", relay=material.settings.name)


def build_relay(carry: Carry) -> Starlette:
    """The ASGI application that carries with `carry`."""
    endpoint = _endpoint(carry)
    routes = [HttpRoute(f"/{room}/{{rest:path}}", endpoint, methods=["GET", "PUT", "POST"]) for room in ("v1", "log")]
    handlers: dict[Any, Any] = {
        Refusal: _refused,
        HTTPException: _unknown,
        StoreError: _unavailable,
        Exception: _failed,
    }
    return Starlette(routes=routes, exception_handlers=handlers)


def _endpoint(carry: Carry) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        certificate = peer_certificate(request.scope)
        path = request.scope["raw_path"].decode("latin-1")
        body = await read_bounded(request, limit_of(path, enrolled=certificate is not None))
        query = request.scope["query_string"].decode("latin-1")
        carried = Carried(request.method, path + (f"?{query}" if query else ""), _folded(request), body, certificate)
        heard = await run_in_threadpool(carry, carried)
        return Response(heard.body, heard.status, dict(heard.headers))

    return endpoint


def _folded(request: Request) -> dict[str, str]:
    """The fields as they were signed: repeated ones in one (RFC 9110 §5.3)."""
    fields: dict[str, str] = {}
    for name, value in request.headers.items():
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    return fields


def _operation(path: str) -> str:
    """The operation without ids and queries."""
    parts = path.partition("?")[0].split("/")
    return "/".join(parts[:3])


def _problem(found: Problem, headers: Mapping[str, str] | None = None) -> Response:
    event("not_carried", status=found.status, problem=found.code)
    return Response(encode(found), found.status, headers, PROBLEM_TYPE)


async def _refused(_request: Request, error: Exception) -> Response:
    found = error.problem if isinstance(error, Refusal) else problem("internal")
    retry = {"retry-after": str(RETRY_SECONDS)} if found.code == "unavailable" else {}
    return _problem(found, {"connection": "close", **retry})


async def _unknown(_request: Request, _error: Exception) -> Response:
    return _problem(problem("not_found"))


async def _unavailable(_request: Request, error: Exception) -> Response:
    fault("relay_medium", error)
    return _problem(problem("unavailable"), {"retry-after": str(RETRY_SECONDS)})


async def _failed(_request: Request, error: Exception) -> Response:
    fault("carry_failed", error)
    return _problem(problem("internal"))
