"""A thread that listens to a scanner and posts what it hears.

Rules: each message is posted as a Scan, or as the error that it is; a scanner that leaves is posted once and ends the
listening, which is then begun anew by whoever wants it. After `stop` returns nothing is posted.
"""

import threading
from collections.abc import Callable, Iterator
from typing import Protocol

from hardware.errors import ScannerError
from hardware.scanner.codes import Scan, parse_scan

ScanEvent = Scan | ScannerError
Post = Callable[[ScanEvent], None]


class Source(Protocol):
    """An open scanner."""

    def messages(self) -> Iterator[bytes | str]:
        """Whole messages as they come; ends after `cancel`. ScannerGone when the scanner leaves."""

    def cancel(self) -> None:
        """Make `messages` end soon, from another thread."""

    def close(self) -> None:
        """Release the device."""


class Listening:
    """A running thread over one scanner (a Watch)."""

    def __init__(self, source: Source, post: Post) -> None:
        self._source = source
        self._post = post
        self._stopped = threading.Event()
        self._lock = threading.RLock()
        self._thread = threading.Thread(target=self._listen, name="scanner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End it; nothing is posted after this returns (when called from another thread than the listener's own)."""
        with self._lock:
            self._stopped.set()
        self._source.cancel()
        if threading.current_thread() is not self._thread:
            self._thread.join()

    def _listen(self) -> None:
        try:
            for message in self._source.messages():
                self._tell(judged(message))
        except ScannerError as error:
            self._tell(error)
        finally:
            self._source.close()

    def _tell(self, event: ScanEvent) -> None:
        with self._lock:
            if not self._stopped.is_set():
                self._post(event)


def judged(message: bytes | str) -> ScanEvent:
    """The scan, or the error that it is."""
    try:
        return parse_scan(message)
    except ScannerError as error:
        return error
