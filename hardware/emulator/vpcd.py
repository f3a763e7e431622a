"""A virtual card for the real pcscd, by the virtual reader of the vsmartcard project (Debian: vsmartcard-vpcd).

Rules: the card is the client of a TCP connection on this machine; frames are a two-byte length and that many bytes; a
frame of one byte is a control (0 off, 1 on, 2 reset, 4 asks for the ATR), any other a command. TCP_QUICKACK is set
before every read, because the reader's two small writes would otherwise wait 40 ms for each other. A card never
answers late: when it is taken out, its connection is closed, which is how the reader notices.
"""

import contextlib
import socket
import threading
from collections.abc import Callable
from functools import partial

from hardware.emulator.card import Answer, Exchange, Mishap, Reply, VirtualCard
from hardware.emulator.faults import make_card
from hardware.emulator.profiles import Profile
from hardware.errors import ReaderBusy, ServiceDown

SLOTS = {"vitale": 0, "cps": 1}
FIRST_PORT = 35963
_RESET = (0, 1, 2)
_GIVE_ATR = 4


class VirtualReader:
    """One slot of the virtual reader: `vitale` or `cps`. `host` is where pcscd runs."""

    def __init__(self, slot: str = "vitale", host: str = "127.0.0.1") -> None:
        self.slot = slot
        self.reader = f"Virtual PCD 00 {SLOTS[slot]:02d}"
        self._address = (host, FIRST_PORT + SLOTS[slot])
        self._card: _CardThread | None = None

    def insert(self, card: str | Profile | VirtualCard, *, fault: str | None = None, timeout: float = 5.0) -> None:
        """Put a card in (in place of the one there) and return when the reader has asked for its ATR.

        `card` and `fault` are what `make_card` takes, `timeout` is in seconds. Raises CardProfileInvalid, ServiceDown
        when no virtual reader listens, ReaderBusy when another program's card is in this slot.
        """
        made = make_card(card, fault)
        self.remove()
        self._card = _CardThread(partial(_connect, self._address, timeout), made)
        if not self._card.noticed.wait(timeout):
            self.remove()
            raise ReaderBusy("the virtual reader does not ask for this card", slot=self.slot)

    def remove(self) -> None:
        """Take the card out, if there is one; the reader notices at its next look (0.4 s at most)."""
        card, self._card = self._card, None
        if card:
            card.stop()

    def join(self, timeout: float | None = None) -> bool:
        """Wait until the card is out, pulled or cut off by the reader; whether it is."""
        return self._card is None or self._card.ended.wait(timeout)


class _CardThread:
    """Serves a card on a connection until either side closes it, and a card that takes its place on the next one."""

    def __init__(self, connect: Callable[[], socket.socket], card: VirtualCard) -> None:
        self._connect = connect
        self._link = connect()
        self._card = card
        self._stopped = threading.Event()
        self.noticed = threading.Event()
        self.ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="virtual-card", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        with contextlib.suppress(OSError):
            self._link.shutdown(socket.SHUT_RDWR)
        self._thread.join()

    def _run(self) -> None:
        with contextlib.suppress(OSError, ServiceDown):
            while isinstance(reply := self._serve_until_out(), Exchange):
                self._card, self._link = reply.card, self._connect()
                if self._stopped.is_set():
                    break
        self._link.close()
        self.ended.set()

    def _serve_until_out(self) -> Reply | None:
        """Serve the card until it leaves; the reply with which it did, None when it was taken out."""
        with self._link, contextlib.suppress(OSError):
            while frame := self._receive(int.from_bytes(self._receive(2), "big")):
                if (reply := self._serve(frame)) is not None:
                    return reply
        return None

    def _serve(self, frame: bytes) -> Reply | None:
        """Act on one frame; the reply when the card leaves by it."""
        if len(frame) == 1:
            self._control(frame[0])
            return None
        reply = self._card.respond(frame)
        if isinstance(reply, Answer):
            self._stopped.wait(reply.delay)
            self._send(reply.data)
            return None
        return None if reply is Mishap.SILENT else reply

    def _control(self, code: int) -> None:
        if code in _RESET:
            self._card.reset()
        if code == _GIVE_ATR:
            self._send(self._card.atr)
            self.noticed.set()

    def _send(self, payload: bytes) -> None:
        self._link.sendall(len(payload).to_bytes(2, "big") + payload)

    def _receive(self, length: int) -> bytes:
        """Exactly `length` bytes, or none at the end of the connection."""
        got = b""
        while len(got) < length:
            self._link.setsockopt(socket.IPPROTO_TCP, socket.TCP_QUICKACK, 1)
            piece = self._link.recv(length - len(got))
            if not piece:
                return b""
            got += piece
        return got


def _connect(address: tuple[str, int], timeout: float) -> socket.socket:
    try:
        link = socket.create_connection(address, timeout)
    except OSError as error:
        raise ServiceDown("no virtual reader listens (pcscd with vsmartcard-vpcd)", port=address[1]) from error
    link.settimeout(None)
    link.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return link
