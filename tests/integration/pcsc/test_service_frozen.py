"""The PC/SC service is there and answers nobody: whoever asks gets an error in time, and whoever stops has stopped."""

import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from hardware import (
    CardMute,
    CardWithdrawn,
    HardwareError,
    ReaderAdded,
    ReaderEvent,
    ReaderGone,
    ServiceBack,
    ServiceDown,
    ServiceLost,
)
from hardware.emulator import VirtualReader, load_profile
from hardware.pcsc import PcscSource
from tests.pcscd_fixture import PATIENCE, Bench, Pcscd, bench_of, watching

pytestmark = pytest.mark.pcsc
SELECT_ROOT = bytes.fromhex("00A40000023F00")
FREEZES = 5
BEATS = 20


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


def test_a_frozen_service_is_lost_and_comes_back(own_service: Pcscd, virtual_bench: Bench) -> None:
    """The watch tells of a frozen service as of a dead one, once, one thread waits, and the card is found again."""
    virtual_bench.insert("simple")
    with watching(PcscSource(timeout=1.0)) as events:
        events.until(ReaderAdded(VirtualReader("cps").reader))
        before = _threads("reader-look")
        with own_service.frozen():
            lost = events.until(ServiceLost())
            assert lost[-4:-1] == [
                CardWithdrawn(virtual_bench.reader),
                ReaderGone(virtual_bench.reader),
                ReaderGone(VirtualReader("cps").reader),
            ]
            with pytest.raises(ServiceDown):
                PcscSource(timeout=1.0).readers()
            assert len(_threads("reader-look")) <= len(before)
        assert events.until(ReaderAdded(virtual_bench.reader))[0] == ServiceBack()
    assert virtual_bench.read().people == load_profile("simple").holders


def test_a_watch_can_be_stopped_while_the_service_is_frozen(own_service: Pcscd) -> None:
    """Stopping comes back, posts nothing afterwards, and the threads end when the service moves again."""
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
        seen, left = list(posted), _threads("reader-watch", "reader-watch-stop", "reader-look")
    assert _all_end(left)
    assert posted == seen
    with watching(source) as events:
        events.until(ReaderAdded(VirtualReader().reader))


@contextmanager
def _asking_without_pause(count: int) -> Iterator[None]:
    """So many threads that list the readers and open sessions, again and again."""
    ended = threading.Event()

    def ask() -> None:
        source, reader = PcscSource(timeout=1.0), VirtualReader().reader
        while not ended.is_set():
            with suppress(HardwareError):
                source.readers()
                source.open(reader).close()

    asking = [threading.Thread(target=ask) for _ in range(count)]
    for thread in asking:
        thread.start()
    try:
        yield
    finally:
        ended.set()
        assert _all_end(asking)


@contextmanager
def _beating() -> Iterator[threading.Semaphore]:
    """A thread that gives a beat away every few milliseconds for as long as Python lets it."""
    beats, ended = threading.Semaphore(0), threading.Event()

    def beat() -> None:
        while not ended.wait(0.005):
            beats.release()

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        yield beats
    finally:
        ended.set()
        thread.join()


def _beats_on(beats: threading.Semaphore) -> bool:
    """Whether new beats come, however many are left from before."""
    while beats.acquire(blocking=False):
        pass
    return all(beats.acquire(timeout=PATIENCE) for _ in range(BEATS))


def test_a_process_goes_on_whenever_the_service_freezes(own_service: Pcscd) -> None:
    """Frozen again and again in the midst of listings and sessions, the service never stops another thread."""
    tray = VirtualReader()
    with bench_of(PcscSource(), tray, tray.reader) as bench, _beating() as beats, _asking_without_pause(2):
        bench.insert("simple")
        for _ in range(FREEZES):
            with own_service.frozen():
                assert _beats_on(beats)
            assert _beats_on(beats)
