"""Hearing what insurers say: each in its turn, none for longer than its share of a round.

Rules: a round takes an end with every insurer: `SHARE_SECONDS`, and so many events (`sync.inbox`); what is left over is
heard in the next. An insurer that was not heard is left alone with a growing, jittered delay, so that one that drips
holds up neither claims nor the others. That fewer events came than the insurer signed for is said of a round that was
not cut short, and of no other.
"""

import random
import time
from collections.abc import Callable
from datetime import timedelta
from typing import Final, Protocol

from sync.backoff import delay
from sync.contract.envelope import ChainState
from sync.errors import EventsWithheld, StoreError, SyncError
from sync.home import OpenHome
from sync.inbox import ROUND_EVENTS, EventSource, explained

SHARE_SECONDS: Final = 60.0
"""After so long nothing more is asked of an insurer in a round; an answer under way has its own end."""
_FIRST_FAILURE: Final = 8
"""Where the back-off begins: a round is asked for every few minutes anyway."""


class Speaker(EventSource, Protocol):
    """A line to one insurer, as far as its events go."""

    def state(self) -> ChainState:
        """Where the insurer says that the chain stands, and how many events it has; the errors of a peer."""


class Hearing:
    """Rounds over the insurers of a home, kept by whoever goes round again and again."""

    def __init__(self, home: OpenHome, rng: random.Random, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._home = home
        self._rng = rng
        self._elapsed = elapsed
        self._failures: dict[str, int] = {}
        self._alone_until: dict[str, float] = {}

    def round(self, line_to: Callable[[str], Speaker], beat: Callable[[], None] = lambda: None) -> dict[str, str]:
        """Take what every insurer has to say; a code for each that was not reached or not believed.

        `beat` is called before each question: the caller's sign of life. StoreError.
        """
        errors = {}
        for record in self._home.insurers.all():
            if self._elapsed() < self._alone_until.get(record.amc, 0.0):
                continue
            try:
                self._hear(record.amc, line_to(record.amc), beat)
            except StoreError:
                raise
            except SyncError as error:
                errors[record.amc] = str(error.facts.get("problem", error.code))
                self._leave_alone(record.amc)
            else:
                self._failures.pop(record.amc, None)
        return errors

    def _leave_alone(self, insurer: str) -> None:
        failures = self._failures.get(insurer, _FIRST_FAILURE) + 1
        self._failures[insurer] = failures
        wait: timedelta = delay(failures, self._rng)
        self._alone_until[insurer] = self._elapsed() + wait.total_seconds()

    def _hear(self, insurer: str, line: Speaker, beat: Callable[[], None]) -> None:
        """Take the events of one insurer, and ask how many there are: who stands between could keep the newest back."""
        inbox, end = self._home.inbox, self._elapsed() + SHARE_SECONDS

        def has_time() -> bool:
            beat()
            return self._elapsed() < end

        most = explained(self._home.outbox.chains.standing(insurer).seq)
        for _ in range(2):
            taken = inbox.fetch(insurer, line, self._home.signer.kid, most=most, go_on=has_time)
            if taken >= ROUND_EVENTS or not has_time():
                return
            there, here = line.state().events, inbox.cursor(insurer)
            if there <= here:
                return
        raise EventsWithheld("fewer events came than the insurer has", there=there, here=here)
