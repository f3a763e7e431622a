"""The HTTP face of the intake, called as a server calls it: statuses, media types, problems that quote nothing."""

import json
import logging
import ssl
from collections.abc import Awaitable, Callable, MutableMapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import pytest
from starlette.applications import Starlette

from sync.contract.exchange import MAX_PACKAGE_BYTES, PACKAGE_TYPE, PROBLEM_TYPE
from sync.receiver.admission import Asked
from sync.receiver.app import build_app
from sync.receiver.db import Ledger
from sync.receiver.intake import Intake
from tests.unit.sync.receiver.visitor import Visitor

Message = MutableMapping[str, Any]


@dataclass
class Said:
    """What the application sent."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


@pytest.fixture
def app(intake: Intake) -> Starlette:
    """The application."""
    return build_app(intake)


async def call(app: Starlette, asked: Asked) -> Said:
    """Call the application with one request; an error that it raises after its answer is the server's to log."""
    sent: list[Message] = []
    with suppress(ValueError):
        await app(scope_of(asked), _receiving(asked.body), _collecting(sent))
    return Said(
        sent[0]["status"],
        {name.decode(): value.decode() for name, value in sent[0]["headers"]},
        json.loads(b"".join(message.get("body", b"") for message in sent[1:])),
    )


def scope_of(asked: Asked) -> Message:
    """The ASGI scope of a request."""
    chain = [] if asked.certificate is None else [ssl.DER_cert_to_PEM_cert(asked.certificate)]
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": asked.method,
        "scheme": "https",
        "path": asked.path,
        "raw_path": asked.path.encode(),
        "query_string": b"",
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in asked.headers.items()],
        "extensions": {"tls": {"client_cert_chain": chain}},
    }


def _receiving(body: bytes) -> Callable[[], Awaitable[Message]]:
    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    return receive


def _collecting(sent: list[Message]) -> Callable[[Message], Awaitable[None]]:
    async def send(message: Message) -> None:
        sent.append(message)

    return send


def bare(method: str, path: str, body: bytes = b"", **headers: str) -> Asked:
    """A request without signature and certificate."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Asked(method, path, named, body, None)


async def test_a_push_goes_through_the_whole_face(app: Starlette, visitor: Visitor) -> None:
    """A right request is 201 with a receipt in the contract's media type, and again 200 with the same."""
    package = visitor.package()
    first, second = await call(app, visitor.put(package)), await call(app, visitor.put(package))
    assert (first.status, second.status) == (201, 200)
    assert first.headers["content-type"] == "application/vnd.comptoir.receipt.v1+json"
    assert first.body == second.body


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, "not_found"),
        ("GET", "/v1/claims", 404, "not_found"),
        ("GET", "/v1/members", 404, "not_found"),
        ("GET", "/v1/claims/01980000-0000-7000-8000-000000000001", 405, "method_not_allowed"),
        ("POST", "/v1/state", 405, "method_not_allowed"),
        ("GET", "/v1/state", 401, "certificate_missing"),
        ("PUT", "/v1/claims/x", 401, "certificate_missing"),
        ("POST", "/v1/claims:batch", 401, "certificate_missing"),
        ("POST", "/v1/enrolments", 415, "media_type_unsupported"),
    ],
)
async def test_what_is_not_of_the_contract_is_a_problem(
    app: Starlette, method: str, path: str, status: int, code: str
) -> None:
    """Unknown paths, methods and media types are problem documents with a stable code."""
    said = await call(app, bare(method, path))
    assert (said.status, said.body["code"], said.body["status"]) == (status, code, status)
    assert said.headers["content-type"] == PROBLEM_TYPE
    assert said.body["type"] == f"urn:comptoir:problem:{code}"


async def test_a_declared_length_over_the_limit_is_not_read(app: Starlette, visitor: Visitor) -> None:
    """A body that says it is too large is refused before any of it is read, and the connection ends."""
    headers = {"content_type": PACKAGE_TYPE, "content_length": str(MAX_PACKAGE_BYTES + 1)}
    said = await call(app, replace(bare("PUT", "/v1/claims/x", b"", **headers), certificate=visitor.certificate))
    assert (said.status, said.headers["connection"]) == (413, "close")


async def test_reading_stops_at_the_limit(app: Starlette, visitor: Visitor) -> None:
    """A body longer than it says is refused at the limit."""
    asked = bare("PUT", "/v1/claims/x", bytes(MAX_PACKAGE_BYTES + 1), content_type=PACKAGE_TYPE)
    said = await call(app, replace(asked, certificate=visitor.certificate))
    assert said.body["code"] == "too_large"


async def test_a_folded_media_type_is_another_one(app: Starlette, visitor: Visitor) -> None:
    """Parameters on a media type, or a coding where none is foreseen, are refused."""
    right = visitor.put(visitor.package())
    for headers in ({"content-type": PACKAGE_TYPE + "; charset=utf-8"}, {"content-encoding": "gzip"}):
        said = await call(app, replace(right, headers={**right.headers, **headers}))
        assert said.body["code"] == "media_type_unsupported"


async def test_problems_and_logs_quote_nothing(
    app: Starlette, visitor: Visitor, caplog: pytest.LogCaptureFixture
) -> None:
    """A marker planted in path, headers and body comes back neither in the problem nor in the log."""
    marker = "MARTINEAU284057599904"
    with caplog.at_level(logging.DEBUG):
        body = json.dumps({"dispatch": marker}).encode()
        asked = visitor.ask(
            "PUT", f"/v1/claims/{marker}", body, content_type=PACKAGE_TYPE, idempotency_key=f'"{marker}"'
        )
        said = [await call(app, asked), await call(app, bare("GET", f"/{marker}", marker_x=marker))]
    assert [item.body["code"] for item in said] == ["package_invalid", "not_found"]
    assert marker not in json.dumps([item.body for item in said])
    facts = [getattr(record, "facts", {}) for record in caplog.records if record.name == "comptoir"]
    assert {fact["status"] for fact in facts} == {422, 404}
    assert marker not in str(facts)


async def test_a_database_that_fails_is_said_to_be_unavailable(
    app: Starlette, ledger: Ledger, visitor: Visitor
) -> None:
    """When the database cannot take a claim the answer is 503 with Retry-After."""
    package = visitor.package()
    ledger.write(lambda connection: connection.exec_driver_sql("ALTER TABLE claims RENAME TO lost"))
    said = await call(app, visitor.put(package))
    ledger.write(lambda connection: connection.exec_driver_sql("ALTER TABLE lost RENAME TO claims"))
    assert (said.status, said.body["code"], said.headers["retry-after"]) == (503, "unavailable", "5")
    assert "claims" not in json.dumps(said.body)


async def test_a_fault_of_ours_is_500_without_a_word_about_it(app: Starlette, ledger: Ledger, visitor: Visitor) -> None:
    """An error nobody foresaw is 500, with nothing of its text."""
    asked = visitor.ask("GET", "/v1/state")
    spoil = "UPDATE terminals SET signing_jwk = 'no JSON'"
    ledger.write(lambda connection: connection.exec_driver_sql(spoil))
    said = await call(app, asked)
    assert (said.status, said.body["code"]) == (500, "internal")
    assert set(said.body) == {"type", "title", "status", "code"}
