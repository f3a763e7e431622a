"""The PC/SC service killed in the middle of readings, and thousands of readings: nothing is lost and nothing grows.

Rules: only a service that this run started is killed. `COMPTOIR_SOAK=1` (`make soak`) does the full numbers; otherwise
there are fewer. What is counted is of this process and of the service; memory is what the system says is resident.
"""

import gc
import os
import re
import signal
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from hardware import CardInserted, CardWithdrawn, HardwareError, ReaderAdded, ServiceBack, ServiceLost
from hardware.emulator import VirtualReader, load_profile, make_card
from hardware.emulator.card import Reply, VirtualCard
from hardware.pcsc import PcscSource
from tests.pcscd_fixture import Bench, Events, Pcscd, watching
from tests.volume import volume

pytestmark = pytest.mark.pcsc
KILLS = volume(5, 20)
WARM_UP = 200
READINGS = volume(300, 5000)
GROWTH_KIB = 4096
"""Resident memory that all readings together may add; one reading that kept its record would add more in the soak."""
STILL_ENDING = 2
"""Threads and descriptors that the last session may still hold for a moment; thousands of readings would show more."""
COMMANDS = 9
PEOPLE = load_profile("simple").holders


class Fatal:
    """A card that has something done instead of answering one command, and answers it then."""

    def __init__(self, card: VirtualCard, number: int, deed: Callable[[], None]) -> None:
        self.atr = card.atr
        self._card = card
        self._left = number
        self._deed = deed

    def reset(self) -> None:
        """See VirtualCard."""
        self._card.reset()

    def respond(self, apdu: bytes) -> Reply:
        """See VirtualCard."""
        self._left -= 1
        if self._left == 0:
            self._deed()
        return self._card.respond(apdu)


@dataclass(frozen=True)
class Held:
    """What a process holds: open descriptors, threads, and resident memory in KiB."""

    descriptors: int
    threads: int
    resident: int

    @classmethod
    def by(cls, pid: int) -> "Held":
        """What the process with this number holds now."""
        status = Path(f"/proc/{pid}/status").read_text("ascii")
        threads, resident = (re.search(rf"{name}:\s+(\d+)", status) for name in ("Threads", "VmRSS"))
        assert threads
        assert resident
        return cls(len(list(Path(f"/proc/{pid}/fd").iterdir())), int(threads[1]), int(resident[1]))

    def is_about(self, before: "Held") -> bool:
        """Whether this is no more than `before`, but for what a session that just ended still gives back."""
        grown = self.descriptors - before.descriptors, self.threads - before.threads
        return max(grown) <= STILL_ENDING and self.resident - before.resident < GROWTH_KIB


def _ours() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate())


def _killed_while_reading(service: Pcscd, bench: Bench, events: Events, command: int) -> str:
    """Kill the service at this command of a reading, start it again; the reading's code."""
    card = Fatal(make_card("simple"), command, lambda: service.end(signal.SIGKILL))
    bench.tray.insert(card)
    events.until(CardInserted)
    with pytest.raises(HardwareError) as caught:
        bench.read()
    events.until(ServiceLost())
    bench.tray.remove()
    service.start()
    seen = events.until(ReaderAdded(bench.reader))
    assert ServiceBack() in seen
    return caught.value.code


def test_a_service_killed_in_readings_comes_back_each_time(own_service: Pcscd) -> None:
    """Killed at any command: a coded error, down and back in the watch, the next card read, no thread left behind."""
    source, tray = PcscSource(), VirtualReader()
    codes, held, threads = [], [], []
    with watching(source) as events:
        events.until(ReaderAdded(tray.reader))
        bench = Bench(source, tray, tray.reader, events)
        for number in range(KILLS):
            codes.append(_killed_while_reading(own_service, bench, events, 1 + number % COMMANDS))
            tray.insert("simple")
            events.until(CardInserted)
            assert bench.read().people == PEOPLE
            tray.remove()
            events.until(CardWithdrawn(tray.reader))
            gc.collect()
            held.append(Held.by(os.getpid()))
            threads.append(_ours())
    sys.stdout.write(f"{KILLS} kills: {set(codes)}; {held[0]} -> {held[-1]}\n")
    assert set(codes) <= {"pcsc_unavailable", "card_removed"}
    assert held[-1].is_about(held[0])
    assert threads == [threads[0]] * KILLS


def test_readings_leave_nothing_behind(virtual_bench: Bench, pcscd: Pcscd) -> None:
    """Descriptors and threads are the same after thousands of readings, and memory grows by less than a bound."""
    virtual_bench.insert("simple")
    watched = [os.getpid(), *([pcscd.pid] if pcscd.owned else [])]
    for _ in range(WARM_UP):
        assert virtual_bench.read().people == PEOPLE
    before, threads = [Held.by(pid) for pid in watched], _ours()
    for _ in range(READINGS):
        assert virtual_bench.read().people == PEOPLE
    after = [Held.by(pid) for pid in watched]
    sys.stdout.write(f"{READINGS} readings: {before} -> {after}\n")
    assert all(new.is_about(old) for new, old in zip(after, before, strict=True))
    assert _ours() == threads
