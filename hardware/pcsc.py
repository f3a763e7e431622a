"""Real readers through PC/SC: the only importer of pyscard.

Rules (each learnt from a measured failure): every session has its own context and connection, in its own thread, and
always releases them (the service allows 200). A session is exclusive where possible; otherwise shared, inside a
transaction, and the card stays powered for the others. A card that failed is not powered down either: pcscd 1.9.9
would forget its removal and not announce the next card. Nothing is tried twice: after "transaction failed" the next
APDU may reach another person's card. An answer without a status word is a card that left. Calls that block for ever
(mute card, another program's transaction, a frozen service) are watched. pyscard has two unrelated families of
exceptions and the low-level calls have result codes: all end in the tree of `hardware.errors`.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from smartcard import scard
from smartcard.Exceptions import SmartcardException
from smartcard.pcsc.PCSCExceptions import BaseSCardException

from hardware.connection import CardConnection, RedactedConnection, Watch
from hardware.errors import (
    CardAbsent,
    CardMute,
    CardRemoved,
    CardSwapped,
    CardUnknown,
    HardwareError,
    ReaderBusy,
    ReaderFault,
    ReaderMissing,
    ServiceDown,
)
from hardware.events import ReaderEvent
from hardware.monitor import Monitor, SlotState
from hardware.watchdog import DEFAULT_SESSION, DEFAULT_TIMEOUT, InnerConnection, Patience, Roster

PNP = "\\\\?PnP?\\Notification"
SERVICE = ""
"""The service's own name in the roster; no reader has it."""
T = TypeVar("T")
LOOK_AGAIN_MS = 10_000
_LOOKED = (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED, scard.SCARD_E_UNKNOWN_READER)
_NOT_THERE = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE
_PROTOCOLS = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1
_ERRORS: dict[int, type[HardwareError]] = {
    scard.SCARD_E_NO_SMARTCARD: CardAbsent,
    scard.SCARD_W_REMOVED_CARD: CardRemoved,
    scard.SCARD_E_NOT_TRANSACTED: CardRemoved,
    scard.SCARD_W_RESET_CARD: CardSwapped,
    scard.SCARD_W_UNRESPONSIVE_CARD: CardMute,
    scard.SCARD_W_UNPOWERED_CARD: CardMute,
    scard.SCARD_W_UNSUPPORTED_CARD: CardUnknown,
    scard.SCARD_E_PROTO_MISMATCH: CardUnknown,
    scard.SCARD_E_SHARING_VIOLATION: ReaderBusy,
    scard.SCARD_E_UNKNOWN_READER: ReaderMissing,
    scard.SCARD_E_READER_UNAVAILABLE: ReaderMissing,
    scard.SCARD_E_NO_READERS_AVAILABLE: ReaderMissing,
    scard.SCARD_E_NO_SERVICE: ServiceDown,
    scard.SCARD_E_SERVICE_STOPPED: ServiceDown,
    scard.SCARD_E_INVALID_HANDLE: ServiceDown,
    scard.SCARD_F_COMM_ERROR: ServiceDown,
    scard.SCARD_W_SECURITY_VIOLATION: ServiceDown,
}


def error_of(result: int) -> HardwareError:
    """The error that a PC/SC result code stands for, signed or unsigned; ReaderFault when it is none of ours."""
    code = result & 0xFFFFFFFF
    return _ERRORS.get(code, ReaderFault)("PC/SC refused", result=f"{code:08X}")


def call(function: Callable[..., Any], *arguments: object) -> list[Any]:
    """What a low-level call returns after its result code; the error of that code unless it is success."""
    try:
        answer = function(*arguments)
    except (SmartcardException, BaseSCardException, scard.error) as error:
        raise error_of(getattr(error, "hresult", 0)) from error
    result, *values = answer if isinstance(answer, list) else [answer]
    if result != scard.SCARD_S_SUCCESS:
        raise error_of(result)
    return values


class PcscSource:
    """The readers of this machine.

    `timeout`: seconds a card may take for one answer before it counts as mute, and the service before it counts as
    down; `session`: seconds for a whole session.
    """

    def __init__(self, timeout: float = DEFAULT_TIMEOUT, session: float = DEFAULT_SESSION) -> None:
        self._roster = Roster(Patience(timeout, session))

    def readers(self) -> tuple[str, ...]:
        """See CardSource."""
        worker = self._roster.worker(SERVICE, lambda: None)
        try:
            return worker.run(_look_for_readers, ServiceDown)
        finally:
            worker.finish()

    def open(self, reader: str) -> CardConnection:
        """See CardSource. An earlier session's error is raised again while its overdue call is pending."""
        session = _Session(reader, self._roster)
        session.begin()
        return RedactedConnection(session)

    def read(self, reader: str, session: Callable[[CardConnection], T]) -> T:
        """See CardSource."""
        with closing(_Session(reader, self._roster)) as opened:
            return opened.conduct(session)

    def watch(self, post: Callable[[ReaderEvent], None]) -> Watch:
        """See CardSource. The watch survives the end and the restart of the service."""
        return Monitor(_Feed, post)


@dataclass
class _Handles:
    """What a session holds in the service; touched by the session's worker alone."""

    context: int | None = None
    card: int | None = None
    protocol: int = 0
    shared: bool = False
    counter: int = 0
    atr: bytes = b""


