"""`comptoir-sync`: the service that lets claims leave while nobody is at the counter.

Rules: one service a home (lock); it holds the device key, so it can send, and has no key that opens a claim; it loads
neither screens nor card readers (a test looks); it sleeps until something may leave, or until something happens
(`sync.waking`), and then pushes; once a day it makes a backup, where a medium for it is there (`sync.backup.timer`);
SIGTERM ends it between two requests. Its log is JSON lines without personal data.
The service manager is told when it is ready and, after a look at itself, that it lives (`sync.watchman`).
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
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Final

from sync.announcing import Announcer
from sync.backup import BackupTimer
from sync.calls import announce, announce_known
from sync.client import HttpRepository, Peers
from sync.client.repository import SCHEMES
from sync.clock import Clock, Unguarded, surely_past
from sync.data_keeper import DataKeeper
from sync.engine import DrainReport, Lines, Observer, drain, insurers_due
from sync.errors import DiskFull, StoreError, SyncError
from sync.eventlog import event, fault, start_log
from sync.hearing import Hearing
from sync.home import OpenHome, home_lock, open_home
from sync.insurers import InsurerRecord
from sync.memory import forbid_dumps, give_back_what_is_free, keep_out_of_swap
from sync.pausing import network_is_back, seconds_to_sleep
from sync.receipts import last_signed_time
from sync.reference import Reference, Source
from sync.selfcheck import SelfCheck
from sync.supervisor import Supervisor
from sync.upkeep import Hands, Round, keep_up
from sync.waking import LEAST_SECONDS, Waker
from sync.watchman import Pulse, Watchman

DISK_FULL_SECONDS: Final = 30.0
EVENT_SECONDS: Final = 300.0
"""How often insurers are asked for events, while the line holds or not."""
UPKEEP_SECONDS: Final = 3600.0
"""How often keys and profiles are asked for, and certificates looked at."""
DOUBT_SECONDS: Final = 60.0
"""How soon they are asked for when an insurer's signature was not known: it may have a new key."""
_UNKNOWN_KEY: Final = frozenset({"signature_invalid", "receipt_invalid", "event_invalid"})
_REFUSED: Final = 1
_ENVIRONMENT: Final = 3


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the service, or one pass of it; the exit status."""
    asked = _parser().parse_args(arguments)
    forbid_dumps()
    give_back_what_is_free()
    keep_out_of_swap()
    start_log()
    stop = _stop_on_signals()
    try:
        with open_home(asked.home) as home, home_lock(asked.home, "sync"):
            return _once(home, as_json=asked.json) if asked.once else _run(home, stop, asked.metrics)
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
    parser.add_argument("--metrics", type=Path, metavar="FILE", help="write Prometheus metrics into this textfile")
    parser.add_argument("--json", action="store_true", help="with --once: one JSON object on standard output")
    return parser


def _stop_on_signals() -> threading.Event:
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: stop.set())
    return stop


def drain_now(home: OpenHome, observe: Observer = lambda _name, _number: None) -> DrainReport:
    """One pass because a person asks: what waits for its next try does not wait. The caller holds the lock `sync`.

    `observe` is told of each step, as by `drain`.
    """
    _say_whom(home)
    kept = tend(home)
    home.outbox.hurry()
    home.logs.book.hurry(home.clock.now())
    with _peers(home) as peers:
        report = drain(home.outbox, peers, home.clock.now, random.SystemRandom(), observe, logs=home.logs)
        _learn(home, report)
        for insurer, code in (*fetch_events(home, peers).items(), *kept.errors.items()):
            report.errors.setdefault(insurer, code)
    return report


def tend(home: OpenHome, beat: Callable[[], None] = lambda: None) -> Round:
    """Follow the insurers' keys and profiles, renew what is due; `beat`, before each, is a sign of life."""

    def prove(record: InsurerRecord) -> None:
        with Peers(
            lambda _amc: record, home.tls_key, home.signer, home.clock.now, surely_past=surely_past(home.clock)
        ) as alone:
            alone(record.amc).state()

    with _peers(home) as peers:
        done = keep_up(
            home.insurers,
            Hands(peers, prove, home.tls_key, home.signer.kid, beat),
            (surely_past(home.clock) or home.clock.now()).date(),
        )
    for name in ("terms", "certificates"):
        for insurer in getattr(done, name):
            event(f"new_{name}", insurer=insurer)
    return done


