"""The HTTP face of the intake: the operations of `sync/contract/openapi.yaml`, no more and no fewer (a test compares).

Rules: every refusal is a problem document and quotes nothing of what came; a failure of ours is 500, a database that
cannot write, or whose standby is gone, is 503 with Retry-After; work that blocks runs in a thread; one log line a
request, without personal data.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from sync.contract.envelope import encode
from sync.contract.exchange import (
    BATCH_TYPE,
    ENROLMENT_TYPE,
    MAX_BATCH_BYTES,
    MAX_ENROLMENT_BYTES,
    MAX_PACKAGE_BYTES,
    PACKAGE_TYPE,
    PROBLEM_TYPE,
    RENEWAL_TYPE,
)
from sync.contract.problems import Problem, ProblemCode, problem
from sync.eventlog import event, fault
from sync.receiver.admission import Asked
from sync.receiver.bodies import read_body
from sync.receiver.counters import milliseconds
from sync.receiver.errors import StandbyGone
from sync.receiver.intake import Answer, Intake
from sync.receiver.log_face import log_routes
from sync.receiver.refusal import Refusal
from sync.receiver.server import peer_certificate

Endpoint = Callable[[Request], Awaitable[Response]]

RETRY_SECONDS: Final = 5
_UNREAD: Final = frozenset({"certificate_missing", "request_timeout", "too_large", "media_type_unsupported"})
"""Refusals before the body was read to its end: the connection cannot be used again."""
_HTTP_CODES: Final[dict[int, ProblemCode]] = {404: "not_found", 405: "method_not_allowed"}


OPERATIONS: Final = (
    "/v1/enrolments",
    "/v1/certificates",
    "/v1/claims/{claim_id}",
    "/v1/claims:batch",
    "/v1/state",
    "/v1/receipts",
    "/v1/events",
    "/v1/keys",
    "/v1/profile",
    "/v1/health",
    "/log/checkpoint",
    "/log/tile/{tile:path}",
)
"""What requests are counted by: the paths of the routes (a test compares)."""


def build_app(intake: Intake) -> Starlette:
    """The ASGI application over `intake`."""
    desk = _Desk(intake)
    routes = [
        Route("/v1/enrolments", desk.enrol, methods=["POST"]),
        Route("/v1/certificates", desk.renew, methods=["POST"]),
        Route("/v1/claims/{claim_id}", desk.push, methods=["PUT"]),
        Route("/v1/claims:batch", desk.push_batch, methods=["POST"]),
        Route("/v1/state", desk.asking(intake.state), methods=["GET"]),
        Route("/v1/receipts", desk.asking(intake.receipts), methods=["GET"]),
        Route("/v1/events", desk.asking(intake.events), methods=["GET"]),
        Route("/v1/keys", desk.asking(intake.keys), methods=["GET"]),
        Route("/v1/profile", desk.asking(intake.profile), methods=["GET"]),
        Route("/v1/health", desk.health, methods=["GET"]),
        *log_routes(intake.log),
    ]
    handlers: dict[Any, Any] = {
        Refusal: desk.refused,
        HTTPException: _unknown_operation,
        DBAPIError: _unavailable,
        PoolTimeout: _unavailable,
        StandbyGone: _unavailable,
        Exception: _failed,
    }
    return Starlette(routes=routes, exception_handlers=handlers)


class _Desk:
    """The endpoints: body and header fields in, answer out."""

    def __init__(self, intake: Intake) -> None:
        self._intake = intake

    async def enrol(self, request: Request) -> Response:
        _refuse_coding(request)
        body = await read_body(request, ENROLMENT_TYPE, MAX_ENROLMENT_BYTES)
        return await _answered(request, lambda: self._intake.enrol(_asked(request, body)))

    async def renew(self, request: Request) -> Response:
        _require_certificate(request)
        _refuse_coding(request)
        body = await read_body(request, RENEWAL_TYPE, MAX_ENROLMENT_BYTES)
        return await _answered(request, lambda: self._intake.renew(_asked(request, body)))

    async def push(self, request: Request) -> Response:
        _require_certificate(request)
        _refuse_coding(request)
        body = await read_body(request, PACKAGE_TYPE, MAX_PACKAGE_BYTES)
        claim_id = request.path_params["claim_id"]
        return await _answered(request, lambda: self._intake.push(_asked(request, body), claim_id))

    async def push_batch(self, request: Request) -> Response:
        _require_certificate(request)
        body = await read_body(request, BATCH_TYPE, MAX_BATCH_BYTES)
        return await _answered(request, lambda: self._intake.push_batch(_asked(request, body)))

    def asking(self, operation: Callable[[Asked], Answer]) -> Endpoint:
        async def endpoint(request: Request) -> Response:
            return await _answered(request, lambda: operation(_asked(request, b"")))

        return endpoint

    async def health(self, request: Request) -> Response:
        return await _answered(request, self._intake.health)

    async def refused(self, request: Request, error: Exception) -> Response:
        refusal = error if isinstance(error, Refusal) else Refusal("internal")
        await run_in_threadpool(self._intake.refused, refusal)
        return _problem_response(request, refusal.problem, _headers_of(refusal))


async def _answered(request: Request, work: Callable[[], Answer]) -> Response:
    answer = await run_in_threadpool(work)
    event(
        "request",
        method=request.method,
        operation=_operation(request),
        status=answer.status,
        ms=milliseconds(request.scope),
    )
    return Response(answer.body, answer.status, media_type=answer.media_type)


def _asked(request: Request, body: bytes) -> Asked:
    """The request as it was signed: repeated header fields folded into one, as RFC 9110 §5.3 reads them."""
    fields: dict[str, str] = {}
    for name, value in request.headers.items():
        fields[name] = f"{fields[name]}, {value}" if name in fields else value
    query = request.scope["query_string"].decode("latin-1")
    path = request.scope["raw_path"].decode("latin-1") + (f"?{query}" if query else "")
    return Asked(request.method, path, fields, body, peer_certificate(request.scope))


def _require_certificate(request: Request) -> None:
    """Nobody else can make the intake hold a large body, even for a moment."""
    if peer_certificate(request.scope) is None:
        raise Refusal("certificate_missing")


def _refuse_coding(request: Request) -> None:
    if "content-encoding" in request.headers:
        raise Refusal("media_type_unsupported")


def _operation(request: Request) -> str | None:
    route = request.scope.get("route")
    return route.path if isinstance(route, Route) else None


def _problem_response(request: Request, found: Problem, headers: Mapping[str, str] | None = None) -> Response:
    said: dict[str, Any] = {"status": found.status, "problem": found.code, "ms": milliseconds(request.scope)}
    event("request", method=request.method, operation=_operation(request), **said)
    return Response(encode(found), found.status, headers, PROBLEM_TYPE)


def _headers_of(refusal: Refusal) -> dict[str, str]:
    headers = {"connection": "close"} if refusal.problem.code in _UNREAD else {}
    if refusal.retry_after is not None:
        headers["retry-after"] = str(refusal.retry_after)
    return headers


async def _unknown_operation(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 404
    headers = error.headers if isinstance(error, HTTPException) else None
    return _problem_response(request, problem(_HTTP_CODES.get(status, "request_invalid")), headers)


async def _unavailable(request: Request, error: Exception) -> Response:
    fault("database_unavailable", error)
    return _problem_response(request, problem("unavailable"), {"retry-after": str(RETRY_SECONDS)})


async def _failed(request: Request, error: Exception) -> Response:
    fault("request_failed", error)
    return _problem_response(request, problem("internal"))
