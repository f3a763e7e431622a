"""What a reader, a card and a watch look like to the rest of the program, and the only log of card traffic.

Rules: drivers speak to these Protocols and never choose an implementation. A session reads one card and dies with its
first error: there is no retry of an APDU, because between two tries the card may be another person's. Traffic is
logged by lengths, instruction and status word; contents never reach a log.
"""

import logging
from collections.abc import Callable
from typing import Protocol, TypeVar

from hardware.events import ReaderEvent

_log = logging.getLogger("hardware.traffic")
T = TypeVar("T")


class CardConnection(Protocol):
    """One session with one card. For one thread at a time; always closed by whoever opened it."""

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""

    def transmit(self, apdu: bytes) -> bytes:
        """Send one command; data and status word come back. Raises CardRemoved, CardSwapped, CardMute, ReaderError."""

    def confirm(self) -> None:
        """Raise CardRemoved or CardSwapped unless the card of `open` has been in the reader ever since."""

    def close(self) -> None:
        """Release card and reader. Never raises; closing twice is allowed."""


class Watch(Protocol):
    """A running watch over the readers."""

    def stop(self) -> None:
        """End it; no event is posted after this returns (when called from another thread than the watch's own)."""


class CardSource(Protocol):
    """Where cards come from: real readers, or emulated ones."""

    def readers(self) -> tuple[str, ...]:
        """Names of the readers present, sorted; ServiceDown when nobody can tell."""

    def open(self, reader: str) -> CardConnection:
        """Begin a session.

        Raises ReaderMissing, ReaderBusy, CardAbsent, CardMute, ServiceDown or another ReaderError.
        """

    def read(self, reader: str, session: Callable[[CardConnection], T]) -> T:
        """What `session` (read_vitale, read_egk) returns or raises, in a session opened and closed for it.

        It runs in a thread of the source and is given up like any session; raises what `open` raises too.
        """

    def watch(self, post: Callable[[ReaderEvent], None]) -> Watch:
        """Call `post` from a thread with what is there and with every change after that, until stopped."""


class RedactedConnection:
    """A connection that logs its traffic without contents, at DEBUG under `hardware.traffic`."""

    def __init__(self, inner: CardConnection) -> None:
        self._inner = inner

    @property
    def atr(self) -> bytes:
        """The card's answer to reset."""
        return self._inner.atr

    def transmit(self, apdu: bytes) -> bytes:
        """Send one command and log instruction, lengths and status word."""
        answer = self._inner.transmit(apdu)
        if not _log.isEnabledFor(logging.DEBUG):
            return answer
        _log.debug("ins %s, %d bytes out, %d in, sw %s", apdu[1:2].hex(), len(apdu), len(answer), answer[-2:].hex())
        return answer

    def confirm(self) -> None:
        """See CardConnection."""
        self._inner.confirm()

    def close(self) -> None:
        """See CardConnection."""
        self._inner.close()
