"""`comptoir-sync`: the service that lets claims leave while nobody is at the counter.

Rules: one service a home (lock); it holds the device key, so it can send, and has no key that opens a claim; it loads
neither screens nor card readers (a test looks); it looks at the queue once a second, which costs an index read, and
pushes when something may leave; SIGTERM ends it between two requests. Its log is JSON lines without personal data.
Exit status: 0 done, 1 something was refused or not reached, 2 bad usage, 3 the environment is missing something.
"""

import argparse
import json
import os
import random
import signal
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sync.backoff import Breakers
from sync.client import Peers
from sync.engine import DrainReport, drain, insurers_due
from sync.errors import DiskFull, StoreError, SyncError
from sync.eventlog import event, fault, start_log
from sync.home import OpenHome, home_lock, open_home
from sync.memory import forbid_dumps
from sync.selfcheck import SelfCheck

POLL_SECONDS: Final = 1.0
DISK_FULL_SECONDS: Final = 30.0
EVENT_SECONDS: Final = 300.0
"""How often insurers are asked for events, while the line holds or not."""
_REFUSED: Final = 1
_ENVIRONMENT: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service, or one pass of it; the exit status."""
    asked = _parser().parse_args(arguments)
    forbid_dumps()
    start_log()
    stop = _stop_on_signals()
    try:
        with open_home(asked.home) as home, home_lock(asked.home, "sync"):
            return _once(home, as_json=asked.json) if asked.once else _run(home, stop)
    except SyncError as error:
        fault(error.code, error)
        if asked.json:
            _print({"error": {"code": error.code, "message": str(error), "facts": error.facts}})
        return _ENVIRONMENT if error.environment else _REFUSED


def default_home() -> Path:
    """`$COMPTOIR_HOME`, else the platform's data folder (XDG base directory)."""
    if named := os.environ.get("COMPTOIR_HOME"):
        return Path(named)
    data = os.environ.get("XDG_DATA_HOME") or str(Path.home() / ".local" / "share")
    return Path(data) / "comptoir"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="comptoir-sync", description="Send what waits in the queue to the insurers.")
    parser.add_argument("--home", type=Path, default=default_home(), help="the terminal's folder")
    parser.add_argument("--once", action="store_true", help="send what may leave now, then end")
    parser.add_argument("--json", action="store_true", help="with --once: one JSON object on standard output")
    return parser


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def drain_now(home: OpenHome) -> DrainReport:
    """One pass because a person asks: what waits for its next try does not wait. The caller holds the lock `sync`."""
    home.outbox.hurry()
    home.logs.book.hurry(_now())
    with _peers(home) as peers:
        report = drain(home.outbox, peers, _now, random.SystemRandom(), logs=home.logs)
        for insurer, code in fetch_events(home, peers).items():
            report.errors.setdefault(insurer, code)
    return report


def fetch_events(home: OpenHome, peers: Peers) -> dict[str, str]:
    """Take what every insurer has to say; a code for each that was not reached or not believed."""
    errors = {}
    for record in home.insurers.all():
        try:
            home.inbox.fetch(record.amc, peers(record.amc), home.signer.kid)
        except StoreError:
            raise
        except SyncError as error:
            errors[record.amc] = str(error.facts.get("problem", error.code))
    return errors


def _once(home: OpenHome, *, as_json: bool) -> int:
    report = drain_now(home)
    _log(report)
    if as_json:
        _print(asdict(report))
    return _REFUSED if report.errors else 0


def _run(home: OpenHome, stop: threading.Event) -> int:
    breakers, confirmed, errors = Breakers(), set[str](), dict[str, str]()
    event("started")
    health = SelfCheck(home).start()
    said = False
    next_events = 0.0
    while not stop.is_set():
        report = _pass(home, breakers, confirmed, stop)
        if report.pushed or report.settled or report.errors != errors:
            _log(report)
        errors = report.errors
        home.store.reserve.restore()
        said = said or _told(health)
        if time.monotonic() >= next_events:
            _hear(home)
            next_events = time.monotonic() + EVENT_SECONDS
        stop.wait(POLL_SECONDS)
    health.wait()
    event("stopped")
    return 0


def _told(health: SelfCheck) -> bool:
    """Write what the checks at the start found, once they are done; whether they are."""
    if not health.done:
        return False
    event("checked", failed=len(health.failed))
    for line in health.failed:
        event("check_failed", check=line.name, detail=line.detail, todo="comptoir rebuild")
    return True


def _hear(home: OpenHome) -> None:
    """Ask for events; what is wrong is logged, and asked again later."""
    try:
        with _peers(home) as peers:
            errors = fetch_events(home, peers)
    except StoreError as error:
        fault(error.code, error)
        return
    for insurer, code in errors.items():
        event("events_failed", insurer=insurer, error=code)


def _pass(home: OpenHome, breakers: Breakers, confirmed: set[str], stop: threading.Event) -> DrainReport:
    """Push what may leave now; a full medium is waited for, because the counter may make room."""
    try:
        settling = any(one.allowed for one in home.outbox.chains.reconciling())
        if not settling and not insurers_due(home.outbox, home.logs, _now()):
            return DrainReport()
        with _peers(home) as peers:
            rng = random.SystemRandom()
            return drain(
                home.outbox,
                peers,
                _now,
                rng,
                breakers=breakers,
                confirmed=confirmed,
                go_on=lambda: not stop.is_set(),
                logs=home.logs,
            )
    except DiskFull as error:
        fault(error.code, error)
        stop.wait(DISK_FULL_SECONDS)
        return DrainReport()


def _peers(home: OpenHome) -> Peers:
    return Peers(home.insurers.get, home.tls_key, home.signer)


def _log(report: DrainReport) -> None:
    counts = ("pushed", "acknowledged", "duplicates", "rejected", "postponed")
    event("drained", **{name: getattr(report, name) for name in counts}, blocked=len(report.blocked))
    for done in report.settled:
        parts = ("settled", "renumbered", "resumed", "elsewhere")
        event("chain_settled", insurer=done.insurer, seq=done.seq, **{part: len(getattr(done, part)) for part in parts})
    for insurer, code in report.errors.items():
        event("insurer_failed", insurer=insurer, error=code)


def _print(found: dict[str, object]) -> None:
    sys.stdout.write(json.dumps(found, ensure_ascii=False) + "\n")


def _now() -> datetime:
    return datetime.now(UTC)


if __name__ == "__main__":
    sys.exit(main())
