"""How long a whole Vitale 2 takes to be read through pcscd and the virtual reader, beside its commands sent bare.

Rules: our side opens a session, reads, compares, confirms and closes. The bare side connects, sends the very commands
that our side sent through pyscard's lowest calls, looks at nothing, and disconnects; both leave the card as it is.
The two take turns. A service that already runs is used; otherwise one is started for the measure.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

from smartcard import scard

from hardware import CardInserted, ReaderAdded, read_vitale
from hardware.emulator import VirtualReader, make_card
from hardware.emulator.card import Reply, VirtualCard
from hardware.pcsc import PcscSource
from tests.pcscd_fixture import Pcscd, alone, serves, watching

PROFILE = "famille"


def measure(count: int) -> dict[str, float] | None:
    """Median seconds of one reading and of its bare commands, over `count` of each; None where pcscd is missing."""
    if shutil.which("pcscd", path="/usr/sbin:/sbin:/usr/bin") is None:
        return None
    with _card_inside() as (source, reader, heard):
        commands = _commands(source, reader, heard)
        read, bare = [], []
        for _ in range(count):
            start = perf_counter()
            source.read(reader, read_vitale)
            middle = perf_counter()
            _send_bare(reader, commands)
            read.append(middle - start)
            bare.append(perf_counter() - middle)
    return {"read_seconds": median(read), "bare_seconds": median(bare), "ratio": median(read) / median(bare)}


class _Hearing:
    """A card that remembers the commands it was sent."""

    def __init__(self, card: VirtualCard) -> None:
        self.atr = card.atr
        self.commands: list[list[int]] = []
        self._card = card

    def reset(self) -> None:
        """See VirtualCard."""
        self._card.reset()

    def respond(self, apdu: bytes) -> Reply:
        """See VirtualCard."""
        self.commands.append(list(apdu))
        return self._card.respond(apdu)


@contextmanager
def _card_inside() -> Iterator[tuple[PcscSource, str, _Hearing]]:
    source, tray, card = PcscSource(), VirtualReader(), _Hearing(make_card(PROFILE))
    with alone(), tempfile.TemporaryDirectory() as folder:
        service = Pcscd(Path(folder, "log"))
        if not serves():
            service.start()
        try:
            with watching(source) as events:
                events.until(ReaderAdded(tray.reader))
                tray.insert(card)
                events.until(CardInserted)
            yield source, tray.reader, card
        finally:
            tray.remove()
            service.end()


def _commands(source: PcscSource, reader: str, card: _Hearing) -> list[list[int]]:
    card.commands.clear()
    source.read(reader, read_vitale)
    return list(card.commands)


def _send_bare(reader: str, commands: list[list[int]]) -> None:
    _, context = scard.SCardEstablishContext(scard.SCARD_SCOPE_SYSTEM)
    _, card, protocol = scard.SCardConnect(context, reader, scard.SCARD_SHARE_EXCLUSIVE, scard.SCARD_PROTOCOL_T0)
    for command in commands:
        scard.SCardTransmit(card, protocol, command)
    scard.SCardDisconnect(card, scard.SCARD_LEAVE_CARD)
    scard.SCardReleaseContext(context)
