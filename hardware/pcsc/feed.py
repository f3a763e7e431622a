"""Who is in which reader, asked of PC/SC again and again.

Rules: a look that takes longer than it may (a frozen service) is ServiceDown, and no other look begins before it ends;
its thread ends, and releases its context, when the service moves again or dies. Looking again every two seconds is
what tells a frozen service from one that has nothing to say.
"""

from collections.abc import Mapping
from typing import Final

from smartcard import scard

from hardware.errors import HardwareError, ServiceDown
from hardware.monitor import SlotState
from hardware.pcsc.calls import error_of, establish, reader_names, release
from hardware.watchdog import Roster

LOOK_AGAIN_MS: Final = 2_000
"""How long a look waits for a change; PC/SC tells of one at once."""
PNP: Final = "\\\\?PnP?\\Notification"
_NAME: Final = "watch"
_LOOKED = (scard.SCARD_S_SUCCESS, scard.SCARD_E_TIMEOUT, scard.SCARD_E_CANCELLED, scard.SCARD_E_UNKNOWN_READER)
_NOT_THERE = scard.SCARD_STATE_UNKNOWN | scard.SCARD_STATE_UNAVAILABLE | scard.SCARD_STATE_IGNORE


class Feed:
    """Pictures of all readers, by SCardGetStatusChange with the notification of readers plugged in or out.

    `roster` is one watch's own; its patience for an answer is above LOOK_AGAIN_MS, for a session without end.
    """

    def __init__(self, roster: Roster) -> None:
        self._words: dict[str, int] = {}
        self._context: int | None = None
        self._worker = roster.worker(_NAME, self._release)
        try:
            self._worker.run(self._establish, ServiceDown)
        except HardwareError:
            self._worker.finish()
            raise

    def wait(self) -> Mapping[str, SlotState]:
        """See StatusFeed."""
        return self._worker.run(self._look, ServiceDown)

    def cancel(self) -> None:
        """See StatusFeed."""
        if self._context is not None:
            scard.SCardCancel(self._context)

    def close(self) -> None:
        """See StatusFeed."""
        self._worker.finish()

    def _establish(self) -> None:
        self._context = establish()

    def _release(self) -> None:
        release(self._context)

    def _look(self) -> Mapping[str, SlotState]:
        assert self._context is not None
        readers = reader_names(self._context)
        known = [(name, self._words.get(name, scard.SCARD_STATE_UNAWARE)) for name in readers]
        states = self._changes([*known, (PNP, len(readers) << 16)])
        there = [state for state in states if state[0] != PNP and not state[1] & _NOT_THERE]
        self._words = {name: word & ~scard.SCARD_STATE_CHANGED for name, word, _ in there}
        return {name: slot_state(word, atr) for name, word, atr in there}

    def _changes(self, known: list[tuple[str, int]]) -> list[tuple[str, int, list[int]]]:
        result, states = scard.SCardGetStatusChange(self._context, LOOK_AGAIN_MS, known)
        if result not in _LOOKED:
            raise error_of(result)
        return list(states)


def slot_state(word: int, atr: list[int]) -> SlotState:
    """One reader as SCardGetStatusChange tells it: the upper half of the word counts insertions and removals."""
    return SlotState(bool(word & scard.SCARD_STATE_PRESENT), word >> 16, bytes(atr))
