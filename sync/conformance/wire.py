"""Requests as a test wants them, right or wrong, over the contract's TLS; answers as they came.

Rules: TLS 1.3 under the pinned authority; HTTP/1.1, one connection kept for as long as the peer keeps it; nothing is
followed, unfolded or retried but a request on a connection that the peer had closed before. Signatures are made here
part by part, so that each part can be wrong on its own.
"""

import base64
import http.client
import json
import secrets
import ssl
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import urlsplit

from sync.contract.exchange import PROBLEM_TYPE
from sync.contract.problems import TYPE_PREFIX
from sync.crypto.httpsig import ALGORITHM, LABEL, content_digest
from sync.crypto.signing import SigningKey

SECONDS: Final = 100.0
_MAX_BYTES: Final = 2_000_000
_COVERED: Final = ("content-digest", "content-type", "idempotency-key")


@dataclass(frozen=True)
class Reply:
    """An answer: status (0 when the peer ended the connection instead), lower-case fields, body."""

    status: int
    fields: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)

    def json(self) -> dict[str, Any]:
        """The body as a JSON object; empty when it is none."""
        with suppress(ValueError, RecursionError):
            found = json.loads(self.body)
            return found if isinstance(found, dict) else {}
        return {}

    @property
    def code(self) -> str | None:
        """The code of a problem document of the contract's form; None when the body is none."""
        found = self.json()
        code, named = found.get("code"), (found.get("type"), found.get("status"))
        if self.fields.get("content-type") != PROBLEM_TYPE or not isinstance(code, str):
            return None
        return code if named == (TYPE_PREFIX + code, self.status) and isinstance(found.get("title"), str) else None

    def told(self) -> str:
        """What to say of this answer in a report: status and code, never a body."""
        return f"{self.status} {self.code or self.fields.get('content-type', 'without a body')}"


@dataclass(frozen=True)
class Stamp:
    """How a request is signed. What is None is as the contract says; `more` follows the parameters."""

    signer: SigningKey
    keyid: str | None = None
    created: int | None = None
    nonce: str | None = None
    algorithm: str = ALGORITHM
    label: str = LABEL
    uncovered: Sequence[str] = ()
    target: str | None = None
    more: str = ""


def stamped(stamp: Stamp, method: str, url: str, fields: Mapping[str, str], body: bytes) -> dict[str, str]:
    """`fields` with digest (unless it is there or uncovered) and signature."""
    told = dict(fields)
    if body and "content-digest" not in stamp.uncovered:
        told.setdefault("content-digest", content_digest(body))
    covered: dict[str, str] = {name: told[name] for name in _COVERED if name in told and name not in stamp.uncovered}
    listed = " ".join(f'"{name}"' for name in ("@method", "@target-uri", *covered))
    created = stamp.created if stamp.created is not None else int(datetime.now(UTC).timestamp())
    nonce = stamp.nonce or secrets.token_urlsafe(16)
    parameters = f';created={created};keyid="{stamp.keyid or stamp.signer.kid}";nonce="{nonce}";alg="{stamp.algorithm}"'
    value = f"({listed}){parameters}{stamp.more}"
    lines: dict[str, str] = {
        "@method": method,
        "@target-uri": stamp.target or url,
        **covered,
        "@signature-params": value,
    }
    base = "\n".join(f'"{name}": {text}' for name, text in lines.items()).encode()
    signature = base64.b64encode(stamp.signer.sign_raw(base)).decode("ascii")
    return {**told, "signature-input": f"{stamp.label}={value}", "signature": f"{stamp.label}=:{signature}:"}


class Wire:
    """A connection to one origin under one TLS context."""

    def __init__(self, origin: str, context: ssl.SSLContext) -> None:
        self.origin = origin
        parts = urlsplit(origin)
        self._http = http.client.HTTPSConnection(
            parts.hostname or "", parts.port or 443, timeout=SECONDS, context=context
        )
        self._fresh = True

    def send(self, method: str, path: str, fields: Mapping[str, str], body: bytes = b"") -> Reply:
        """One request with these fields; once more when the connection had been closed meanwhile."""
        was_fresh = self._fresh
        try:
            return self._exchange(method, path, fields, body)
        except (OSError, http.client.HTTPException):
            self.close()
            if was_fresh:
                raise
            return self._exchange(method, path, fields, body)

    def close(self) -> None:
        """Close the connection; the next request opens its own."""
        self._http.close()
        self._fresh = True

    def _exchange(self, method: str, path: str, fields: Mapping[str, str], body: bytes) -> Reply:
        self._http.putrequest(method, path, skip_accept_encoding=True)
        for name, value in fields.items():
            self._http.putheader(name, value)
        if body and "content-length" not in fields:
            self._http.putheader("content-length", str(len(body)))
        self._http.endheaders(body or None)
        response = self._http.getresponse()
        told = {name.lower(): value for name, value in response.getheaders()}
        reply = Reply(response.status, told, response.read(_MAX_BYTES))
        self._fresh = False
        if response.will_close or "content-length" in fields:
            self.close()
        return reply