def fetch_events(home: OpenHome, peers: Peers) -> dict[str, str]:
    """One round over what the insurers have to say; a code for each that was not reached or not believed."""
    return Hearing(home, random.SystemRandom()).round(peers)


def _once(home: OpenHome, *, as_json: bool) -> int:
    report = drain_now(home)
    _log(report)
    if as_json:
        _print(asdict(report))
    return _REFUSED if report.errors else 0


@dataclass(frozen=True)
class _Beside:
    """What accompanies the loop: its sign of life, what it says, who watches it, the checks at the start."""

    pulse: Pulse
    announcer: Announcer
    watchman: Watchman
    health: SelfCheck
    backups: BackupTimer
    hearing: Hearing
    data: DataKeeper
    waker: Waker


def _run(home: OpenHome, stop: threading.Event, metrics: Path | None) -> int:
    with Waker(home.path) as waker:
        return _watched(home, stop, metrics, waker)


def _watched(home: OpenHome, stop: threading.Event, metrics: Path | None, waker: Waker) -> int:
    supervisor, pulse = Supervisor(), Pulse()
    watchman = Watchman(supervisor, pulse, lambda: home.outbox.rows(limit=1))
    _say_whom(home)
    data = DataKeeper(Reference(home.path), home.clock, partial(_repository, home.path), random.SystemRandom())
    beside = _Beside(
        pulse,
        Announcer(home, supervisor, metrics, data),
        watchman,
        SelfCheck(home, waker.poke).start(),
        BackupTimer(home),
        Hearing(home, random.SystemRandom()),
        data,
        waker,
    )
    event("started")
    if isinstance(home.clock, Unguarded):
        event("clock_unguarded")
    watchman.look()
    supervisor.ready()
    watchman.start()
    data.start()
    try:
        _serve(home, stop, beside)
    finally:
        beside.announcer.leave()
        watchman.stop()
        data.stop()
        beside.health.wait()
    event("stopped")
    return 0


def _say_whom(home: OpenHome) -> None:
    """Write down whom this service calls; where the medium takes no more, what is written already counts."""
    try:
        announce_known(home)
    except StoreError as error:
        fault(error.code, error)


def _repository(home: Path, named: str, go_on: Callable[[], bool]) -> Source | None:
    if not named.startswith(SCHEMES):
        return None
    announce(home, named)
    return HttpRepository(named, go_on=go_on)


def _serve(home: OpenHome, stop: threading.Event, beside: _Beside) -> None:
    """The loop: a pass, what is to be said of it, and now and then the insurers' events, until `stop`."""
    lines, errors = Lines(), dict[str, str]()
    said, trusted = False, True
    next_events = next_upkeep = 0.0
    while not stop.is_set():
        beside.pulse.beat()
        report = _pass(home, lines, stop, beside.pulse)
        if report.pushed or report.settled or report.errors != errors:
            _log(report)
        errors = report.errors
        home.store.reserve.restore()
        said = said or _told(beside)
        _learn(home, report)
        trusted = _judged(home.clock, trusted=trusted)
        beside.announcer.say(report, home.clock.now(), clock_trusted=trusted, trouble=beside.watchman.trouble)
        if time.monotonic() >= next_events:
            _hear(home, beside)
            next_events = time.monotonic() + EVENT_SECONDS
        if time.monotonic() >= next_upkeep:
            _tend(home, beside.pulse)
            next_upkeep = time.monotonic() + UPKEEP_SECONDS
        elif _UNKNOWN_KEY.intersection(errors.values()):
            next_upkeep = min(next_upkeep, time.monotonic() + DOUBT_SECONDS)
        _back_up(home, beside)
        if not stop.is_set() and _sleep(home, lines, min(next_events, next_upkeep), beside.waker):
            next_events = time.monotonic()


