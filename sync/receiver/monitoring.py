"""What only the operator's own machine may ask: metrics for Prometheus and a health report, on a loopback address.

Rules: a listener of its own, never the terminals' one, bound to 127.0.0.1 and nothing else; it answers two paths, reads
no body, and changes nothing. Each worker answers on the same socket, and each knows the counts of all.
"""

import json
import socket
import threading
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final

from sqlalchemy.exc import SQLAlchemyError

from sync.errors import SyncError
from sync.eventlog import fault
from sync.receiver.counters import Counters
from sync.receiver.health import Health
from sync.textfile import rendered

LOOPBACK: Final = "127.0.0.1"
METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_SECONDS: Final = 10
_OK, _NOT_FOUND, _FAILED = 200, 404, 503


class Monitor:
    """What is told of one intake."""

    def __init__(self, health: Health, counters: Counters, now: Callable[[], datetime]) -> None:
        self._health = health
        self._counters = counters
        self._now = now

    def answer(self, path: str) -> tuple[int, str, bytes]:
        """Status, media type and body for a path."""
        if path == "/metrics":
            return _OK, METRICS_TYPE, rendered((*self._health.metrics(self._now()), *self._counters.metrics()))
        if path == "/health":
            checks = self._health.checks()
            worst = next((one for one in ("fail", "warn") if any(check.verdict == one for check in checks)), "pass")
            report = {"status": worst, "checks": [asdict(check) for check in checks]}
            return _FAILED if worst == "fail" else _OK, "application/json", json.dumps(report).encode()
        return _NOT_FOUND, "text/plain", b"/metrics, /health\n"


def start_monitor(monitor: Monitor, listener: socket.socket) -> ThreadingHTTPServer:
    """Answer on a bound loopback socket, in a thread that ends with the process; the server, for who ends it before."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.0"
        timeout = _SECONDS

        def do_GET(self) -> None:
            try:
                status, media_type, body = monitor.answer(self.path)
            except (SyncError, SQLAlchemyError, OSError) as error:
                fault("monitor_failed", error)
                status, media_type, body = _FAILED, "text/plain", b""
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            """Who looks is not logged."""

        def version_string(self) -> str:
            return "comptoir"

    server = ThreadingHTTPServer((LOOPBACK, 0), Handler, bind_and_activate=False)
    server.socket.close()
    server.socket = listener
    server.daemon_threads = True
    listener.listen()
    threading.Thread(target=server.serve_forever, name="monitor", daemon=True).start()
    return server
