"""What the counter knows of its reader, event after event."""

import pytest

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
from terminal.tui.card_slot import CardSlot, Slot


def after(slot: CardSlot, *events: ReaderEvent) -> list[bool]:
    """What each event answers."""
    return [slot.apply(event) for event in events]


def test_a_card_comes_and_goes() -> None:
    """Empty, waiting, read, to hand back, empty; what comes too late changes nothing."""
    slot = CardSlot()
    seen = [slot.state]
    assert after(slot, ReaderAdded("A"), CardInserted("A", CardKind.VITALE_2)) == [False, True]
    seen.append(slot.state)
    for state in (Slot.READ, Slot.HAND_BACK):
        slot.became(state)
        seen.append(slot.state)
    after(slot, CardWithdrawn("A"))
    slot.became(Slot.READ)
    assert [*seen, slot.state] == [Slot.NO_READER, Slot.WAITING, Slot.READ, Slot.HAND_BACK, Slot.EMPTY]


def test_a_professional_card_is_no_patient_card() -> None:
    """It opens nothing; an unknown card is read, so that somebody is told."""
    slot = CardSlot()
    assert after(slot, ReaderAdded("A"), CardInserted("A", CardKind.CPS)) == [False, False]
    assert slot.state is Slot.EMPTY
    assert after(slot, CardInserted("A", CardKind.UNKNOWN)) == [True]


def test_only_the_named_reader_counts() -> None:
    """A part of its name is enough."""
    slot = CardSlot(wanted="Vitale")
    assert after(slot, ReaderAdded("CPS 00"), CardInserted("CPS 00", CardKind.VITALE_2)) == [False, False]
    assert slot.state is Slot.NO_READER
    assert after(slot, ReaderAdded("Vitale 00"), CardInserted("Vitale 00", CardKind.VITALE_2)) == [False, True]


@pytest.mark.parametrize("loss", [ReaderGone("A"), ServiceLost()])
def test_a_lost_reader_is_said_and_comes_back(loss: ReaderEvent) -> None:
    """Unplugged, or its service gone."""
    slot = CardSlot()
    after(slot, ReaderAdded("A"), CardInserted("A", CardKind.VITALE_2), loss)
    assert (slot.reader, slot.state) == (None, Slot.NO_READER)
    after(slot, ServiceBack(), ReaderAdded("A"))
    assert (slot.reader, slot.state) == ("A", Slot.EMPTY)


def test_another_reader_does_not_disturb_the_card_in_use() -> None:
    """Its coming and its cards' going are its own."""
    slot = CardSlot()
    after(
        slot,
        ReaderAdded("A"),
        CardInserted("A", CardKind.VITALE_2),
        ReaderAdded("B"),
        CardWithdrawn("B"),
        ReaderGone("B"),
    )
    assert (slot.reader, slot.state) == ("A", Slot.WAITING)
