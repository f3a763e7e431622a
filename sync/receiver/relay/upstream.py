"""The line from a relay to one insurer: TLS 1.3 under the insurer's authority, the relay's own certificate.

Rules: body, query and every signed field go on as they came; what the terminal's certificate was is told in
`Client-Cert` (RFC 9440), which a terminal cannot set. No redirect is followed; an answer is bounded in size and time.
A line that fails is a 503 for the terminal, which tries the same bytes again.
"""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import urlsplit

from sync.receiver.refusal import Refusal
from sync.receiver.relay.folder import Route
from sync.receiver.relay.routing import Carried
from sync.receiver.ways import FIELD, field_of
from sync.tls import client_context, present

ANSWER_SECONDS: Final = 60
MAX_ANSWER_BYTES: Final = 1_048_576
_GOES: Final[tuple[str, ...]] = (
    "accept",
    "content-type",
    "content-encoding",
    "content-digest",
    "idempotency-key",
    "signature-input",
    "signature",
)
_RETURNS: Final[tuple[str, ...]] = ("content-type", "retry-after", "cache-control")


@dataclass(frozen=True)
class Heard:
    """What an insurer answered."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


class Upstream:
    """The line to the insurer of one route."""

    def __init__(self, route: Route, client_key: bytes) -> None:
        address = urlsplit(route.endpoint)
        self._host, self._port = address.hostname or "", address.port or 443
        self._context = client_context(route.authority_pem)
        present(self._context, route.certificate, client_key)

    def ask(self, carried: Carried) -> Heard:
        """The insurer's answer to a request; Refusal (unavailable) when there is none."""
        connection = http.client.HTTPSConnection(self._host, self._port, timeout=ANSWER_SECONDS, context=self._context)
        try:
            connection.request(carried.method, carried.path, carried.body or None, _fields(carried))
            answer = connection.getresponse()
            body = answer.read(MAX_ANSWER_BYTES + 1)
        except (OSError, http.client.HTTPException) as error:
            raise Refusal("unavailable") from error
        finally:
            connection.close()
        if len(body) > MAX_ANSWER_BYTES:
            raise Refusal("unavailable")
        told = {name: value for name in _RETURNS if (value := answer.getheader(name)) is not None}
        return Heard(answer.status, told, body)


def _fields(carried: Carried) -> dict[str, str]:
    fields = {name: carried.headers[name] for name in _GOES if name in carried.headers}
    shown = {} if carried.certificate is None else {FIELD: field_of(carried.certificate)}
    return {**fields, **shown, "user-agent": "comptoir-relay"}
