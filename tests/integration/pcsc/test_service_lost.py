"""The PC/SC service dies and comes back; the watch tells of it and the next card is read."""

import signal
from contextlib import closing

import pytest

from hardware import (
    CardInserted,
    CardKind,
    CardRemoved,
    CardWithdrawn,
    ReaderAdded,
    ReaderGone,
    ServiceBack,
    ServiceDown,
    ServiceLost,
)
from hardware.emulator import VirtualReader, load_profile
from hardware.pcsc import PcscSource
from tests.pcscd_fixture import Bench, Pcscd, watching

pytestmark = pytest.mark.pcsc
SELECT_ROOT = bytes.fromhex("00A40000023F00")


def test_a_killed_service_is_lost_and_comes_back(own_service: Pcscd) -> None:
    """Killed in a session: ServiceDown there, everything gone in the watch; after a restart the next card is read."""
    source, tray = PcscSource(), VirtualReader("vitale")
    with watching(source) as events:
        events.until(ReaderAdded(tray.reader))
        tray.insert("simple")
        events.until(CardInserted(tray.reader, CardKind.VITALE_2))
        with closing(source.open(tray.reader)) as connection:
            connection.transmit(SELECT_ROOT)
            own_service.end(signal.SIGKILL)
            with pytest.raises((ServiceDown, CardRemoved)):
                connection.transmit(SELECT_ROOT)
        lost = events.until(ServiceLost())
        assert lost[:2] == [CardWithdrawn(tray.reader), ReaderGone(tray.reader)]
        with pytest.raises(ServiceDown):
            source.open(tray.reader)
        with pytest.raises(ServiceDown):
            source.readers()
        with pytest.raises(ServiceDown):
            tray.insert("simple")
        own_service.start()
        back = events.until(ReaderAdded(tray.reader))
        assert back[0] == ServiceBack()
        tray.insert("simple")
        events.until(CardInserted(tray.reader, CardKind.VITALE_2))
    bench = Bench(source, tray, tray.reader, events)
    assert bench.read().people == load_profile("simple").holders
    tray.remove()
