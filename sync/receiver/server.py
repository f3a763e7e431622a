"""uvicorn with TLS 1.3 and the peer's certificate where the application can see it.

Rules: the certificate goes into the scope as the ASGI TLS extension names it; the socket is bound before the server
runs, so port 0 works and the port is announced only when it answers; SIGTERM lets running requests end, for a bounded
time, and the process then ends with status 0. A connection whose handshake ends after that is dropped: uvicorn would
serve it until the time is over, and cut its last request.
"""

import signal
import socket
import ssl
from collections.abc import Callable, MutableMapping
from typing import Any, Final

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

STOP_SECONDS: Final = 30
IDLE_SECONDS: Final = 75
MAX_CONNECTIONS: Final = 1000
_TLS_1_3: Final = 0x0304


class PeerCertificateProtocol(HttpToolsProtocol):
    """HTTP/1.1 that tells the application which certificate the peer showed (ASGI TLS extension)."""

    def on_message_begin(self) -> None:
        """Start a request: the base class makes its scope, the peer's certificate is added to it."""
        super().on_message_begin()
        session = self.transport.get_extra_info("ssl_object")
        shown = session.getpeercert(binary_form=True) if session is not None else None
        scope: MutableMapping[str, Any] = self.scope  # type: ignore[assignment]  # extensions are open by specification
        scope["extensions"] = {
            "tls": {
                "server_cert": None,
                "client_cert_chain": [] if shown is None else [ssl.DER_cert_to_PEM_cert(shown)],
                "client_cert_name": None,
                "client_cert_error": None,
                "tls_version": _TLS_1_3,
                "cipher_suite": None,
            }
        }

    def connection_made(self, transport: Any) -> None:
        """Begin to serve, unless the server is stopping."""
        super().connection_made(transport)
        if getattr(self.server_state, "stopping", False):
            transport.abort()

    def shutdown(self) -> None:
        """At the end: an idle connection is dropped at once, a running request may finish."""
        super().shutdown()
        if self.cycle is None or self.cycle.response_complete:
            self.transport.abort()


def peer_certificate(scope: MutableMapping[str, Any]) -> bytes | None:
    """The certificate (DER) the peer showed, if any, from an ASGI scope."""
    chain = scope.get("extensions", {}).get("tls", {}).get("client_cert_chain", [])
    return ssl.PEM_cert_to_DER_cert(chain[0]) if chain else None


def bind(host: str, port: int) -> socket.socket:
    """A TCP socket bound to `host` and `port` (0: any free one), not yet listening.

    It names its protocol, because asyncio turns Nagle's delay off only then: 40 ms for each answer.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError:
        listener.close()
        raise
    return listener


def serve(app: Any, listener: socket.socket, context: ssl.SSLContext | None, ready: Callable[[], None]) -> None:
    """Answer on `listener` until SIGTERM or SIGINT; `ready` is called once connections are accepted.

    Without a `context` it speaks plain HTTP, which is for what is public and signed.
    """
    config = uvicorn.Config(
        app,
        http=PeerCertificateProtocol,
        loop="asyncio",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        limit_concurrency=MAX_CONNECTIONS,
        timeout_keep_alive=IDLE_SECONDS,
        timeout_graceful_shutdown=STOP_SECONDS,
        ssl_context_factory=None if context is None else (lambda _config, _default: context),
    )
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: None)
    _Announcing(config, ready).run(sockets=[listener])


class _State(ServerState):
    """What the connections of a server share."""

    stopping = False


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._state = self.server_state = _State()
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._state.stopping = True
        await super().shutdown(sockets=sockets)
