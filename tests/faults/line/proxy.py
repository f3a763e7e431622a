"""Between terminal and receiver, byte by byte: TLS passes through, until it cuts, stalls, repeats or swallows.

Rules: it knows nothing of what it carries; a connection has one fault at most, at one byte of one direction; the bytes
of a connection are counted, so that a test can place a fault at each of them.
"""

import contextlib
import socket
import struct
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

HOST: Final = "127.0.0.1"
Way = Literal["up", "down"]
What = Literal["cut", "stall", "swallow", "repeat", "replay"]
STALL_SECONDS: Final = 0.1
_RESET: Final = struct.pack("ii", 1, 0)


@dataclass(frozen=True)
class Fault:
    """What happens after so many bytes of one direction.

    cut: both ends are shut. stall: nothing for a while. swallow: nothing more, and nobody is told. repeat: the last
    bytes come a second time. replay: all that the terminal sent is sent to the receiver again on a new connection.
    """

    what: What
    way: Way
    after: int


@dataclass
class ByteProxy:
    """Where it listens, where it leads, the fault of the connections to come, and the bytes of the last one.

    `fallen`: how many faults there were, of all connections.
    """

    port: int
    target: int
    fault: Fault | None = None
    bytes: dict[Way, int] = field(default_factory=dict)
    fallen: int = 0

    @property
    def endpoint(self) -> str:
        """Its origin; the receiver's certificate is for the same name."""
        return f"https://{HOST}:{self.port}"

    def carry(self, terminal: socket.socket) -> None:
        """Carry one connection to its end."""
        fault, self.bytes = self.fault, {"up": 0, "down": 0}
        with contextlib.suppress(OSError), socket.create_connection((HOST, self.target)) as receiver:
            for end in (terminal, receiver):
                end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            line = _Line(self, fault, terminal, receiver)
            up = threading.Thread(target=line.pump, args=("up",), daemon=True)
            up.start()
            line.pump("down")
            up.join()
            if fault is not None and fault.what == "replay":
                line.replay(self.target)
        terminal.close()

    def accept(self, listener: socket.socket) -> None:
        """Take connections until the listener is shut."""
        with contextlib.suppress(OSError):
            while True:
                terminal, _ = listener.accept()
                threading.Thread(target=self.carry, args=(terminal,), daemon=True).start()


class _Line:
    """One connection: two pumps, and its fault."""

    def __init__(self, proxy: ByteProxy, fault: Fault | None, terminal: socket.socket, receiver: socket.socket) -> None:
        self._proxy, self._counted, self._fault = proxy, proxy.bytes, fault
        self._ends: dict[Way, tuple[socket.socket, socket.socket]] = {
            "up": (terminal, receiver),
            "down": (receiver, terminal),
        }
        self._sent = bytearray()

    def pump(self, way: Way) -> None:
        """Carry one direction; at its end the other side hears of it."""
        source, sink = self._ends[way]
        with contextlib.suppress(OSError):
            while part := source.recv(65_536):
                if way == "up":
                    self._sent += part
                before, self._counted[way] = self._counted[way], self._counted[way] + len(part)
                if self._fault is None or self._fault.way != way or not self._falls(before, part):
                    sink.sendall(part)
                elif not self._fail(sink, part, self._fault.after - before):
                    return
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def replay(self, target: int) -> None:
        """Send again what the terminal sent; whatever is answered goes nowhere."""
        with contextlib.suppress(OSError), socket.create_connection((HOST, target)) as again:
            again.sendall(self._sent)
            again.shutdown(socket.SHUT_WR)
            while again.recv(65_536):
                continue

    def _falls(self, before: int, part: bytes) -> bool:
        """Whether the fault's byte is in this part."""
        return self._fault is not None and before <= self._fault.after < before + len(part)

    def _fail(self, sink: socket.socket, part: bytes, place: int) -> bool:
        """Do the fault at `place` of this part; whether the direction goes on."""
        fault = self._fault
        self._proxy.fallen += 1
        if fault is None or fault.what == "replay":
            sink.sendall(part)
            return True
        sink.sendall(part[:place])
        if fault.what == "cut":
            self._reset()
            return False
        if fault.what == "swallow":
            self._drop(fault.way)
            return False
        if fault.what == "stall":
            threading.Event().wait(STALL_SECONDS)
        else:
            sink.sendall(part[max(place - 16, 0) : place])
        sink.sendall(part[place:])
        return True

    def _reset(self) -> None:
        for end in self._ends["up"]:
            end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _drop(self, way: Way) -> None:
        """Read on and say nothing, until the terminal gives up."""
        source, _ = self._ends[way]
        while source.recv(65_536):
            continue
        for end in self._ends["up"]:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)


@contextlib.contextmanager
def byte_proxy(target: int = 0) -> Iterator[ByteProxy]:
    """A proxy to a port of this machine, until the block ends."""
    with socket.create_server((HOST, 0)) as listener:
        proxy = ByteProxy(listener.getsockname()[1], target)
        thread = threading.Thread(target=proxy.accept, args=(listener,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join()
