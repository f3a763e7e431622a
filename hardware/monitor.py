"""Who is in which reader: from pictures of the readers to events, for as long as it takes.

Rules: the watch outlives the service. When looking fails, everything is reported as gone, then it tries again with a
growing delay (0.1 to 2 s) until it can look again. A card is another card when the reader's event counter moved, even
if both answer the same to a reset. A failure of the listener is its own: it is logged by its type, if the log works,
and the watch goes on. Stopping takes a limited time even when the service is frozen: the thread is then left behind,
silent, and ends when the service moves again.
"""

import logging
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from hardware.atr import identify_atr
from hardware.errors import HardwareError
from hardware.events import (
    CardInserted,
    CardWithdrawn,
    ReaderAdded,
    ReaderEvent,
    ReaderGone,
    ServiceBack,
    ServiceLost,
)

_log = logging.getLogger(__name__)
FIRST_DELAY = 0.1
LAST_DELAY = 2.0
STOP_SECONDS = 2.0
"""How long stopping may take; a service that works needs a few milliseconds."""


@dataclass(frozen=True)
class SlotState:
    """One reader as seen at one moment. `counter` grows with every insertion and every removal."""

    present: bool
    counter: int
    atr: bytes = b""


class StatusFeed(Protocol):
    """Where pictures of the readers come from."""

    def wait(self) -> Mapping[str, SlotState]:
        """All readers now; the first call returns at once, later ones when something may have changed."""

    def cancel(self) -> None:
        """Make a `wait` in another thread return soon."""

    def close(self) -> None:
        """Release what the feed holds."""


class Presence:
    """The last picture, and the events that lead from one picture to the next. Pure but for its memory."""

    def __init__(self) -> None:
        self._seen: dict[str, SlotState] = {}
        self._down = False

    def update(self, now: Mapping[str, SlotState]) -> list[ReaderEvent]:
        """What happened since the last picture."""
        events: list[ReaderEvent] = [ServiceBack()] if self._down else []
        for reader in sorted(self._seen.keys() - now.keys()):
            events.extend(self._gone(reader))
        for reader in sorted(now):
            events.extend(self._changed(reader, now[reader]))
        self._seen, self._down = dict(now), False
        return events

    def lost(self) -> list[ReaderEvent]:
        """The service went: everything is gone, and it is said once."""
        if self._down:
            return []
        events = [event for reader in sorted(self._seen) for event in self._gone(reader)]
        self._seen, self._down = {}, True
        return [*events, ServiceLost()]

    def _gone(self, reader: str) -> Iterator[ReaderEvent]:
        if self._seen[reader].present:
            yield CardWithdrawn(reader)
        yield ReaderGone(reader)

    def _changed(self, reader: str, now: SlotState) -> Iterator[ReaderEvent]:
        before = self._seen.get(reader)
        if before is None:
            yield ReaderAdded(reader)
        had = before is not None and before.present
        same = before is not None and before.present == now.present and before.counter == now.counter
        if had and not same:
            yield CardWithdrawn(reader)
        if now.present and not same:
            yield CardInserted(reader, identify_atr(now.atr))


class Monitor:
    """A watch over one kind of readers, in its own thread. `open_feed` is called again after each failure."""

    def __init__(self, open_feed: Callable[[], StatusFeed], post: Callable[[ReaderEvent], None]) -> None:
        self._open_feed = open_feed
        self._post = post
        self._feed: StatusFeed | None = None
        self._presence = Presence()
        self._stopped = threading.Event()
        self._posting = threading.RLock()
        self._thread = threading.Thread(target=self._run, name="reader-watch", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the watch; see `Watch`. Waits for a listener that is at work, and at most so long for the service."""
        with self._posting:
            self._stopped.set()
        if self._thread is not threading.current_thread():
            threading.Thread(target=self._interrupt, name="reader-watch-stop", daemon=True).start()
            self._thread.join(STOP_SECONDS)

    def _interrupt(self) -> None:
        """Cancel until the thread has ended: it may be between two waits, and the cancel itself may hang."""
        while self._thread.is_alive():
            if feed := self._feed:
                feed.cancel()
            self._thread.join(0.05)

    def _run(self) -> None:
        delay = FIRST_DELAY
        while not self._stopped.is_set():
            try:
                self._feed = self._open_feed()
                delay = FIRST_DELAY
                self._follow(self._feed)
            except HardwareError as error:
                _note(logging.INFO, "the readers cannot be watched: %s", error.code)
                self._tell(self._presence.lost())
                self._stopped.wait(delay)
                delay = min(2 * delay, LAST_DELAY)
            finally:
                self._drop_feed()

    def _follow(self, feed: StatusFeed) -> None:
        while not self._stopped.is_set():
            self._tell(self._presence.update(feed.wait()))

    def _drop_feed(self) -> None:
        feed, self._feed = self._feed, None
        if feed:
            feed.close()

    def _tell(self, events: list[ReaderEvent]) -> None:
        for event in events:
            with self._posting:
                if self._stopped.is_set():
                    return
                self._tell_one(event)

    def _tell_one(self, event: ReaderEvent) -> None:
        try:
            self._post(event)
        except BaseException as error:
            _note(logging.WARNING, "a listener failed on %s: %s", type(event).__name__, type(error).__name__)


def _note(level: int, message: str, *facts: str) -> None:
    """Log, if it can be done: the handlers are other people's, and one whose stream is closed may raise."""
    with suppress(Exception):
        _log.log(level, message, *facts)