class _Session:
    """One card session (a CardConnection). Public calls come from one thread and are run by the worker."""

    def __init__(self, reader: str, roster: Roster) -> None:
        self._reader = reader
        self._held = _Handles()
        self._worker = roster.worker(reader, self._release)

    def begin(self) -> None:
        try:
            self._worker.run(self._begin, ServiceDown)
        except HardwareError:
            self._worker.finish()
            raise

    @property
    def atr(self) -> bytes:
        return self._held.atr

    def transmit(self, apdu: bytes) -> bytes:
        return self._worker.run(partial(self._exchange, apdu), CardMute)

    def confirm(self) -> None:
        self._worker.run(self._compare, CardMute)

    def conduct(self, session: Callable[[CardConnection], T]) -> T:
        return self._worker.run(partial(self._conduct, session), ServiceDown)

    def close(self) -> None:
        self._worker.finish()

    def _conduct(self, session: Callable[[CardConnection], T]) -> T:
        self._begin()
        return session(RedactedConnection(InnerConnection(self._worker, self.atr, self._exchange, self._compare)))

    def _begin(self) -> None:
        held = self._held
        (held.context,) = call(scard.SCardEstablishContext, scard.SCARD_SCOPE_SYSTEM)
        held.counter = self._look().counter
        self._worker.beat(ReaderBusy)
        held.card, held.protocol = self._take()
        if held.shared:
            call(scard.SCardBeginTransaction, held.card)
        *_, atr = call(scard.SCardStatus, held.card)
        held.atr = bytes(atr)

    def _take(self) -> tuple[int, int]:
        connect = partial(call, scard.SCardConnect, self._held.context, self._reader)
        try:
            card, protocol = connect(scard.SCARD_SHARE_EXCLUSIVE, _PROTOCOLS)
        except ReaderBusy:
            card, protocol = connect(scard.SCARD_SHARE_SHARED, _PROTOCOLS)
            self._held.shared = True
        return card, protocol

    def _exchange(self, apdu: bytes) -> bytes:
        (answer,) = call(scard.SCardTransmit, self._held.card, self._held.protocol, list(apdu))
        if len(answer) < 2:
            raise CardRemoved("the card gave no answer", reason="no_answer")
        return bytes(answer)

    def _compare(self) -> None:
        if self._look().counter != self._held.counter:
            raise CardSwapped("the reader saw the card leave", reason="event_counter")
        call(scard.SCardStatus, self._held.card)

    def _look(self) -> SlotState:
        (states,) = call(scard.SCardGetStatusChange, self._held.context, 0, [(self._reader, scard.SCARD_STATE_UNAWARE)])
        state = _slot_state(*states[0][1:])
        if not state.present:
            raise (CardRemoved if self._held.card else CardAbsent)("the reader is empty")
        return state

    def _release(self) -> None:
        if self._held.card is not None:
            if self._held.shared:
                scard.SCardEndTransaction(self._held.card, scard.SCARD_LEAVE_CARD)
            leave = self._held.shared or self._worker.failed
            scard.SCardDisconnect(self._held.card, scard.SCARD_LEAVE_CARD if leave else scard.SCARD_UNPOWER_CARD)
        if self._held.context is not None:
            scard.SCardReleaseContext(self._held.context)


class _Feed:
    """Pictures of all readers, by SCardGetStatusChange with the notification of readers plugged in or out."""

    def __init__(self) -> None:
        self._words: dict[str, int] = {}
        (self._context,) = call(scard.SCardEstablishContext, scard.SCARD_SCOPE_SYSTEM)

    def wait(self) -> Mapping[str, SlotState]:
        readers = _reader_names(self._context)
        known = [(name, self._words.get(name, scard.SCARD_STATE_UNAWARE)) for name in readers]
        states = self._changes([*known, (PNP, len(readers) << 16)])
        there = [state for state in states if state[0] != PNP and not state[1] & _NOT_THERE]
        self._words = {name: word & ~scard.SCARD_STATE_CHANGED for name, word, _ in there}
        return {name: _slot_state(word, atr) for name, word, atr in there}

    def cancel(self) -> None:
        scard.SCardCancel(self._context)

    def close(self) -> None:
        scard.SCardReleaseContext(self._context)

    def _changes(self, known: list[tuple[str, int]]) -> list[tuple[str, int, list[int]]]:
        result, states = scard.SCardGetStatusChange(self._context, LOOK_AGAIN_MS, known)
        if result not in _LOOKED:
            raise error_of(result)
        return list(states)


def _look_for_readers() -> tuple[str, ...]:
    (context,) = call(scard.SCardEstablishContext, scard.SCARD_SCOPE_SYSTEM)
    try:
        return _reader_names(context)
    finally:
        scard.SCardReleaseContext(context)


def _reader_names(context: int) -> tuple[str, ...]:
    try:
        (names,) = call(scard.SCardListReaders, context, [])
    except ReaderMissing:
        return ()
    return tuple(sorted(names))


def _slot_state(word: int, atr: list[int]) -> SlotState:
    return SlotState(bool(word & scard.SCARD_STATE_PRESENT), word >> 16, bytes(atr))
