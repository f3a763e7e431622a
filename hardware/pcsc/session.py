"""One session with one card through PC/SC.

Rules (each learnt from a measured failure): every session has its own context and connection, in its own thread, and
always releases them (the service allows 200). A session is exclusive where possible; otherwise shared, inside a
transaction. The card is left as it is, and the service powers it down five seconds later: told to power down or to
reset a card that has just been pulled, pcscd 1.9.9 forgets its removal, and a card put in before its next look (0.4
s) is never announced (measured: one exchange in some hundred). So a driver selects whatever it reads. Nothing is
tried twice: after "transaction failed" the next APDU may reach another person's card. An answer without a status word
is a card that left. Calls that block for ever (mute card, another program's transaction, a frozen service) are
watched.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from smartcard import scard

from hardware.connection import CardConnection, RedactedConnection
from hardware.errors import CardAbsent, CardMute, CardRemoved, CardSwapped, HardwareError, ReaderBusy, ServiceDown
from hardware.monitor import SlotState
from hardware.pcsc.calls import call, establish, release
from hardware.pcsc.feed import slot_state
from hardware.watchdog import InnerConnection, Roster

T = TypeVar("T")
_PROTOCOLS: Final = scard.SCARD_PROTOCOL_T0 | scard.SCARD_PROTOCOL_T1


@dataclass
class _Handles:
    """What a session holds in the service; touched by the session's worker alone."""

    context: int | None = None
    card: int | None = None
    protocol: int = 0
    shared: bool = False
    counter: int = 0
    atr: bytes = b""


class Session:
    """One card session (a CardConnection). Public calls come from one thread and are run by the worker."""

    def __init__(self, reader: str, roster: Roster) -> None:
        self._reader = reader
        self._held = _Handles()
        self._worker = roster.worker(reader, self._release)

    def begin(self) -> None:
        """Take reader and card. Raises what CardSource.open raises."""
        try:
            self._worker.run(self._begin, ServiceDown)
        except HardwareError:
            self._worker.finish()
            raise

    @property
    def atr(self) -> bytes:
        """See CardConnection."""
        return self._held.atr

    def transmit(self, apdu: bytes) -> bytes:
        """See CardConnection."""
        return self._worker.run(partial(self._exchange, apdu), CardMute)

    def confirm(self) -> None:
        """See CardConnection."""
        self._worker.run(self._compare, CardMute)

    def conduct(self, session: Callable[[CardConnection], T]) -> T:
        """The whole of CardSource.read, as one call of the worker."""
        return self._worker.run(partial(self._conduct, session), ServiceDown)

    def close(self) -> None:
        """See CardConnection."""
        self._worker.finish()

    def _conduct(self, session: Callable[[CardConnection], T]) -> T:
        self._begin()
        return session(RedactedConnection(InnerConnection(self._worker, self.atr, self._exchange, self._compare)))

    def _begin(self) -> None:
        held = self._held
        held.context = establish()
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
        state = slot_state(*states[0][1:])
        if not state.present:
            raise (CardRemoved if self._held.card else CardAbsent)("the reader is empty")
        return state

    def _release(self) -> None:
        if self._held.card is not None and self._held.shared:
            scard.SCardEndTransaction(self._held.card, scard.SCARD_LEAVE_CARD)
        release(self._held.context, self._held.card)
