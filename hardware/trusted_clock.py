"""A clock that knows what time it cannot be.

Rules: floor = the latest of the release's date, the last time that an insurer signed, and the highest time this
terminal has seen while it believed its clock. A time before the floor, or years beyond it, is not trusted: it is told
as it is and said to be doubtful. The highest time seen is kept in the home, durably, at most once in an hour of real
time and never while it is doubtful, so that one wild clock does not spoil the mark. A signed time can only raise the
floor: an old receipt, shown again, lowers nothing. Five minutes of difference are no disagreement. A clock that is
wrong by less than the shop's last pause cannot be told from a right one, and nothing here pretends to. A mark that a
wild clock left is taken back when an insurer, just now, signs the very time that the clock shows. Whether a date is
over is never judged by a doubtful clock, nor by a mark: by what others signed.
"""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Final

from hardware.clock import RELEASE, Clock, SystemClock
from hardware.private_file import replace

FILE_NAME: Final = "clock.mark"
SKEW: Final = timedelta(minutes=5)
HORIZON: Final = timedelta(days=3 * 365)
"""No terminal is in service for so long without a newer release, a receipt, or its own mark."""
SAVE_SECONDS: Final = 3600.0
_LONGEST: Final = 64


class Doubt(StrEnum):
    """Why a time is not believed; the first that applies."""

    BEFORE_RELEASE = "before_release"
    BEFORE_SIGNED = "before_signed"
    BEFORE_SEEN = "before_seen"
    FAR_AHEAD = "far_ahead"


@dataclass(frozen=True)
class Known:
    """What is known to be past: the release's date, the last signed time, the highest time seen."""

    release: datetime
    signed: datetime | None
    seen: datetime | None

    @property
    def certain(self) -> datetime:
        """The latest that does not stand on this machine's own clock: release and signed time."""
        return self.release if self.signed is None else max(self.release, self.signed)

    @property
    def floor(self) -> datetime:
        """The latest of them."""
        return max(known for known in (self.release, self.signed, self.seen) if known is not None)

    def doubt(self, now: datetime) -> Doubt | None:
        """Why this time cannot be, or None."""
        late = now + SKEW
        if late < self.release:
            return Doubt.BEFORE_RELEASE
        if self.signed is not None and late < self.signed:
            return Doubt.BEFORE_SIGNED
        if self.seen is not None and late < self.seen:
            return Doubt.BEFORE_SEEN
        return Doubt.FAR_AHEAD if now - HORIZON > self.floor else None


def instant_for_dates(clock: Clock) -> datetime:
    """The instant by which to judge whether a date is over: this one if it is believed, else what is surely past."""
    now = clock.now()
    if clock.trusted or not isinstance(clock, TrustedClock):
        return now
    return clock.certain


class HighWaterMark:
    """The highest time seen, in a small file. A file that is damaged or missing is no mark, and is said."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> datetime | None:
        """The mark, or None; never an error, since a terminal without a mark must work."""
        try:
            text = self._path.read_bytes()[:_LONGEST].decode("ascii").strip()
            mark = datetime.fromisoformat(text)
            return mark.astimezone(UTC) if mark.tzinfo is not None else None
        except (OSError, ValueError, OverflowError):
            return None

    @property
    def damaged(self) -> bool:
        """Whether there is a file that says nothing."""
        return self._path.exists() and self.read() is None

    def write(self, mark: datetime) -> bool:
        """Keep this mark; false when the medium refuses, which stops nobody."""
        try:
            replace(self._path, mark.astimezone(UTC).isoformat(timespec="seconds").encode("ascii"))
        except OSError:
            return False
        return True


class TrustedClock:
    """The system's clock, believed as far as what is known allows (a Clock). For any number of threads."""

    def __init__(
        self,
        release: datetime,
        mark: HighWaterMark,
        read: Callable[[], datetime] = lambda: datetime.now(UTC),
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self._system = SystemClock(release, read)
        self._mark = mark
        self._elapsed = elapsed
        self._lock = threading.Lock()
        self._known = Known(release.astimezone(UTC), None, mark.read())
        self._saved_at: float | None = None
        self._began = elapsed()

    @property
    def known(self) -> Known:
        """What is known to be past."""
        return self._known

    @property
    def certain(self) -> datetime:
        """An instant that is surely past, whatever this machine's clock did."""
        return self._known.certain

    @property
    def trusted(self) -> bool:
        """Whether the system's time is plausible."""
        return self.doubt is None

    @property
    def doubt(self) -> Doubt | None:
        """Why the system's time is not plausible, or None."""
        now = self._system.now()
        self._see(now)
        return self._known.doubt(now)

    def now(self) -> datetime:
        """This instant by the system's clock, trusted or not, in UTC."""
        now = self._system.now()
        self._see(now)
        return now

    def today(self) -> date:
        """The civil date in France; by a clock that cannot be right, the last one that was known, and on from there."""
        doubt = self.doubt
        if doubt is None or doubt is Doubt.BEFORE_SEEN:
            return self._system.today()
        known = self._known.floor + timedelta(seconds=self._elapsed() - self._began)
        return SystemClock(known, lambda: known).today()

    def learn(self, signed: datetime) -> None:
        """A time that an insurer signed (a verified receipt's `received_at`), aware; an earlier one changes nothing.

        One that agrees with this clock, where the mark does not, shows that the mark was a wild clock's.
        """
        if signed.tzinfo is None:
            raise ValueError("a signed time is aware")
        self._take_mark_back(signed)
        with self._lock:
            known = self._known
            latest = max(signed.astimezone(UTC), known.signed or signed.astimezone(UTC))
            self._known = Known(known.release, latest, known.seen)

    def _take_mark_back(self, signed: datetime) -> None:
        now = self._system.now()
        with self._lock:
            known = self._known
            wild = known.seen is not None and known.seen > now + SKEW and abs(now - signed) <= SKEW
            if not wild or now + SKEW < known.certain:
                return
            self._known = Known(known.release, known.signed, now)
        self._mark.write(now)

    def _see(self, now: datetime) -> None:
        """Raise the mark when this time is believed and higher; keep it when an hour of real time went by."""
        with self._lock:
            known = self._known
            if known.doubt(now) is not None or (known.seen is not None and now <= known.seen):
                return
            self._known = Known(known.release, known.signed, now)
            elapsed = self._elapsed()
            if self._saved_at is not None and elapsed - self._saved_at < SAVE_SECONDS:
                return
            self._saved_at = elapsed
        self._mark.write(now)


def open_home_clock(home: Path, signed: datetime | None = None) -> TrustedClock:
    """The clock of the terminal whose folder this is; `signed` is the last time that an insurer signed.

    The provider `guarded` of the entry point group `comptoir.clock`.
    """
    clock = TrustedClock(RELEASE, HighWaterMark(home / FILE_NAME))
    if signed is not None:
        clock.learn(signed)
    return clock
