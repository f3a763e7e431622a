"""A scanner on a serial port, real or over USB (CDC): the only importer of pyserial.

Rules: the port is ours alone while it is open. A message ends with CR, LF or both; a scanner that sends no end mark is
understood by its silence. A message that never ends is cut and refused, and the next one is read.
"""

from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import serial

from hardware.errors import ScannerGone, ScannerMissing
from hardware.scanner.codes import LONGEST
from hardware.scanner.listening import Listening, Post

SILENCE: Final = 0.2
"""Seconds without a byte that end a message; a scanner at 9600 bit/s leaves a millisecond between two."""


def listen_serial(port: str, post: Post, baud: int = 9600) -> Listening:
    """Listen to the scanner on this port (`/dev/serial/by-id/…`) until stopped. ScannerMissing when it is not there."""
    return Listening(_SerialSource(port, baud), post)


class _SerialSource:
    def __init__(self, port: str, baud: int) -> None:
        self._cancelled = False
        try:
            self._port = serial.Serial(port, baud, timeout=SILENCE, exclusive=True)
        except (serial.SerialException, ValueError, OSError) as error:
            raise ScannerMissing("the serial port cannot be opened", reason="port") from error

    def messages(self) -> Iterator[bytes | str]:
        held = b""
        while not self._cancelled:
            came = self._read()
            complete, held = cut_messages(held + came, silent=not came)
            yield from complete

    def cancel(self) -> None:
        self._cancelled = True
        with suppress(OSError, serial.SerialException, AttributeError):
            self._port.cancel_read()

    def close(self) -> None:
        with suppress(OSError, serial.SerialException):
            self._port.close()

    def _read(self) -> bytes:
        try:
            return bytes(self._port.read(max(1, self._port.in_waiting)))
        except (serial.SerialException, OSError, TypeError) as error:
            raise ScannerGone("the scanner left") from error


def cut_messages(held: bytes, *, silent: bool) -> tuple[list[bytes], bytes]:
    """The complete messages, and the beginning of the next; one too long is cut where that is certain."""
    *complete, rest = held.replace(b"\r", b"\n").split(b"\n")
    if silent or len(rest) > 4 * LONGEST:
        complete, rest = [*complete, rest], b""
    return [message for message in complete if message], rest
