"""A real pcscd with the virtual reader, for any test that wants a card behind PC/SC.

Rules: one test run at a time uses the virtual reader (a lock file says so). A pcscd that already serves it is used as
it is; otherwise one is started, stopped and reaped at the end. Where a package is missing the tests fail and name it.
Nothing waits for a moment: every wait is for an event of the watch under test.
"""

import fcntl
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Protocol

import pytest

from hardware import (
    CardAbsent,
    CardConnection,
    CardInserted,
    CardSource,
    CardWithdrawn,
    HardwareError,
    ReaderAdded,
    ReaderEvent,
    ServiceDown,
    VitaleRecord,
    read_vitale,
)
from hardware.emulator import Profile, VirtualReader
from hardware.emulator.card import VirtualCard
from hardware.pcsc import PcscSource

LOCK = Path("/tmp/comptoir-virtual-reader.lock")
"""The same for every run on this machine, wherever it keeps its own files."""
LOCK_SECONDS = 300.0
PATIENCE = 20.0
"""Seconds to wait for an event before the test fails; far above what pcscd needs (0.4)."""


class Events:
    """What a source's watch posts, in order, for as long as the `with` lasts."""

    def __init__(self, source: CardSource) -> None:
        self._queue: SimpleQueue[ReaderEvent] = SimpleQueue()
        self._watch = source.watch(self._queue.put)

    def until(self, wanted: ReaderEvent | type[ReaderEvent]) -> list[ReaderEvent]:
        """All events up to the wanted one, or the first of the wanted type; TimeoutError when it does not come."""
        seen: list[ReaderEvent] = []
        deadline = time.monotonic() + PATIENCE
        while not seen or not (seen[-1] == wanted or (isinstance(wanted, type) and isinstance(seen[-1], wanted))):
            try:
                seen.append(self._queue.get(timeout=max(0.0, deadline - time.monotonic())))
            except Empty:
                raise TimeoutError(f"waited for {wanted}, saw {seen}") from None
        return seen

    def rest(self) -> list[ReaderEvent]:
        """The events that came and were not asked for yet."""
        found: list[ReaderEvent] = []
        while not self._queue.empty():
            found.append(self._queue.get())
        return found

    def stop(self) -> None:
        """End the watch."""
        self._watch.stop()


@contextmanager
def watching(source: CardSource) -> Iterator[Events]:
    """The events of a source while the `with` lasts."""
    events = Events(source)
    try:
        yield events
    finally:
        events.stop()


class Tray(Protocol):
    """Where a test puts a card: an emulated source or a slot of the virtual reader."""

    def insert(self, card: str | Profile | VirtualCard, *, fault: str | None = None) -> None:
        """Put a card in."""

    def remove(self) -> None:
        """Take it out."""


class Bench:
    """A source and one of its readers, with a card put in and out so that the source has seen it on return."""

    def __init__(self, source: CardSource, tray: Tray, reader: str, events: Events) -> None:
        self.source = source
        self.tray = tray
        self.reader = reader
        self.events = events
        self._inside = False

    def insert(self, card: str | Profile | VirtualCard, *, fault: str | None = None) -> CardInserted:
        """Put a card in; the event that tells of it."""
        self.remove()
        self.tray.insert(card, fault=fault)
        self._inside = True
        event = self.events.until(CardInserted)[-1]
        assert isinstance(event, CardInserted)
        return event

    def remove(self) -> None:
        """Take the card out, or see that it has left by itself."""
        self.tray.remove()
        if self._inside:
            self.events.until(CardWithdrawn(self.reader))
        self._inside = False

    def empty(self) -> None:
        """Take the card out and see that none is left, however many were exchanged behind the bench's back."""
        self.remove()
        while not self._is_empty():
            self.events.until(CardWithdrawn(self.reader))

    def open(self) -> CardConnection:
        """A session with the card in the reader."""
        return self.source.open(self.reader)

    def _is_empty(self) -> bool:
        try:
            self.open().close()
        except CardAbsent:
            return True
        except HardwareError:
            return False
        return False

    def read(self) -> VitaleRecord:
        """The card's people, in a session of its own."""
        return self.source.read(self.reader, read_vitale)


@contextmanager
def bench_of(source: CardSource, tray: Tray, reader: str) -> Iterator[Bench]:
    """A bench that leaves the reader empty."""
    with watching(source) as events:
        events.until(ReaderAdded(reader))
        bench = Bench(source, tray, reader, events)
        try:
            yield bench
        finally:
            bench.empty()


