"""A TLS server that answers byte for byte what it is told to: too much, too slowly, or nothing.

Rules: it listens on this machine only; each connection is a thread of its own, one request and one answer; what it was
asked is kept. It ends at once, however slow the answers are that it is giving.
"""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Final, Literal

from sync.crypto.certificates import issue_server, make_authority, new_tls_key
from sync.tls import present, server_context

HOST: Final = "127.0.0.1"
Shown = Literal["right", "of_another_authority", "expired", "of_another_name", "none"]
"""What the server shows as its certificate; with `none` it does not speak TLS at all."""


@dataclass(frozen=True)
class Request:
    """What was asked; `body` as it came."""

    method: str
    path: str
    body: bytes = field(repr=False)


Reply = Callable[[Request], Iterable[bytes]]
"""The whole answer to a request, status line included, in the pieces in which it is sent."""


@dataclass
class HostileServer:
    """The server: where it listens, its authority, what it answers, what it was asked; `over` is set when it ends."""

    authority_pem: str
    port: int
    over: threading.Event
    reply: Reply = lambda _request: ()
    asked: list[Request] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """Its origin."""
        return f"https://{HOST}:{self.port}"

    def dripping(self, pieces: Iterable[bytes], seconds: float) -> Iterator[bytes]:
        """Each piece after a while, until the server ends."""
        for piece in pieces:
            if self.over.wait(seconds):
                return
            yield piece


def answer(status: int, media_type: str, body: bytes, *more: str) -> bytes:
    """An HTTP answer, well formed."""
    lines = [f"HTTP/1.1 {status} X", f"content-type: {media_type}", f"content-length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@contextlib.contextmanager
def hostile_server(shown: Shown = "right") -> Iterator[HostileServer]:
    """A server in threads, until the block ends."""
    authority_pem, context = _certificate(shown)
    with socket.create_server((HOST, 0)) as listener:
        server = HostileServer(authority_pem, listener.getsockname()[1], threading.Event())
        thread = threading.Thread(target=_serve, args=(listener, context, server), name="hostile", daemon=True)
        thread.start()
        try:
            yield server
        finally:
            server.over.set()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()


def _certificate(shown: Shown) -> tuple[str, ssl.SSLContext | None]:
    """The authority that the terminal knows, and what the server shows."""
    now = datetime.now(UTC)
    known, key = make_authority("hostile", now), new_tls_key()
    pinned = known.certificate_pem.decode()
    if shown == "none":
        return pinned, None
    own = make_authority("stranger", now) if shown == "of_another_authority" else known
    name = "localhost.invalid" if shown == "of_another_name" else HOST
    since = now - timedelta(days=500) if shown == "expired" else now
    context = server_context(own.certificate_pem.decode())
    context.verify_mode = ssl.CERT_NONE
    present(context, issue_server(own, [name], key, since, 30).decode(), key)
    return pinned, context


def _serve(listener: socket.socket, context: ssl.SSLContext | None, server: HostileServer) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=_connection, args=(plain, context, server), daemon=True).start()


def _connection(plain: socket.socket, context: ssl.SSLContext | None, server: HostileServer) -> None:
    """One request and one answer; whatever the peer does about it ends the connection."""
    with contextlib.suppress(OSError, ValueError), contextlib.ExitStack() as stack:
        stack.callback(plain.close)
        line = context.wrap_socket(plain, server_side=True) if context else plain
        stack.callback(line.close)
        request = _request(line)
        server.asked.append(request)
        for piece in server.reply(request):
            line.sendall(piece)


def _request(line: socket.socket) -> Request:
    received = b""
    while b"\r\n\r\n" not in received:
        received += _more(line)
    head, _, body = received.partition(b"\r\n\r\n")
    first, *fields = head.split(b"\r\n")
    length = next((int(one.split(b":")[1]) for one in fields if one.lower().startswith(b"content-length:")), 0)
    while len(body) < length:
        body += _more(line)
    method, path = first.decode("ascii").split(" ")[:2]
    return Request(method, path, body)


def _more(line: socket.socket) -> bytes:
    if got := line.recv(65_536):
        return got
    raise ConnectionResetError
