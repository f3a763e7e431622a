"""An invented card in the USB reader of an emulated machine: QEMU's `ccid-card-passthru`, spoken to as libcacard does.

Rules: frames are three big-endian words (type, reader, length) and that many bytes (libcacard, vscard_common.h, version
0.0.2). The card is `hardware.emulator`'s, so the guest's own pcscd and CCID driver read what every other test reads.
"""

import socket
import struct
import threading
import time
from contextlib import suppress
from typing import Final

from hardware.emulator.card import Answer, VirtualCard

INIT, ERROR, READER_ADD, ATR, CARD_REMOVE, APDU, FLUSH, FLUSH_COMPLETE = 1, 2, 3, 5, 6, 7, 8, 9
UNKNOWN_READER: Final = 0xFFFFFFFF
_HEAD: Final = struct.Struct(">III")
_HELLO: Final = b"VSCD" + struct.pack(">II", 2, 0)
_SILENT: Final = b"\x6f\x00"


def frame(kind: int, payload: bytes = b"", reader: int = 0) -> bytes:
    """One message."""
    return _HEAD.pack(kind, reader, len(payload)) + payload


class UsbReader:
    """The reader's slot; `link` is the connection to QEMU's character device."""

    def __init__(self, link: socket.socket) -> None:
        self._link = link
        self._card: VirtualCard | None = None
        self.commands = 0
        self._last = 0.0
        self._send(INIT, _HELLO, UNKNOWN_READER)
        self._send(READER_ADD, b"Comptoir\0", UNKNOWN_READER)
        self._thread = threading.Thread(target=self._serve, name="usb-card", daemon=True)
        self._thread.start()

    def insert(self, card: VirtualCard) -> None:
        """Put a card in."""
        card.reset()
        self._card = card
        self._send(ATR, card.atr)

    def remove(self) -> None:
        """Take it out."""
        self._card = None
        self._send(CARD_REMOVE)

    def at_rest(self, seconds: float = 5.0) -> bool:
        """Whether nobody has asked the card anything for so long."""
        return time.monotonic() - self._last > seconds

    def _serve(self) -> None:
        with suppress(OSError):
            while head := self._receive(_HEAD.size):
                kind, _, length = _HEAD.unpack(head)
                self._answer(kind, self._receive(length))

    def _answer(self, kind: int, payload: bytes) -> None:
        card = self._card
        if kind == APDU and card is not None:
            self.commands += 1
            self._last = time.monotonic()
            reply = card.respond(payload)
            self._send(APDU, reply.data if isinstance(reply, Answer) else _SILENT)
        elif kind == FLUSH:
            self._send(FLUSH_COMPLETE)

    def _send(self, kind: int, payload: bytes = b"", reader: int = 0) -> None:
        self._link.sendall(frame(kind, payload, reader))

    def _receive(self, length: int) -> bytes:
        """Exactly `length` bytes, or none at the end of the connection."""
        got = b""
        while len(got) < length:
            piece = self._link.recv(length - len(got))
            if not piece:
                return b""
            got += piece
        return got
