"""A scanner that is a keyboard, grabbed so that nothing leaks into the screen: the only importer of evdev.

Rules: evdev is compiled and therefore optional; without it the scanner is missing and the reason says so. The device
is named by its stable path under /dev/input/by-id. While it is grabbed no other program sees its keys.
"""

import os
import select
from collections.abc import Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Final

from hardware.errors import ScannerGone, ScannerMissing
from hardware.scanner.keyboard import KeyDecoder
from hardware.scanner.listening import Listening, Post

if TYPE_CHECKING:
    from evdev import InputDevice

_KEY_EVENT: Final = 1
"""EV_KEY of linux/input-event-codes.h."""


def listen_grabbed(path: str, post: Post) -> Listening:
    """Grab the scanner at this path and listen until stopped. ScannerMissing: library, device, or grabbed elsewhere."""
    return Listening(_GrabbedSource(path), post)


def _opened(path: str) -> "InputDevice[str]":
    try:
        from evdev import InputDevice  # noqa: PLC0415 (optional and compiled: only a grabbed scanner needs it)
    except ImportError as error:
        raise ScannerMissing("evdev is not installed", reason="library") from error
    try:
        device = InputDevice(path)
        device.grab()
    except OSError as error:
        raise ScannerMissing("the scanner cannot be grabbed", reason="device") from error
    return device


class _GrabbedSource:
    def __init__(self, path: str) -> None:
        self._device = _opened(path)
        self._wake, self._waker = os.pipe()

    def messages(self) -> Iterator[bytes | str]:
        decoder = KeyDecoder()
        while self._ready():
            for code, value in self._events():
                message = decoder.feed(code, value)
                if message is not None:
                    yield message

    def cancel(self) -> None:
        with suppress(OSError):
            os.write(self._waker, b"x")

    def close(self) -> None:
        with suppress(OSError):
            self._device.close()
        for descriptor in (self._wake, self._waker):
            os.close(descriptor)

    def _ready(self) -> bool:
        readable, _, _ = select.select([self._device.fd, self._wake], [], [])
        return self._wake not in readable

    def _events(self) -> list[tuple[int, int]]:
        try:
            return [(event.code, event.value) for event in self._device.read() if event.type == _KEY_EVENT]
        except OSError as error:
            raise ScannerGone("the scanner left") from error
