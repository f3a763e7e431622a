"""The PC/SC service is there and answers nobody: whoever asks gets an error in time, and whoever stops has stopped.

Rule: these run in `make soak` only. pyscard keeps Python's lock while it lists readers or opens a context, so a service
that is frozen at that very moment stops the whole process, the test run with it (seen once; py-spy showed the lock).
"""

import os
import threading
from collections.abc import Callable, Iterable
from contextlib import closing

import pytest

from hardware import CardMute, ReaderAdded, ReaderEvent, ServiceDown
from hardware.emulator import VirtualReader, load_profile
from hardware.pcsc import PcscSource
from tests.pcscd_fixture import PATIENCE, Bench, Events, Pcscd, watching

pytestmark = [
    pytest.mark.pcsc,
    pytest.mark.skipif(
        not os.environ.get("COMPTOIR_SOAK"),
        reason="a service frozen while readers are listed stops the whole process: make soak runs this",
    ),
]
SELECT_ROOT = bytes.fromhex("00A40000023F00")


def _threads(*names: str) -> set[threading.Thread]:
    return {thread for thread in threading.enumerate() if thread.name in names}


def _all_end(threads: Iterable[threading.Thread]) -> bool:
    for thread in threads:
        thread.join(PATIENCE)
    return not any(thread.is_alive() for thread in threads)


def _returns(call: Callable[[], None]) -> bool:
    """Whether a call comes back; it is made in a thread, so that a test fails where it would hang."""
    thread = threading.Thread(target=call, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    return not thread.is_alive()


def test_a_frozen_service_is_down_for_whoever_asks(own_service: Pcscd, impatient_virtual_bench: Bench) -> None:
    """Listing and opening are ServiceDown, a session is CardMute, one thread waits for each; after it all is well."""
    bench = impatient_virtual_bench
    bench.insert("simple")
    connection = bench.open()
    with closing(connection), own_service.frozen():
        with pytest.raises(CardMute):
            connection.transmit(SELECT_ROOT)
        assert _returns(connection.close)
        for _ in range(3):
            with pytest.raises(ServiceDown):
                bench.source.readers()
        with pytest.raises(CardMute):
            bench.open()
        waiting = _threads("card-session")
        assert len(waiting) == 2
    assert _all_end(waiting)
    assert bench.reader in bench.source.readers()
    assert bench.read().people == load_profile("simple").holders


def test_opening_on_a_frozen_service_says_that_it_is_down(own_service: Pcscd, impatient_virtual_bench: Bench) -> None:
    """With no session pending, opening a reader is ServiceDown and not a busy reader."""
    with own_service.frozen():
        for _ in range(2):
            with pytest.raises(ServiceDown):
                impatient_virtual_bench.open()
        waiting = _threads("card-session")
    assert _all_end(waiting)


def test_a_watch_can_be_stopped_while_the_service_is_frozen(own_service: Pcscd) -> None:
    """Stopping comes back, posts nothing afterwards, and the thread ends when the service moves again."""
    source, posted = PcscSource(), list[ReaderEvent]()
    told = threading.Event()

    def post(event: ReaderEvent) -> None:
        posted.append(event)
        if event == ReaderAdded(VirtualReader("cps").reader):
            told.set()

    watch = source.watch(post)
    assert told.wait(PATIENCE)
    with own_service.frozen():
        assert _returns(watch.stop)
        seen, left = list(posted), _threads("reader-watch", "reader-watch-stop")
    assert _all_end(left)
    assert posted == seen
    with watching(source) as events:
        assert isinstance(events, Events)
        events.until(ReaderAdded(VirtualReader().reader))
