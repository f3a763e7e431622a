"""An end to every exchange, whatever drips: the connection is cut when the time of one question is over.

Rule: a time limit for each read, which is all that the HTTP library has, lets a peer send a byte now and then for
ever, in the handshake as in the head of its answer; here the whole exchange has one limit, and the cut looks like any
other broken line.
"""

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Any

_CONNECTED = "connection.connect_tcp.complete"


class Deadline:
    """Watches the connections of one channel; `follow` is the HTTP library's trace."""

    def __init__(self) -> None:
        self._line: socket.socket | None = None

    def follow(self, name: str, info: Mapping[str, Any]) -> None:
        """Keep a handle of our own on each new connection: the library's moves into its TLS layer."""
        if name == _CONNECTED:
            self.close()
            plain: socket.socket = info["return_value"].get_extra_info("socket")
            self._line = socket.socket(fileno=os.dup(plain.fileno()))

    @contextmanager
    def within(self, seconds: float) -> Iterator[None]:
        """Cut the line if the block takes longer."""
        timer = threading.Timer(seconds, self._cut)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()

    def close(self) -> None:
        """Let go of the connection, which is closed by whoever opened it."""
        if self._line is not None:
            self._line.close()
            self._line = None

    def _cut(self) -> None:
        line = self._line
        if line is not None:
            with suppress(OSError):
                line.shutdown(socket.SHUT_RDWR)
