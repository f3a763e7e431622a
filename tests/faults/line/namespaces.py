"""Two networks with nothing between them but one line: network namespaces of this process's threads (Linux, root).

Rules: a namespace is a thread's; what is called or started through it sees no other network, and it is gone when the
thread, its programs and its devices are. Nothing outside is changed. Addresses are of the documentation's network
(RFC 5737).
"""

import ctypes
import fcntl
import os
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Final, TypeVar

DEVICE: Final = "line0"
NEAR, FAR = "192.0.2.1", "192.0.2.2"
_TUN: Final = Path("/dev/net/tun")
_MASK: Final = "255.255.255.0"
_NEW_NETWORK: Final = 0x40000000
_TUN_WITHOUT_HEADER: Final = 0x1001
_SET_TUN: Final = 0x400454CA
_SET_FLAGS, _SET_ADDRESS, _SET_MASK = 0x8914, 0x8916, 0x891C
_UP: Final = 0x1

Found = TypeVar("Found")


class Namespace:
    """A network of its own, with this address on its only line; `run` does something in it."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._pool = ThreadPoolExecutor(max_workers=1)
        self._pool.submit(_leave).result()
        self.run(lambda: _set_up("lo", up=True))

    def run(self, act: Callable[[], Found]) -> Found:
        """What `act` returns, called in this network; programs that it starts are in it too."""
        return self._pool.submit(act).result()

    @property
    def thread(self) -> int:
        """The thread's number, by which other programs name this network."""
        return self.run(threading.get_native_id)

    def open_tun(self) -> int:
        """Make the line a TUN device, with its address: the descriptor that its packets come from and go to."""
        return self.run(lambda: _open_tun(self.address))

    def plug(self, *, plugged: bool) -> None:
        """Put the cable in, or pull it: without it, nothing can even be tried."""
        self.run(lambda: _set_up(DEVICE, up=plugged))

    def close(self) -> None:
        """Leave it; it goes with what is left in it."""
        self._pool.shutdown()


def why_none() -> str:
    """Why this machine has no namespaces joined by a TUN device; empty when it has."""
    if not _TUN.exists():
        return "the kernel has no /dev/net/tun"
    try:
        with two_networks() as (near, _):
            os.close(near.open_tun())
    except OSError as error:
        return f"no network namespace with a TUN device can be made here ({error.strerror}; root can)"
    return ""


@contextmanager
def two_networks() -> Iterator[tuple[Namespace, Namespace]]:
    """The near and the far network, not joined; OSError where the kernel or the user may not."""
    near = Namespace(NEAR)
    try:
        far = Namespace(FAR)
        try:
            yield near, far
        finally:
            far.close()
    finally:
        near.close()


def _leave() -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(_NEW_NETWORK):
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def _open_tun(address: str) -> int:
    descriptor = os.open(_TUN, os.O_RDWR | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        fcntl.ioctl(descriptor, _SET_TUN, struct.pack("16sH22x", DEVICE.encode(), _TUN_WITHOUT_HEADER))
        for asked, given in ((_SET_ADDRESS, address), (_SET_MASK, _MASK)):
            place = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(given))
            _ask_device(asked, struct.pack("16s16s8x", DEVICE.encode(), place))
        _set_up(DEVICE, up=True)
    except OSError:
        os.close(descriptor)
        raise
    return descriptor


def _set_up(device: str, *, up: bool) -> None:
    _ask_device(_SET_FLAGS, struct.pack("16sH22x", device.encode(), _UP if up else 0))


def _ask_device(request: int, content: bytes) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, request, content)
