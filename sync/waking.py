"""What ends the sleep of the service before its time: a commit in the home, a network that changed, a signal, a poke.

Rules: nobody has to know of the service for it to wake: the kernel tells of writes to the store's log (inotify) and of
links and addresses (rtnetlink, which takes no privilege and opens no port), so either side may be started again at any
time. Nothing relies on it: what is missed costs at most one sleep (`LONGEST_SECONDS`), and where the kernel offers no
inotify, a sleep is as short as `LEAST_SECONDS`. However often the home is written to, there is that much between two
looks at it; a network that comes and goes is told of once in `NETWORK_SECONDS`. A network that goes is no news.
Source: inotify(7), rtnetlink(7).
"""

import ctypes
import os
import select
import signal
import socket
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Self

LONGEST_SECONDS: Final = 30.0
LEAST_SECONDS: Final = 1.0
NETWORK_SECONDS: Final = 30.0
_STORE_LOG: Final = b"-wal"
_MODIFIED: Final = 0x2
_NOTICE: Final = struct.Struct("iIII")
_NEWLINK, _NEWADDR = 16, 20
_GROUPS: Final = 0x1 | 0x10 | 0x100
"""RTMGRP_LINK, RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR."""
_MESSAGE: Final = struct.Struct("IHHII")
_MUCH: Final = 65_536


class Waker:
    """The sleep of one process over one home; made in the main thread. `poke` may be called by any thread."""

    def __init__(self, home: Path, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._elapsed = elapsed
        self._poked, self._poke = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._former = signal.set_wakeup_fd(self._poke, warn_on_full_buffer=False)
        self._home = _watch(home)
        self._network = _listen()
        self._looked = elapsed() - LEAST_SECONDS
        self._told = elapsed() - NETWORK_SECONDS
        self._news = False

    @property
    def longest(self) -> float:
        """How long a sleep may be (seconds)."""
        return LONGEST_SECONDS if self._home is not None else LEAST_SECONDS

    def poke(self) -> None:
        """End the sleep now."""
        with suppress(BlockingIOError):
            os.write(self._poke, b"\0")

    def wait(self, seconds: float) -> bool:
        """Sleep so long, or until something happens; whether this machine has a network that it had not before."""
        end = self._elapsed() + min(max(seconds, 0.0), self.longest)
        while self._elapsed() < end:
            awake = self._asleep(end - self._elapsed(), self._poked, self._home, self._network)
            self._news |= self._network is not None and self._network.fileno() in awake and _came(self._network)
            if self._poked in awake or self._is_told():
                break
            if self._home in awake and _names_store(self._home):
                self._asleep(self._looked + LEAST_SECONDS - self._elapsed(), self._poked)
                break
        self._forget()
        self._looked = self._elapsed()
        return self._tell()

    def close(self) -> None:
        """Watch no more."""
        signal.set_wakeup_fd(self._former)
        for descriptor in (self._poked, self._poke, self._home):
            if descriptor is not None:
                os.close(descriptor)
        if self._network is not None:
            self._network.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()

    def _asleep(self, seconds: float, *watched: int | socket.socket | None) -> set[int]:
        """Which of these have something to say, at the latest after so many seconds."""
        poll = select.poll()
        for one in watched:
            if one is not None:
                poll.register(one, select.POLLIN)
        return {descriptor for descriptor, _ in poll.poll(max(seconds, 0.0) * 1000)}

    def _forget(self) -> None:
        """What was written up to now is looked at next."""
        _read(self._poked)
        if self._home is not None:
            _read(self._home)

    def _is_told(self) -> bool:
        return self._news and self._elapsed() >= self._told + NETWORK_SECONDS

    def _tell(self) -> bool:
        if not self._is_told():
            return False
        self._news, self._told = False, self._elapsed()
        return True


def _watch(home: Path) -> int | None:
    """An inotify descriptor for writes in this folder; None where the kernel gives none."""
    with suppress(OSError, AttributeError):
        library: Any = ctypes.CDLL(None, use_errno=True)
        descriptor = int(library.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC))
        if descriptor >= 0:
            if library.inotify_add_watch(descriptor, os.fsencode(home), _MODIFIED) >= 0:
                return descriptor
            os.close(descriptor)
    return None


def _listen() -> socket.socket | None:
    """A socket that hears of links and addresses; None where the kernel gives none."""
    with suppress(OSError, AttributeError):
        listener = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW | socket.SOCK_NONBLOCK, 0)
        try:
            listener.bind((0, _GROUPS))
        except OSError:
            listener.close()
            raise
        return listener
    return None


def _names_store(descriptor: int | None) -> bool:
    """Whether one of the notices that wait is of the store's log; all of them are read."""
    return descriptor is not None and any(name.endswith(_STORE_LOG) for name in _names(_read(descriptor)))


def _names(notices: bytes) -> Iterator[bytes]:
    place = 0
    while place + _NOTICE.size <= len(notices):
        length = _NOTICE.unpack_from(notices, place)[3]
        place += _NOTICE.size
        yield notices[place : place + length].rstrip(b"\0")
        place += length


def _came(listener: socket.socket) -> bool:
    """Whether a link or an address came; all messages that wait are read, and messages that were lost count."""
    came = False
    try:
        while True:
            came |= any(kind in (_NEWLINK, _NEWADDR) for kind in _kinds(listener.recv(_MUCH)))
    except BlockingIOError:
        return came
    except OSError:
        return True


def _kinds(messages: bytes) -> Iterator[int]:
    place = 0
    while place + _MESSAGE.size <= len(messages):
        length, kind, *_ = _MESSAGE.unpack_from(messages, place)
        yield kind
        place += max((length + 3) & ~3, _MESSAGE.size)


def _read(descriptor: int) -> bytes:
    """What waits in a descriptor."""
    found = b""
    with suppress(BlockingIOError):
        while part := os.read(descriptor, _MUCH):
            found += part
    return found
