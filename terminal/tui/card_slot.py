"""What is in the card reader, as the counter needs to know it.

Rules: pure; fed with the readers' events in order; it knows states, never a person. A card that came while the
counter was busy waits: nothing is read from it before somebody asks.
"""

from dataclasses import dataclass
from enum import Enum, auto

from hardware import (
    CardInserted,
    CardKind,
    CardWithdrawn,
    ReaderAdded,
    ReaderEvent,
    ReaderGone,
    ServiceBack,
    ServiceLost,
)


class Slot(Enum):
    """WAITING: inserted and not read; HAND_BACK: its claim is registered, the card may leave."""

    NO_READER = auto()
    EMPTY = auto()
    WAITING = auto()
    READING = auto()
    READ = auto()
    FAILED = auto()
    HAND_BACK = auto()


@dataclass(slots=True)
class CardSlot:
    """The slot of one reader: the one that `wanted` names (a part is enough), else the first with a card."""

    wanted: str | None = None
    reader: str | None = None
    state: Slot = Slot.NO_READER

    def apply(self, event: ReaderEvent) -> bool:
        """Take one event; True when a card of a patient has just been inserted."""
        match event:
            case CardInserted(reader, kind) if self._is_ours(reader) and kind is not CardKind.CPS:
                self.reader, self.state = reader, Slot.WAITING
                return True
            case CardWithdrawn(reader) if reader == self.reader:
                self.state = Slot.EMPTY
            case ReaderAdded(reader) if self._is_ours(reader) and self.state is Slot.NO_READER:
                self.reader, self.state = reader, Slot.EMPTY
            case ReaderGone(reader) if reader == self.reader:
                self.reader, self.state = None, Slot.NO_READER
            case ServiceLost():
                self.reader, self.state = None, Slot.NO_READER
            case ServiceBack() | _:
                pass
        return False

    def became(self, state: Slot) -> None:
        """Note what happened to the card, unless it has left meanwhile."""
        if self.state not in (Slot.EMPTY, Slot.NO_READER):
            self.state = state

    def _is_ours(self, reader: str) -> bool:
        return self.wanted is None or self.wanted in reader