def _sleep(home: OpenHome, lines: Lines, at_most_until: float, waker: Waker) -> bool:
    """Sleep until there may be something to do; whether that is because the network is back."""
    try:
        seconds = seconds_to_sleep(home, lines, home.clock.now())
    except StoreError as error:
        fault(error.code, error)
        seconds = LEAST_SECONDS
    if not waker.wait(min(seconds, at_most_until - time.monotonic())):
        return False
    event("network_back")
    try:
        network_is_back(home, lines, home.clock.now(), random.SystemRandom())
    except StoreError as error:
        fault(error.code, error)
    return True


def _learn(home: OpenHome, report: DrainReport) -> None:
    """A receipt that just came carries the insurer's time."""
    signed = last_signed_time(home.outbox) if report.acknowledged else None
    if signed is not None:
        home.clock.learn(signed)


def _judged(clock: Clock, *, trusted: bool) -> bool:
    """Whether the clock is believed; a change is logged."""
    if clock.trusted != trusted:
        event("clock_believed" if clock.trusted else "clock_doubted")
    return clock.trusted


def _told(beside: _Beside) -> bool:
    """Write what the checks at the start found, once they are done; whether they are."""
    health = beside.health
    if not health.done:
        return False
    beside.announcer.checks_failed = len(health.failed)
    event("checked", failed=len(health.failed))
    for line in health.failed:
        event("check_failed", check=line.name, detail=line.detail, todo="comptoir rebuild")
    return True


def _back_up(home: OpenHome, beside: _Beside) -> None:
    """The daily backup, when it is due and its medium is there; what is wrong is logged, and tried again later."""
    beside.pulse.beat()
    try:
        beside.backups.run(home.clock.now())
    except StoreError as error:
        fault(error.code, error)


def _hear(home: OpenHome, beside: _Beside) -> None:
    """Ask for events; what is wrong is logged, and asked again later."""
    try:
        with _peers(home) as peers:
            errors = beside.hearing.round(peers, beside.pulse.beat)
    except StoreError as error:
        fault(error.code, error)
        return
    for insurer, code in errors.items():
        event("events_failed", insurer=insurer, error=code)


def _tend(home: OpenHome, pulse: Pulse) -> None:
    """Keep enrolments good; what is wrong is logged, and tried again at the next round."""
    try:
        errors = tend(home, pulse.beat).errors
    except StoreError as error:
        fault(error.code, error)
        return
    for insurer, code in errors.items():
        event("upkeep_failed", insurer=insurer, error=code)


def _pass(home: OpenHome, lines: Lines, stop: threading.Event, pulse: Pulse) -> DrainReport:
    """Push what may leave now; a full medium is waited for, because the counter may make room."""
    try:
        settling = any(one.allowed for one in home.outbox.chains.reconciling())
        if not settling and not insurers_due(home.outbox, home.logs, home.clock.now()):
            return DrainReport()
        with _peers(home) as peers:
            rng = random.SystemRandom()
            return drain(
                home.outbox,
                peers,
                home.clock.now,
                rng,
                lines=lines,
                observe=lambda _name, _number: pulse.beat(),
                go_on=lambda: _goes_on(stop, pulse),
                logs=home.logs,
            )
    except DiskFull as error:
        fault(error.code, error)
        stop.wait(DISK_FULL_SECONDS)
        return DrainReport()


def _goes_on(stop: threading.Event, pulse: Pulse) -> bool:
    pulse.beat()
    return not stop.is_set()


def _peers(home: OpenHome) -> Peers:
    clock = home.clock
    return Peers(home.insurers.get, home.tls_key, home.signer, clock.now, surely_past=surely_past(clock))


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


if __name__ == "__main__":
    sys.exit(main())
