"""The intake as a process: from its folder to a listening server.

Rules: it opens nothing but the intake's folder and database; it says that it is ready only once it accepts connections,
on standard output and, if asked, in a file that appears whole.
"""

import json
import os
import socket
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from sync.errors import AddressUnavailable
from sync.eventlog import event, start_log
from sync.receiver.app import OPERATIONS, build_app
from sync.receiver.counters import Counters, Measured
from sync.receiver.databases import Place
from sync.receiver.errors import WorkersNeedPostgres
from sync.receiver.folder import IntakeMaterial, open_intake
from sync.receiver.health import Health
from sync.receiver.intake import Intake
from sync.receiver.log_folder import open_log
from sync.receiver.monitoring import LOOPBACK, Monitor, start_monitor
from sync.receiver.quotas import QUOTAS, quotas_in
from sync.receiver.server import bind, serve
from sync.receiver.workers import run_workers
from sync.tls import present, server_context


@dataclass(frozen=True)
class Serving:
    """How to serve: on which database, where (`port` None: the endpoint's, 0: any free one), in how many processes."""

    place: Place
    host: str = "127.0.0.1"
    port: int | None = None
    ready_file: Path | None = None
    workers: int = 1
    monitor_port: int | None = None
    """Where metrics and the health report are told, on the loopback address only (0: any free port); None: nowhere."""


def run_intake(folder: Path, serving: Serving) -> None:
    """Serve the insurer in `folder` until SIGTERM."""
    start_log()
    material = open_intake(folder)
    if serving.workers > 1 and not serving.place.is_shared:
        raise WorkersNeedPostgres("one process holds a database in a file")
    listener = bound(serving.host, material.settings.port() if serving.port is None else serving.port)
    port = listener.getsockname()[1]
    monitored = None if serving.monitor_port is None else bound(LOOPBACK, serving.monitor_port)
    counters = Counters(OPERATIONS)

    def work(ready: Callable[[], None]) -> None:
        _answer(_Sockets(listener, monitored, counters), folder, material, serving.place, ready)

    def announce() -> None:
        more = {} if monitored is None else {"monitor_port": monitored.getsockname()[1]}
        _announce(material, serving, port, more)

    with listener:
        if serving.workers > 1:
            run_workers(serving.workers, work, announce)
        else:
            work(announce)
    event("stopped", insurer=material.settings.amc)


@dataclass(frozen=True)
class _Sockets:
    """What all workers share: where terminals ask, where the operator does, and the counts."""

    terminals: socket.socket
    monitor: socket.socket | None
    counters: Counters


def _answer(sockets: _Sockets, folder: Path, material: IntakeMaterial, place: Place, ready: Callable[[], None]) -> None:
    origin = material.settings.at_port(sockets.terminals.getsockname()[1])
    context = server_context(material.clients.certificate_pem.decode("ascii"))
    present(context, material.server_pem, material.server_key)
    quotas = quotas_in(material.database.parent / QUOTAS)
    with place.open(material.settings.amc) as ledger:
        log = open_log(folder, ledger, _now)
        app = build_app(Intake(ledger, material, origin, _now, log, quotas=quotas))
        if sockets.monitor is not None:
            health = Health(ledger, material.database.parent, log)
            start_monitor(Monitor(health, sockets.counters, _now), sockets.monitor)
        serve(Measured(app, sockets.counters), sockets.terminals, context, ready)


def bound(host: str, port: int) -> socket.socket:
    """A socket bound there (port 0: any free one); AddressUnavailable."""
    try:
        return bind(host, port)
    except OSError as error:
        raise AddressUnavailable("cannot listen there", host=host, port=port) from error


def _announce(material: IntakeMaterial, serving: Serving, port: int, more: dict[str, int]) -> None:
    known: dict[str, str | int] = {
        "ready": True,
        "insurer": material.settings.amc,
        "endpoint": material.settings.at_port(port),
        "port": port,
    }
    announce_ready({**known, **more}, serving.ready_file)


def announce_ready(facts: dict[str, str | int], ready_file: Path | None) -> None:
    """Say that connections are accepted: `facts` and the process id, as one line of JSON, and in a file if asked."""
    pid = os.getpid()
    ready = json.dumps({**facts, "pid": pid})
    if ready_file is not None:
        partial = ready_file.with_name(f".{ready_file.name}.{pid}")
        partial.write_text(ready + "\n", encoding="utf-8")
        partial.replace(ready_file)
    sys.stdout.write(ready + "\n")
    sys.stdout.flush()
    event("ready", port=facts["port"])


def _now() -> datetime:
    return datetime.now(UTC)
