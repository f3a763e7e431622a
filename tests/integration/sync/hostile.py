"""An insurer that misbehaves on command: TLS as it should be, answers as a test writes them, byte for byte."""

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

from sync.crypto.certificates import issue_server, make_authority, new_tls_key
from sync.tls import present, server_context
from tests.integration.sync.world import now

Reply = Callable[[bytes], bytes]
"""From the request's body to the whole answer, status line included."""


def answer(status: int, media_type: str, body: bytes, *more: str) -> bytes:
    """An HTTP answer."""
    lines = [f"HTTP/1.1 {status} X", f"content-type: {media_type}", f"content-length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


@dataclass
class Hostile:
    """The server: where it listens, its authority, what it answers, the bodies it got."""

    authority_pem: str
    port: int
    reply: Reply = lambda _body: b""
    bodies: list[bytes] = field(default_factory=list)

    @property
    def endpoint(self) -> str:
        """Its origin."""
        return f"https://127.0.0.1:{self.port}"


@contextmanager
def hostile_insurer() -> Iterator[Hostile]:
    """A server in a thread, until the block ends."""
    authority, key = make_authority("hostile", now()), new_tls_key()
    context = server_context(authority.certificate_pem.decode())
    context.verify_mode = ssl.CERT_NONE
    present(context, issue_server(authority, ["127.0.0.1"], key, now()).decode(), key)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hostile = Hostile(authority.certificate_pem.decode(), listener.getsockname()[1])
        thread = threading.Thread(target=_serve, args=(listener, context, hostile))
        thread.start()
        yield hostile
        listener.shutdown(socket.SHUT_RDWR)
        thread.join()


def _serve(listener: socket.socket, context: ssl.SSLContext, hostile: Hostile) -> None:
    while True:
        try:
            plain, _ = listener.accept()
        except OSError:
            return
        with suppress(OSError), context.wrap_socket(plain, server_side=True) as connection:
            _answer(connection, hostile)


def _answer(connection: ssl.SSLSocket, hostile: Hostile) -> None:
    """One request, one answer, and the connection ends."""
    received = b""
    while b"\r\n\r\n" not in received:
        received += connection.recv(65_536)
    head, _, body = received.partition(b"\r\n\r\n")
    length = next(
        (int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length:")), 0
    )
    while len(body) < length:
        body += connection.recv(65_536)
    hostile.bodies.append(body)
    connection.sendall(hostile.reply(body))
