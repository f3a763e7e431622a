"""One signed question, one judged answer: HTTP/1.1 over TLS 1.3, for all that the client asks.

Rules: no redirect, no proxy from the environment, no content coding in answers, exact media types, a bound on the
size and on the time of an answer. A line that fails is InsurerUnreachable, a peer that is not the pinned one
InsurerUntrusted, a problem document InsurerRefused: none of them says whether the request arrived. Nothing a peer says
is logged or quoted.
"""

import re
import ssl
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final, TypeVar

import httpx
import msgspec

from sync.client.deadline import Deadline
from sync.contract.exchange import PROBLEM_TYPE
from sync.contract.problems import Problem
from sync.crypto.httpsig import Request, nonce_of, sign_request
from sync.crypto.signing import SigningKey
from sync.errors import InsurerRefused, InsurerUnreachable, InsurerUntrusted

MAX_ANSWER_BYTES: Final = 1_048_576
ANSWER_SECONDS: Final = 90.0
"""For one exchange, from the connection to the end of the answer."""
MAX_RETRY_AFTER: Final = 86_400
CERTIFICATE_REFUSED: Final = "certificate_refused"
"""The handshake ended because of this terminal's certificate: there is no problem document then."""
CERTIFICATE_EXPIRED: Final = "certificate_expired"
"""The same, and the certificate's last day is over."""
_TIMEOUT: Final = httpx.Timeout(10.0, read=30.0, write=60.0)
_CLOCK_SLACK: Final = timedelta(seconds=30)
_PROBLEM_CODE: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)

Answer = TypeVar("Answer", bound=msgspec.Struct)
Now = Callable[[], datetime]


def utc_now() -> datetime:
    """The system's clock, aware."""
    return datetime.now(UTC)


@dataclass(frozen=True)
class Question:
    """One request: fields and body as they are signed, and the media type its answer must have."""

    method: str
    path: str
    accept: str
    fields: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)


@dataclass(frozen=True)
class _Raw:
    status: int
    headers: httpx.Headers
    body: bytes = field(repr=False)
    nonce: str


class Channel:
    """A connection to one origin. Signatures carry the peer's time when this machine's clock turned out to be off.

    `ends` is when the certificate that `context` shows is over: a peer that then breaks off is said to refuse it.
    """

    def __init__(
        self, origin: str, context: ssl.SSLContext, signer: SigningKey, now: Now, ends: datetime | None = None
    ) -> None:
        self._origin = origin
        self._signer = signer
        self._now = now
        self._ends = ends
        self._offset = timedelta(0)
        self._deadline = Deadline()
        self._followed = {"trace": self._deadline.follow}
        self._http = httpx.Client(
            verify=context,
            http2=False,
            trust_env=False,
            follow_redirects=False,
            timeout=_TIMEOUT,
            headers={"user-agent": "comptoir", "accept-encoding": "identity"},
        )

    def ask(self, question: Question, kind: type[Answer]) -> tuple[Answer, int]:
        """The answer to a question, with its status (200 or 201). The errors of this module's rules."""
        raw = self._judged(question)
        return _decoded(raw, kind), raw.status

    def ask_now(self, question: Question, kind: type[Answer]) -> tuple[Answer, str]:
        """The answer to a question, with the nonce that was asked with. The errors of this module's rules."""
        raw = self._judged(question)
        return _decoded(raw, kind), raw.nonce

    def read(self, question: Question) -> bytes:
        """The bytes that answer a question, of the media type it accepts. The errors of this module's rules."""
        return self._judged(question).body

    def now(self) -> datetime:
        """This machine's time, put right by what the peer told."""
        return self._now() + self._offset

    def close(self) -> None:
        """Close the connection."""
        self._http.close()
        self._deadline.close()

    def _judged(self, question: Question) -> _Raw:
        raw = self._exchange(question)
        if raw.status == 401 and self._learn_time(raw):
            raw = self._exchange(question)
        if raw.status not in (200, 201):
            raise _refusal(raw)
        if raw.headers.get("content-type") != question.accept:
            raise InsurerUnreachable("an answer of another media type", status=raw.status)
        return raw

    def _exchange(self, question: Question) -> _Raw:
        url = self._origin + question.path
        signed = sign_request(self._signer, Request(question.method, url, question.fields, question.body), self.now())
        fields = {**question.fields, **signed, "accept": f"{question.accept}, {PROBLEM_TYPE}"}
        with (
            _failures(over=self._ends is not None and self.now() >= self._ends),
            self._deadline.within(ANSWER_SECONDS),
            self._http.stream(
                question.method, url, headers=fields, content=question.body or None, extensions=self._followed
            ) as response,
        ):
            return _Raw(response.status_code, response.headers, _read_at_most(response), nonce_of(signed))

    def _learn_time(self, raw: _Raw) -> bool:
        """Whether the peer's clock (its `Date`, under TLS) differs so much that the signature looked stale."""
        told = _http_date(raw.headers.get("date"))
        if told is None or abs(told - self._now() - self._offset) <= _CLOCK_SLACK:
            return False
        self._offset = told - self._now()
        return True


