"""The demonstration's sync service: the real one, in a process of its own.

Rules: it is told nothing but the home; what it did is read from what it printed.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sync.errors import SyncError

PATIENCE: Final = 30.0


class ServiceFailed(SyncError):
    """The sync service ended without saying what it did."""

    code = "service_failed"


@dataclass(frozen=True, slots=True)
class Drained:
    """What one pass of the service did."""

    pushed: int
    acknowledged: int
    duplicates: int
    errors: dict[str, str] = field(default_factory=dict)


def drain(home: Path) -> Drained:
    """One pass of `comptoir-sync --once`; ServiceFailed when it says nothing."""
    done = subprocess.run([*_program(home), "--once", "--json"], capture_output=True, text=True, check=False)
    try:
        said = json.loads(done.stdout.splitlines()[-1])
        return Drained(**{name: said[name] for name in Drained.__dataclass_fields__})
    except (IndexError, KeyError, ValueError) as error:
        raise ServiceFailed(status=done.returncode) from error


@contextmanager
def run_service(home: Path) -> Iterator[None]:
    """The service, as long as the block runs; its log lies beside the home."""
    with home.with_suffix(".sync.log").open("a", encoding="utf-8") as log:
        service = subprocess.Popen(_program(home), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    try:
        yield
    finally:
        service.terminate()
        service.wait(PATIENCE)


def _program(home: Path) -> list[str]:
    return [sys.executable, "-m", "sync.daemon", "--home", str(home)]