class Pcscd:
    """The PC/SC service of this test run. `owned`: started here, so a test may kill and restart it."""

    def __init__(self, log: Path) -> None:
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def owned(self) -> bool:
        """Whether this run started the service and may signal it."""
        return self._process is not None and os.geteuid() == 0

    def start(self) -> None:
        """Start the service in the foreground, as a child."""
        program = shutil.which("pcscd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
        if program is None:
            pytest.fail("pcscd is not installed (Debian package pcscd; `make setup` installs it)", pytrace=False)
        told = subprocess.run([program, "--help"], capture_output=True, text=True, check=False)
        options = ["--disable-polkit"] if "--disable-polkit" in told.stdout + told.stderr else []
        command = [*([] if os.geteuid() == 0 else ["sudo", "-n"]), program, "--foreground", *options]
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    @property
    def pid(self) -> int:
        """The process number of a service that was started here."""
        assert self._process
        return self._process.pid

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """The service stopped by a signal while the `with` lasts: there, and answering nobody."""
        os.kill(self.pid, signal.SIGSTOP)
        try:
            yield
        finally:
            os.kill(self.pid, signal.SIGCONT)

    def end(self, how: signal.Signals = signal.SIGTERM) -> None:
        """Signal the service if it was started here, and reap it."""
        if self._process is None:
            return
        if os.geteuid() == 0:
            self._process.send_signal(how)
        else:
            subprocess.run(["sudo", "-n", "kill", f"-{how.value}", str(self._process.pid)], check=True)
        try:
            self._process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._process = None

    def words(self) -> str:
        """The end of what the service wrote."""
        return self._log.read_text("utf-8", "replace")[-2000:] if self._log.exists() else ""


@pytest.fixture
def own_service(pcscd: Pcscd) -> Iterator[Pcscd]:
    """A service that this run may freeze and kill; it runs again afterwards, whatever became of the test."""
    if not pcscd.owned:
        pytest.skip("pcscd was running before the tests, or needs another user's rights: it is not ours to kill")
    yield pcscd
    if not pcscd.owned:
        pcscd.start()


_held: list[int] = []
"""The lock file's descriptor while this run has the reader: who has it already need not wait for themselves."""


@contextmanager
def alone() -> Iterator[None]:
    """Be the only one of this machine's test runs that uses the virtual reader; within one run it may be said twice."""
    if _held:
        yield
        return
    with _sole_run() as handle:
        _held.append(handle)
        try:
            yield
        finally:
            _held.clear()


@contextmanager
def _sole_run() -> Iterator[int]:
    handle = os.open(LOCK, os.O_RDWR | os.O_CREAT, 0o666)
    deadline, pause = time.monotonic() + LOCK_SECONDS, threading.Event()
    try:
        while not _locked(handle):
            if time.monotonic() > deadline:
                pytest.fail(f"another test run has held {LOCK} for {LOCK_SECONDS:g} s", pytrace=False)
            pause.wait(0.2)
        yield handle
    finally:
        os.close(handle)


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def serves() -> bool:
    """Whether a service answers already."""
    try:
        PcscSource().readers()
    except ServiceDown:
        return False
    return True


@pytest.fixture(scope="session")
def pcscd(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pcscd]:
    """A running PC/SC service with both slots of the virtual reader."""
    with alone():
        service = Pcscd(tmp_path_factory.mktemp("pcscd") / "log")
        if not serves():
            service.start()
        try:
            _require_virtual_reader(service)
            yield service
        finally:
            service.end()


def _require_virtual_reader(service: Pcscd) -> None:
    with watching(PcscSource()) as events:
        try:
            events.until(ReaderAdded(VirtualReader("cps").reader))
        except TimeoutError:
            reason = "pcscd has no virtual reader (Debian package vsmartcard-vpcd; `make setup` installs it)"
            pytest.fail(f"{reason}\n{service.words()}", pytrace=False)


@pytest.fixture
def virtual_bench(pcscd: Pcscd) -> Iterator[Bench]:
    """The first slot of the virtual reader, behind the real service."""
    tray = VirtualReader("vitale")
    with bench_of(PcscSource(), tray, tray.reader) as bench:
        yield bench


@pytest.fixture
def impatient_virtual_bench(pcscd: Pcscd) -> Iterator[Bench]:
    """The same with a watchdog of one second."""
    tray = VirtualReader("vitale")
    with bench_of(PcscSource(timeout=1.0), tray, tray.reader) as bench:
        yield bench


@pytest.fixture
def hurried_virtual_bench(pcscd: Pcscd) -> Iterator[Bench]:
    """The same with a second for a whole session."""
    tray = VirtualReader("vitale")
    with bench_of(PcscSource(timeout=1.0, session=1.0), tray, tray.reader) as bench:
        yield bench