@contextmanager
def _failures(*, over: bool) -> Iterator[None]:
    """Turn what httpx raises into what the terminal knows; `over`: the certificate shown has ended."""
    try:
        yield
    except (httpx.HTTPError, httpx.StreamError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
        raise _failure(error, over=over) from error


def _failure(error: BaseException, *, over: bool) -> InsurerUnreachable | InsurerUntrusted | InsurerRefused:
    cause = _tls_cause(error)
    if over and isinstance(error, httpx.ReadError | httpx.WriteError | httpx.RemoteProtocolError):
        return InsurerRefused("this terminal's certificate is over", problem=CERTIFICATE_EXPIRED, status=0)
    if isinstance(cause, ssl.SSLCertVerificationError):
        return InsurerUntrusted("the certificate is not one of the pinned authority for this name")
    if cause is not None and "ALERT" in (cause.reason or ""):
        return InsurerRefused("the insurer refused this terminal's certificate", problem=CERTIFICATE_REFUSED, status=0)
    return InsurerUnreachable(type(error).__name__)


def _tls_cause(error: BaseException | None) -> ssl.SSLError | None:
    while error is not None:
        if isinstance(error, ssl.SSLError):
            return error
        error = error.__cause__ or error.__context__
    return None


def _read_at_most(response: httpx.Response) -> bytes:
    """The answer as it was sent: a content coding, which nobody asked for, is not undone."""
    body = bytearray()
    for part in response.iter_raw():
        body += part
        if len(body) > MAX_ANSWER_BYTES:
            raise InsurerUnreachable("an answer too large")
    return bytes(body)


def _refusal(raw: _Raw) -> InsurerRefused | InsurerUnreachable:
    retry_after = _retry_after(raw.headers.get("retry-after"))
    facts: dict[str, str | int] = {"status": raw.status}
    if retry_after is not None:
        facts["retry_after"] = retry_after
    if raw.headers.get("content-type") != PROBLEM_TYPE:
        return InsurerUnreachable("an answer that is not of the contract", **facts)
    said = _decoded(raw, Problem)
    known = said.code if _PROBLEM_CODE.fullmatch(said.code) else "unknown"
    refused = InsurerRefused("the insurer refused the request", problem=known, **facts)
    refused.refusal = said.refusal
    return refused


def _decoded(raw: _Raw, kind: type[Answer]) -> Answer:
    try:
        return msgspec.json.decode(raw.body, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise InsurerUnreachable("an answer that is not of the contract", status=raw.status) from error


def _retry_after(text: str | None) -> int | None:
    """Seconds the peer asks for, at most a day; a date (RFC 9110 allows one) is not of the contract."""
    return min(int(text), MAX_RETRY_AFTER) if text and text.isascii() and text.isdigit() and len(text) < 10 else None


def _http_date(text: str | None) -> datetime | None:
    try:
        told = parsedate_to_datetime(text or "")
    except ValueError:
        return None
    return told if told.tzinfo is not None else told.replace(tzinfo=UTC)
