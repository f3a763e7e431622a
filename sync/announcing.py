"""What the service says to its surroundings: status file, metrics, one line to the service manager.

Rules: said at once when something changed, and again after a while when nothing did; each saying is small and may
fail, which stops nobody; no personal data, as in `sync.service_state`.
"""

import os
import shutil
from datetime import datetime
from pathlib import Path
from typing import Final

import msgspec

from sync.clock import surely_past
from sync.data_keeper import DataKeeper
from sync.deadlines import day_in_france
from sync.engine import DrainReport
from sync.home import OpenHome
from sync.queue import Late, Summary
from sync.service_state import AGAIN_SECONDS, ServiceState, boot, uptime, write_state, write_whole
from sync.supervisor import Supervisor
from sync.textfile import Metric, gauge, rendered

METRICS_SECONDS: Final = 60.0


class Announcer:
    """Says how the service of `home` is. `metrics`: the textfile to write, None for none; `data`: who takes them."""

    def __init__(
        self, home: OpenHome, supervisor: Supervisor, metrics: Path | None = None, data: DataKeeper | None = None
    ) -> None:
        self._home = home
        self._supervisor = supervisor
        self._data = data
        self._metrics = metrics
        self._since, self._boot = uptime(), boot()
        self._said: tuple[object, ...] | None = None
        self._said_at = self._measured_at = 0.0
        self._acknowledged = 0
        self._errors: dict[str, str] = {}
        """Of the last try of each insurer; forgotten when a pass went without."""
        self.checks_failed: int | None = None
        self._state: ServiceState | None = None

    def say(
        self, report: DrainReport, now: datetime, *, clock_trusted: bool = True, trouble: str | None = None
    ) -> None:
        """How it is after a pass: said when that is new, or was said long ago."""
        self._acknowledged += report.acknowledged
        if report.pushed and not report.errors:
            self._errors.clear()
        self._errors.update(report.errors)
        known = self._data and (self._data.checked_at, self._data.error)
        what = (
            self._acknowledged,
            report.pushed,
            dict(self._errors),
            clock_trusted,
            trouble,
            self.checks_failed,
            known,
        )
        at = uptime()
        if what == self._said and at - self._said_at < AGAIN_SECONDS:
            if self._metrics is None or at - self._measured_at < METRICS_SECONDS:
                return
            self._measured_at = at
            self._measure(self._home.outbox.summary(), now, clock_trusted=clock_trusted)
            return
        summary = self._home.outbox.summary()
        self._said, self._said_at, self._measured_at = what, at, at
        self._state = self._described(summary, now, clock_trusted=clock_trusted, trouble=trouble)
        write_state(self._home.path, self._state)
        self._measure(summary, now, clock_trusted=clock_trusted)
        self._supervisor.doing(f"waiting {summary.waiting}, rejected {summary.rejected}, failing {len(self._errors)}")

    def leave(self) -> None:
        """The service ends as it was asked to: the file says so."""
        self._supervisor.stopping()
        if self._state is not None:
            write_state(self._home.path, msgspec.structs.replace(self._state, running=False))

    def _late(self, now: datetime) -> Late:
        past = surely_past(self._home.clock)
        return self._home.outbox.late(day_in_france(past or now), trusted=past is None)

    def _described(self, summary: Summary, now: datetime, *, clock_trusted: bool, trouble: str | None) -> ServiceState:
        late = self._late(now)
        return ServiceState(
            schema="comptoir/sync-status/v1",
            pid=os.getpid(),
            boot=self._boot,
            since=round(self._since, 1),
            beat=round(uptime(), 1),
            at=now.isoformat(timespec="seconds"),
            clock_trusted=clock_trusted,
            waiting=summary.waiting,
            rejected=summary.rejected,
            oldest=_iso(summary.oldest),
            last_receipt=_iso(summary.last_receipt_at),
            acknowledged=self._acknowledged,
            errors=dict(self._errors),
            warned=late.warned,
            alarmed=late.alarmed,
            data_checked=_iso(self._data.checked_at) if self._data else None,
            data_error=self._data.error if self._data else None,
            trouble=trouble,
            checks_failed=self.checks_failed,
        )

    def _measure(self, summary: Summary, now: datetime, *, clock_trusted: bool) -> None:
        if self._metrics is None:
            return
        late = self._late(now)
        data = self._data.checked_at if self._data else None
        wal = self._home.store.path.with_name(self._home.store.path.name + "-wal")
        metrics = (
            gauge("comptoir_sync_waiting_claims", "Claims without a receipt.", summary.waiting),
            gauge("comptoir_sync_rejected_claims", "Claims that an insurer will never take.", summary.rejected),
            gauge(
                "comptoir_sync_oldest_waiting_seconds", "Age of the oldest waiting claim.", _age(summary.oldest, now)
            ),
            Metric(
                "comptoir_sync_late_claims",
                "gauge",
                "Claims without a receipt after five (warn) or eight (alarm) working days.",
                (({"level": "warn"}, late.warned), ({"level": "alarm"}, late.alarmed)),
            ),
            gauge("comptoir_sync_reference_seconds", "Since reference data were last confirmed.", _age(data, now)),
            gauge("comptoir_sync_last_receipt_seconds", "Since the last receipt.", _age(summary.last_receipt_at, now)),
            Metric(
                "comptoir_sync_acknowledged_total",
                "counter",
                "Receipts kept since the service started.",
                (({}, self._acknowledged),),
            ),
            Metric(
                "comptoir_sync_insurer_failing",
                "gauge",
                "Insurers whose last try failed, by code.",
                tuple(({"insurer": insurer, "code": code}, 1) for insurer, code in sorted(self._errors.items())),
            ),
            gauge("comptoir_sync_clock_trusted", "Whether the wall clock is plausible.", float(clock_trusted)),
            gauge("comptoir_sync_free_bytes", "Room left on the medium.", shutil.disk_usage(self._home.path).free),
            gauge("comptoir_sync_wal_bytes", "Size of the write-ahead log.", wal.stat().st_size if wal.exists() else 0),
            gauge("comptoir_sync_checks_failed", "Checks at the start that failed.", self.checks_failed),
        )
        write_whole(self._metrics, rendered(metrics))


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else moment.isoformat(timespec="seconds")


def _age(moment: datetime | None, now: datetime) -> float | None:
    return None if moment is None else max(0.0, round((now - moment).total_seconds(), 1))
