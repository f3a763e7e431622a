"""Real readers through PC/SC: the only importer of pyscard.

Rules: whoever asks has an answer in time, whatever card, reader and service do: each call is made by a thread of its
own and given up when it is overdue. pyscard has two unrelated families of exceptions and the low-level calls have
result codes: all end in the tree of `hardware.errors`.
"""

import math
from collections.abc import Callable
from contextlib import closing
from functools import partial
from typing import Final, TypeVar

from hardware.connection import CardConnection, RedactedConnection, Watch
from hardware.errors import ServiceDown
from hardware.events import ReaderEvent
from hardware.monitor import Monitor
from hardware.pcsc.calls import establish, reader_names, release
from hardware.pcsc.feed import LOOK_AGAIN_MS, Feed
from hardware.pcsc.session import Session
from hardware.watchdog import DEFAULT_SESSION, DEFAULT_TIMEOUT, Patience, Roster

T = TypeVar("T")
_SERVICE: Final = ""
"""The service's own name in the roster; no reader has it."""


class PcscSource:
    """The readers of this machine.

    `timeout`: seconds a card may take for one answer before it counts as mute, and the service before it counts as
    down; `session`: seconds for a whole session.
    """

    def __init__(self, timeout: float = DEFAULT_TIMEOUT, session: float = DEFAULT_SESSION) -> None:
        self._timeout = timeout
        self._roster = Roster(Patience(timeout, session))

    def readers(self) -> tuple[str, ...]:
        """See CardSource."""
        worker = self._roster.worker(_SERVICE, lambda: None)
        try:
            return worker.run(_look_for_readers, ServiceDown)
        finally:
            worker.finish()

    def open(self, reader: str) -> CardConnection:
        """See CardSource. An earlier session's error is raised again while its overdue call is pending."""
        session = Session(reader, self._roster)
        session.begin()
        return RedactedConnection(session)

    def read(self, reader: str, session: Callable[[CardConnection], T]) -> T:
        """See CardSource."""
        with closing(Session(reader, self._roster)) as opened:
            return opened.conduct(session)

    def watch(self, post: Callable[[ReaderEvent], None]) -> Watch:
        """See CardSource. The watch survives the end, the restart and the freezing of the service."""
        roster = Roster(Patience(LOOK_AGAIN_MS / 1000 + self._timeout, math.inf), "reader-look")
        return Monitor(partial(Feed, roster), post)


def _look_for_readers() -> tuple[str, ...]:
    context = establish()
    try:
        return reader_names(context)
    finally:
        release(context)
