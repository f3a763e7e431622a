"""`comptoir-insurer serve`: the intake, until SIGTERM. Rule: only this command loads the server."""

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from sync.receiver.databases import place_of
from sync.receiver.service import Serving, run_intake

AddCommand = Callable[[Any, str, Any, str], argparse.ArgumentParser]


def add_serve_command(commands: Any, add: AddCommand) -> None:
    """Add the command to the grammar, by way of `add`."""
    serve = add(commands, "serve", _serve, "receive claims until SIGTERM")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, help="default: the endpoint's; 0: any free one")
    serve.add_argument("--ready-file", type=Path, help="written once connections are accepted")
    serve.add_argument("--workers", type=int, default=1, metavar="N", help="processes; several need PostgreSQL")
    serve.add_argument("--require-standby", metavar="NAME", help="sign nothing that this standby has not flushed")
    serve.add_argument(
        "--monitor-port", type=int, metavar="P", help="metrics and health on 127.0.0.1 (0: any free one)"
    )


def _serve(asked: argparse.Namespace) -> int:
    place = place_of(asked.dir, asked.database, asked.require_standby)
    run_intake(asked.dir, Serving(place, asked.host, asked.port, asked.ready_file, asked.workers, asked.monitor_port))
    return 0
