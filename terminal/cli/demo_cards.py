"""The demonstration's cards: emulated in this process, or in the virtual reader of the real PC/SC service.

Rules: a card counts as inserted when the watch of the source says so, as for a real one; a service that already runs
is used as it is, and one that was started here is stopped here.
"""

import itertools
import os
import queue
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Final, Protocol

from hardware import CardInserted, CardSource, CardWithdrawn, ReaderAdded, ReaderEvent, ServiceDown
from hardware.emulator import EmulatedSource, VirtualReader
from terminal.bootstrap import pcsc_source

PATIENCE: Final = 20.0
LOOK_SECONDS: Final = 0.5
GIVE_BACK_SECONDS: Final = 4.0
HOLDERS: Final = ("simple", "famille", "latin1", "corse", "centenaire")


class Tray(Protocol):
    """Where a card is put."""

    def insert(self, profile: str) -> None:
        """Put a card in."""

    def remove(self) -> None:
        """Take it out."""


@dataclass(frozen=True, slots=True)
class DemoCards:
    """A source of cards, one of its readers, and what its watch has posted."""

    source: CardSource
    reader: str
    tray: Tray
    events: "queue.SimpleQueue[ReaderEvent]"

    def insert(self, profile: str) -> None:
        """Put a card in and return when the source has seen it."""
        self.tray.insert(profile)
        self._wait_for(CardInserted)

    def remove(self) -> None:
        """Take the card out and return when the source has seen that."""
        self.tray.remove()
        self._wait_for(CardWithdrawn)

    def ready(self) -> None:
        """Return when the source has seen the reader."""
        self._wait_for(ReaderAdded)

    def _wait_for(self, kind: "type[ReaderAdded | CardInserted | CardWithdrawn]") -> None:
        try:
            while not isinstance(event := self.events.get(timeout=PATIENCE), kind) or event.reader != self.reader:
                continue
        except queue.Empty:
            raise ServiceDown("the reader does not notice the card") from None


@contextmanager
def demo_cards(kind: str) -> Iterator[DemoCards]:
    """Cards of `kind` emulated or pcsc; ServiceDown when the real service or its virtual reader is missing."""
    with ExitStack() as stack:
        if kind == "pcsc":
            stack.enter_context(_service())
            slot = VirtualReader("vitale")
            stack.callback(slot.remove)
            cards = DemoCards(pcsc_source(), slot.reader, slot, queue.SimpleQueue())
        else:
            emulated = EmulatedSource()
            cards = DemoCards(emulated, emulated.readers()[0], emulated, queue.SimpleQueue())
        stack.callback(cards.source.watch(cards.events.put).stop)
        cards.ready()
        yield cards


@contextmanager
def changing_cards(cards: DemoCards, registered: Callable[[], int]) -> Iterator[None]:
    """A card in the reader, exchanged for the next holder's each time a claim was registered, as a customer would."""
    stop = threading.Event()
    hand = threading.Thread(target=_change, args=(cards, registered, stop), name="demo-cards", daemon=True)
    hand.start()
    try:
        yield
    finally:
        stop.set()
        hand.join(PATIENCE)


def _change(cards: DemoCards, registered: Callable[[], int], stop: threading.Event) -> None:
    for profile in itertools.cycle(HOLDERS):
        cards.insert(profile)
        before = registered()
        while registered() == before:
            if stop.wait(LOOK_SECONDS):
                return
        stop.wait(GIVE_BACK_SECONDS)
        cards.remove()
        if stop.wait(GIVE_BACK_SECONDS):
            return


@contextmanager
def _service() -> Iterator[None]:
    if _serves():
        yield
        return
    program = shutil.which("pcscd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    if program is None:
        raise ServiceDown("pcscd is not installed")
    known = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
    options = ["--disable-polkit"] if "--disable-polkit" in known.stdout + known.stderr else []
    command = [*([] if os.geteuid() == 0 else ["sudo", "-n"]), program, "--foreground", *options]
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as run:
        try:
            yield
        finally:
            run.terminate()


def _serves() -> bool:
    try:
        pcsc_source().readers()
    except ServiceDown:
        return False
    return True
