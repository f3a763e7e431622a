"""What the hardware tests share: an emulated reader, and cards that say whatever a test wants."""

from collections.abc import Callable, Iterable
from contextlib import closing

import pytest

from hardware import VitaleRecord, read_vitale
from hardware.emulator import EmulatedSource
from hardware.emulator.card import Answer, Reply, VirtualCard

VITALE_2_ATR = bytes.fromhex("3B75130000 4709EA9000")


class ScriptedCard:
    """A card that gives these answers in turn, then 6F00 for ever, and remembers what it was sent."""

    def __init__(self, answers: Iterable[bytes], atr: bytes = VITALE_2_ATR) -> None:
        self.atr = atr
        self.heard: list[bytes] = []
        self._answers = iter(answers)

    def reset(self) -> None:
        """The script goes on."""

    def respond(self, apdu: bytes) -> Reply:
        """The next answer."""
        self.heard.append(apdu)
        return Answer(next(self._answers, b"\x6f\x00"))


@pytest.fixture(scope="session")
def scripted() -> type[ScriptedCard]:
    """The class of cards that follow a script."""
    return ScriptedCard


@pytest.fixture(scope="session")
def read_card() -> Callable[[VirtualCard | str], VitaleRecord]:
    """A function that reads a card through an emulated reader, in one session."""

    def read(card: VirtualCard | str) -> VitaleRecord:
        source = EmulatedSource()
        source.insert(card)
        with closing(source.open(source.readers()[0])) as connection:
            return read_vitale(connection)

    return read
