"""A scanner on a serial line, over a real pair of pseudo-terminals."""

import os
import pty
import tty
from collections.abc import Callable, Iterator
from queue import SimpleQueue

import pytest

from hardware import ScanInvalid, ScannerGone, ScannerMissing
from hardware.scanner import Scan, ScanEvent
from hardware.scanner.codes import LONGEST
from hardware.scanner.listening import Listening
from hardware.scanner.serial_port import listen_serial

PATIENCE = 20.0


class Line:
    """Both ends of a serial line: what the scanner sends, what the listener posts."""

    def __init__(self) -> None:
        self.scanner, self._port = pty.openpty()
        tty.setraw(self._port)
        self.heard: SimpleQueue[ScanEvent] = SimpleQueue()
        self.name = os.ttyname(self._port)
        self.listening: Listening = listen_serial(self.name, self.heard.put)

    def next(self) -> ScanEvent:
        """What is posted next."""
        return self.heard.get(timeout=PATIENCE)

    def unplug(self) -> None:
        """Take the scanner away."""
        os.close(self.scanner)
        os.close(self._port)
        self.scanner = -1

    def close(self) -> None:
        """Stop listening, then hang up."""
        self.listening.stop()
        if self.scanner >= 0:
            self.unplug()


@pytest.fixture
def line() -> Iterator[Line]:
    """A serial line with a listener."""
    made = Line()
    yield made
    made.close()


@pytest.mark.parametrize("end", [b"\r", b"\n", b"\r\n", b""])
def test_a_scan_arrives_whatever_ends_it(line: Line, end: bytes) -> None:
    """Return, line feed, both, or silence."""
    os.write(line.scanner, b"3760000000016" + end)
    assert line.next() == Scan("3760000000016")


def test_scans_in_one_breath_are_as_many_messages(line: Line) -> None:
    """Each is judged alone: one bad code does not spoil the next."""
    os.write(line.scanner, b"A123\r\n\r\n\x00\r]d210LOT\x1d21S1\r")
    assert line.next() == Scan("A123")
    assert isinstance(line.next(), ScanInvalid)
    last = line.next()
    assert isinstance(last, Scan)
    assert last.elements == (("10", "LOT"), ("21", "S1"))


def test_a_scan_without_end_is_cut_and_the_next_is_read(line: Line) -> None:
    """A jammed scanner costs one error and no memory."""
    for _ in range(9):
        os.write(line.scanner, b"9" * (LONGEST // 2))
    os.write(line.scanner, b"\rB456\r")
    seen = [line.next()]
    while not isinstance(seen[-1], Scan) or "B" not in seen[-1].text:
        seen.append(line.next())
    assert isinstance(seen[0], ScanInvalid)
    assert seen[0].facts["reason"] == "too_long"
    assert seen[-1] == Scan("B456")


def test_a_scanner_that_leaves_is_told_once(line: Line) -> None:
    """Unplugged: one error, and the listener is over."""
    line.unplug()
    assert isinstance(line.next(), ScannerGone)
    line.listening.stop()
    assert line.heard.empty()


def test_nothing_is_posted_after_the_stop(line: Line) -> None:
    """A stopped listener is silent, and its port free for another."""
    line.listening.stop()
    os.write(line.scanner, b"A123\r")
    assert line.heard.empty()
    line.listening = listen_serial(line.name, line.heard.put)
    os.write(line.scanner, b"C789\r")
    assert isinstance(line.next(), Scan)


def test_a_listener_may_stop_itself(line: Line) -> None:
    """Stopping from within the callback ends it without waiting for itself."""
    line.listening.stop()
    held: list[Callable[[], None]] = []
    heard: SimpleQueue[ScanEvent] = SimpleQueue()

    def once(event: ScanEvent) -> None:
        heard.put(event)
        held[0]()

    listening = listen_serial(line.name, once)
    held.append(listening.stop)
    os.write(line.scanner, b"A123\rB456\r")
    assert heard.get(timeout=PATIENCE) == Scan("A123")
    listening.stop()
    assert heard.empty()


def test_a_port_that_is_not_there_or_taken_is_said(line: Line) -> None:
    """No such port, or a port that another listener holds."""
    with pytest.raises(ScannerMissing) as caught:
        listen_serial("/dev/ttyNONE", print)
    assert caught.value.environment
