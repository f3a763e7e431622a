"""Emulated readers in this process: a `CardSource` into which a test or a demonstration puts cards.

Rules: it behaves as real readers do, watchdog included: one session at a time, a mute card really makes the session's
worker wait, a card that leaves ends its session for good, and a new card never answers an old session.
"""

import threading
from collections.abc import Callable, Mapping
from contextlib import closing
from functools import partial
from typing import TypeVar

from hardware.connection import CardConnection, RedactedConnection, Watch
from hardware.emulator.card import Answer, Exchange, Mishap, Reply, VirtualCard
from hardware.emulator.faults import make_card
from hardware.emulator.profiles import Profile
from hardware.errors import CardAbsent, CardMute, CardRemoved, CardSwapped, HardwareError, ReaderBusy, ReaderMissing
from hardware.events import ReaderEvent
from hardware.monitor import Monitor, SlotState
from hardware.watchdog import DEFAULT_SESSION, DEFAULT_TIMEOUT, InnerConnection, Patience, Roster

T = TypeVar("T")
READERS = ("Emulated 00 00", "Emulated 00 01")


class EmulatedSource:
    """Two emulated readers unless others are named.

    As for real readers, `timeout` is in seconds for one answer and `session` for a whole session.
    """

    def __init__(
        self, readers: tuple[str, ...] = READERS, timeout: float = DEFAULT_TIMEOUT, session: float = DEFAULT_SESSION
    ) -> None:
        self._bus = _Bus(readers)
        self._first = readers[0]
        self._roster = Roster(Patience(timeout, session))

    def insert(self, card: str | Profile | VirtualCard, *, fault: str | None = None, reader: str | None = None) -> None:
        """Put a card in (in place of the one there), by default in the first reader; see `make_card` for what it is."""
        self._bus.put(reader or self._first, make_card(card, fault))

    def remove(self, reader: str | None = None) -> None:
        """Take the card out, if there is one."""
        self._bus.put(reader or self._first, None)

    def plug(self, reader: str) -> None:
        """Add an empty reader."""
        self._bus.plug(reader)

    def unplug(self, reader: str) -> None:
        """Take a reader away with the card in it."""
        self._bus.unplug(reader)

    def readers(self) -> tuple[str, ...]:
        """See CardSource."""
        return tuple(sorted(self._bus.picture()))

    def open(self, reader: str) -> CardConnection:
        """See CardSource."""
        return RedactedConnection(_Session(self._bus, reader, self._roster))

    def read(self, reader: str, session: Callable[[CardConnection], T]) -> T:
        """See CardSource."""
        with closing(_Session(self._bus, reader, self._roster)) as opened:
            return opened.conduct(session)

    def watch(self, post: Callable[[ReaderEvent], None]) -> Watch:
        """See CardSource."""
        return Monitor(partial(_Feed, self._bus), post)


class _Slot:
    """One reader: its card, how often cards came and went, and whether a session holds it."""

    def __init__(self) -> None:
        self.card: VirtualCard | None = None
        self.counter = 0
        self.held = False

    def change(self, card: VirtualCard | None) -> None:
        self.counter += (self.card is not None) + (card is not None)
        self.card = card


class _Bus:
    """All readers behind one lock; `moved` is notified at every change."""

    def __init__(self, readers: tuple[str, ...]) -> None:
        self.moved = threading.Condition()
        self.version = 0
        self._slots = {reader: _Slot() for reader in readers}

    def picture(self) -> dict[str, SlotState]:
        with self.moved:
            return {
                reader: SlotState(slot.card is not None, slot.counter, slot.card.atr if slot.card else b"")
                for reader, slot in self._slots.items()
            }

    def slot(self, reader: str) -> _Slot:
        try:
            return self._slots[reader]
        except KeyError:
            raise ReaderMissing("no such emulated reader") from None

    def put(self, reader: str, card: VirtualCard | None) -> None:
        with self.moved:
            self.slot(reader).change(card)
            self.tell()

    def plug(self, reader: str) -> None:
        with self.moved:
            self._slots.setdefault(reader, _Slot())
            self.tell()

    def unplug(self, reader: str) -> None:
        with self.moved:
            self.slot(reader).change(None)
            del self._slots[reader]
            self.tell()

    def tell(self) -> None:
        self.version += 1
        self.moved.notify_all()


class _Session:
    """One session with the card in one slot (a CardConnection)."""

    def __init__(self, bus: _Bus, reader: str, roster: Roster) -> None:
        self._bus = bus
        self._slot: _Slot | None = None
        self._counter = 0
        self.atr = b""
        self._worker = roster.worker(reader, self._release)
        try:
            self._worker.run(partial(self._take, reader), ReaderBusy)
        except HardwareError:
            self._worker.finish()
            raise

    def transmit(self, apdu: bytes) -> bytes:
        return self._worker.run(partial(self._exchange, apdu), CardMute)

    def confirm(self) -> None:
        self._worker.run(self._card, CardMute)

    def conduct(self, session: Callable[[CardConnection], T]) -> T:
        inner = InnerConnection(self._worker, self.atr, self._exchange, self._card)
        return self._worker.run(partial(session, RedactedConnection(inner)), CardMute)

    def close(self) -> None:
        self._worker.finish()

    def _take(self, reader: str) -> None:
        with self._bus.moved:
            slot = self._bus.slot(reader)
            if slot.held:
                raise ReaderBusy("another session holds the reader")
            if slot.card is None:
                raise CardAbsent("the reader is empty")
            slot.card.reset()
            slot.held, self._slot = True, slot
            self._counter, self.atr = slot.counter, slot.card.atr

    def _exchange(self, apdu: bytes) -> bytes:
        with self._bus.moved:
            reply = self._card().respond(apdu)
            self._leave(reply)
            self._bus.moved.wait_for(self._moved, reply.delay if isinstance(reply, Answer) else None)
            self._card()
            return reply.data if isinstance(reply, Answer) else b""

    def _leave(self, reply: Reply) -> None:
        """Take the card out, or exchange it, when that is what it does instead of answering."""
        if self._slot and (reply is Mishap.PULLED or isinstance(reply, Exchange)):
            self._slot.change(reply.card if isinstance(reply, Exchange) else None)
            self._bus.tell()

    def _moved(self) -> bool:
        return self._slot is None or self._slot.counter != self._counter

    def _card(self) -> VirtualCard:
        with self._bus.moved:
            if self._slot is None or self._slot.card is None:
                raise CardRemoved("the card left")
            if self._moved():
                raise CardSwapped("another card came", reason="event_counter")
            return self._slot.card

    def _release(self) -> None:
        with self._bus.moved:
            if self._slot:
                self._slot.held = False


class _Feed:
    """Pictures of the emulated readers."""

    def __init__(self, bus: _Bus) -> None:
        self._bus = bus
        self._seen = -1
        self._cancelled = False

    def wait(self) -> Mapping[str, SlotState]:
        with self._bus.moved:
            self._bus.moved.wait_for(lambda: self._cancelled or self._bus.version != self._seen)
            self._seen = self._bus.version
            return self._bus.picture()

    def cancel(self) -> None:
        with self._bus.moved:
            self._cancelled = True
            self._bus.moved.notify_all()

    def close(self) -> None:
        """Nothing is held."""
