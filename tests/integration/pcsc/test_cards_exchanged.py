"""Cards put in, pulled and exchanged while somebody reads without pause: never two holders in one record.

Rules: both cards have one answer to reset, so only the driver can tell them apart, and they are exchanged faster than
the service looks (0.4 s). The order is drawn, from a fixed seed; every wait is for a reading. `make soak` exchanges
them 200 times.
"""

import random
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from hardware import HardwareError, VitalePerson
from hardware.emulator import Profile, VirtualReader, load_profile
from tests.pcscd_fixture import PATIENCE, Bench
from tests.volume import volume

pytestmark = pytest.mark.pcsc
EXCHANGES = volume(30, 200)
COMMANDS = 9
"""Commands of one reading; a card may leave at any of them."""
CODES = {"card_absent", "card_removed", "card_swapped", "card_mute", "card_invalid", "reader_busy"}
FIRST = load_profile("simple")
SECOND = replace(load_profile("corse"), atr=FIRST.atr)
People = tuple[VitalePerson, ...]


class Reading:
    """Reads the card in the reader again and again, in a thread; what came of each reading, in order."""

    def __init__(self, bench: Bench) -> None:
        self.people: Counter[People] = Counter()
        self.codes: Counter[str] = Counter()
        self.unforeseen: list[BaseException] = []
        self._bench = bench
        self._ended = threading.Event()
        self._moved = threading.Condition()
        self._last: People | None = None
        self.thread = threading.Thread(target=self._run, daemon=True)

    def saw(self, people: People) -> bool:
        """Wait until a reading that began after this call gives these people; whether one did in time."""
        with self._moved:
            self._last = None
            return self._moved.wait_for(lambda: self._last == people, PATIENCE)

    def end(self) -> bool:
        """Whether the thread ended when it was told to."""
        self._ended.set()
        self.thread.join(PATIENCE)
        return not self.thread.is_alive()

    def _run(self) -> None:
        while not self._ended.is_set():
            try:
                self._note(self._bench.read().people)
            except HardwareError as error:
                self.codes[error.code] += 1
            except BaseException as error:
                self.unforeseen.append(error)

    def _note(self, people: People) -> None:
        with self._moved:
            self.people[people] += 1
            self._last = people
            self._moved.notify_all()


@contextmanager
def _reading(bench: Bench) -> Iterator[Reading]:
    reading = Reading(bench)
    reading.thread.start()
    try:
        yield reading
    finally:
        reading.end()


def _insert_other(tray: VirtualReader, _present: Profile, other: Profile, _command: int) -> None:
    tray.insert(other)


def _pull_and_insert(tray: VirtualReader, _present: Profile, other: Profile, _command: int) -> None:
    tray.remove()
    tray.insert(other)


def _pull_at_a_command(tray: VirtualReader, present: Profile, other: Profile, command: int) -> None:
    tray.insert(present, fault=f"pulled:{command}")
    assert tray.join(PATIENCE)
    tray.insert(other)


def _swap_at_a_command(tray: VirtualReader, present: Profile, _other: Profile, command: int) -> None:
    """The stranger that comes in place of one of the two is the other."""
    tray.insert(present, fault=f"swapped:{command}")


WAYS = (_insert_other, _pull_and_insert, _pull_at_a_command, _swap_at_a_command)
IN_A_READING = (_pull_at_a_command, _swap_at_a_command)


def test_exchanged_cards_never_make_one_record(virtual_bench: Bench) -> None:
    """Each reading is one holder's whole record or a coded error, every card is read in the end, and nothing hangs."""
    draw = random.Random(20261121)
    ways = [draw.choice(WAYS) for _ in range(EXCHANGES)]
    with _reading(virtual_bench) as reading:
        for number, way in enumerate(ways):
            present, other = (FIRST, SECOND) if number % 2 else (SECOND, FIRST)
            assert isinstance(virtual_bench.tray, VirtualReader)
            way(virtual_bench.tray, present, other, draw.randint(1, COMMANDS))
            assert reading.saw(other.holders), f"card {number} was not read: {reading.codes}"
        assert reading.end()
    sys.stdout.write(f"{reading.people.total()} records, errors {dict(reading.codes)}\n")
    assert reading.unforeseen == []
    assert set(reading.people) == {FIRST.holders, SECOND.holders}
    assert set(reading.codes) <= CODES
    assert reading.codes["card_removed"] + reading.codes["card_swapped"] >= sum(way in IN_A_READING for way in ways)


@pytest.mark.parametrize("command", range(1, COMMANDS + 1))
def test_a_card_exchanged_at_a_command_is_never_half_read(command: int, virtual_bench: Bench) -> None:
    """Exchanged by its fault at any command of the reading: a coded error, then the other holder's record, whole."""
    virtual_bench.insert("simple", fault=f"swapped:{command}")
    with pytest.raises(HardwareError) as caught:
        virtual_bench.read()
    assert caught.value.code in {"card_removed", "card_swapped"}
    with _reading(virtual_bench) as reading:
        assert reading.saw(SECOND.holders)
    assert set(reading.people) == {SECOND.holders}
