"""What happens at the readers, as values.

Rules: an event names a reader and a kind of card, never a person. Events are facts in the order in which they were
seen; two cards exchanged between two looks give a withdrawal and an insertion.
"""

from dataclasses import dataclass

from hardware.atr import CardKind


@dataclass(frozen=True)
class ReaderAdded:
    """A reader was plugged in, or was there when the watch began."""

    reader: str


@dataclass(frozen=True)
class ReaderGone:
    """A reader was unplugged, or the service that drives it is gone."""

    reader: str


@dataclass(frozen=True)
class CardInserted:
    """A card is in the reader; its role is decided by `kind`, never by the reader's name or slot."""

    reader: str
    kind: CardKind


@dataclass(frozen=True)
class CardWithdrawn:
    """The card is no longer in the reader."""

    reader: str


@dataclass(frozen=True)
class ServiceLost:
    """The PC/SC service does not answer; the watch goes on and will say when it is back."""


@dataclass(frozen=True)
class ServiceBack:
    """The PC/SC service answers again; the readers and cards follow as new events."""


ReaderEvent = ReaderAdded | ReaderGone | CardInserted | CardWithdrawn | ServiceLost | ServiceBack
