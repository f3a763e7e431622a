"""The intake as a process: from its folder to a listening server.

Rules: it opens nothing but the intake's folder; it says that it is ready only once it accepts connections, on standard
output and, if asked, in a file that appears whole.
"""

import json
import os
import socket
import sys
from datetime import UTC, datetime
from pathlib import Path

from sync.errors import AddressUnavailable
from sync.eventlog import event, start_log
from sync.receiver.app import build_app
from sync.receiver.db import Ledger
from sync.receiver.folder import IntakeMaterial, open_intake
from sync.receiver.intake import Intake
from sync.receiver.server import bind, serve
from sync.tls import present, server_context


def run_intake(folder: Path, host: str, port: int | None, ready_file: Path | None) -> None:
    """Serve the insurer in `folder` until SIGTERM. `port` None is the endpoint's, 0 any free one."""
    start_log()
    material = open_intake(folder)
    listener = _bound(host, material.settings.port() if port is None else port)
    origin = material.settings.at_port(listener.getsockname()[1])
    context = server_context(material.clients.certificate_pem.decode("ascii"))
    present(context, material.server_pem, material.server_key)
    ledger = Ledger.at(material.database)
    try:
        app = build_app(Intake(ledger, material, origin, _now))
        serve(app, listener, context, lambda: _announce(material, origin, listener.getsockname()[1], ready_file))
    finally:
        ledger.close()
    event("stopped", insurer=material.settings.amc)


def _bound(host: str, port: int) -> socket.socket:
    try:
        return bind(host, port)
    except OSError as error:
        raise AddressUnavailable("cannot listen there", host=host, port=port) from error


def _announce(material: IntakeMaterial, origin: str, port: int, ready_file: Path | None) -> None:
    settings, pid = material.settings, os.getpid()
    ready = json.dumps({"ready": True, "insurer": settings.amc, "endpoint": origin, "port": port, "pid": pid})
    if ready_file is not None:
        partial = ready_file.with_name(f".{ready_file.name}.{pid}")
        partial.write_text(ready + "\n", encoding="utf-8")
        partial.replace(ready_file)
    sys.stdout.write(ready + "\n")
    sys.stdout.flush()
    event("ready", insurer=settings.amc, port=port)


def _now() -> datetime:
    return datetime.now(UTC)
