"""An insurer that is started often: each start is a fork of a process that has everything imported.

Rules: the server is a session of its own, so that a kill takes all its workers in one moment; it runs what the command
runs. `early` plants the fault that the tests must find: the answer leaves before the commit.
"""

import json
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from sync.receiver import intake
from sync.receiver.cli import main
from sync.receiver.db import Ledger
from tests.integration.sync.world import Insurer

CONTEXT = multiprocessing.get_context("forkserver")
CONTEXT.set_forkserver_preload(["tests.integration.receiver.forked"])
PATIENCE = 100
LATE = 0.05
"""Seconds by which the planted fault commits too late."""


class ForkedInsurer(Insurer):
    """Up and down like the other one, in a tenth of a second."""

    early: bool = False
    serving: tuple[str, ...] = ()
    _running: Any = None

    def start(self, *options: str) -> "ForkedInsurer":
        """Bring it up, on the port it had before; return when it accepts connections."""
        here, there = CONTEXT.Pipe()
        arguments = ["serve", "--dir", str(self.folder), "--port", str(self.port), *options]
        log = self.folder.with_suffix(".log")
        self._running = CONTEXT.Process(target=_serve, args=(arguments, there, str(log), self.early))
        self._running.start()
        there.close()
        ready = _told_by(here)
        here.close()
        self.port, self.pid = ready["port"], ready["pid"]
        return self

    def stop(self, *, kill: bool = False) -> int:
        """Bring it down, gracefully or all of it at once; its exit status."""
        assert self._running.pid is not None
        os.killpg(self._running.pid, signal.SIGKILL) if kill else os.kill(self._running.pid, signal.SIGTERM)
        self._running.join(PATIENCE)
        status = self._running.exitcode
        self._running.close()
        self._running = None
        assert status is not None, f"it does not stop: {self.folder.with_suffix('.log').read_text('utf-8')[-3000:]}"
        return int(status)

    def close(self) -> None:
        """Bring it down if it is up, and close its log."""
        if self._running is not None:
            with suppress(ProcessLookupError):
                self.stop(kill=True)
        self.log.close()

    def workers(self) -> list[int]:
        """The processes that it started."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text("ascii")
        return [int(pid) for pid in children.split()]


def _told_by(pipe: Pipe) -> dict[str, Any]:
    """What the server says when it is ready."""
    assert pipe.poll(60), "it does not become ready"
    found: dict[str, Any] = json.loads(pipe.recv())
    return found


class _Said:
    """Standard output that goes into a pipe."""

    def __init__(self, pipe: Pipe) -> None:
        self._pipe = pipe

    def write(self, text: str) -> int:
        self._pipe.send(text)
        return len(text)

    def flush(self) -> None:
        """Nothing is held back."""


def _serve(arguments: list[str], pipe: Pipe, log: str, early: bool) -> None:
    os.setsid()
    sys.stderr = Path(log).open("a", encoding="utf-8")  # noqa: SIM115  # open until this process ends
    sys.stdout = _Said(pipe)  # as much of a stream as the command needs
    if early:
        setattr(Ledger, "_write_once", _commit_later)  # noqa: B010  # the planted fault
        setattr(intake, "with_proofs", _without)  # noqa: B010  # a proof would wait for the commit
    sys.exit(main(arguments))


def _without(_log: object, results: list[Any], _places: object) -> list[Any]:
    return results


def _commit_later(ledger: Ledger, work: Callable[[Connection], Any]) -> Any:
    connection = ledger._engine.connect().execution_options(writes=True)
    connection.begin()
    result = work(connection)

    def commit() -> None:
        connection.commit()
        connection.close()

    threading.Timer(LATE, commit).start()
    return result
