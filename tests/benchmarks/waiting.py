"""What many waiting claims cost at start: time to open and to check the home, and memory, beside few waiting claims.

Rules: both homes are real ones, filled through the real queue. They are filled where a flush costs nothing and then
copied to the medium, and their envelopes are one sealed envelope under many ids: how fast a home is filled is not what
is measured here. Each opening is a process of its own, run as this module with the home's folder: it prints JSON.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from statistics import median
from time import perf_counter

from sync.home import create_home, open_home
from sync.queue import Entry
from tests.benchmarks.sample import SealedClaims

_IN_MEMORY = Path("/dev/shm")
_ROUNDS = 3


def measure(parent: Path, few: int, many: int) -> dict[str, float]:
    """Seconds and peak bytes of a start with `many` and with `few` claims waiting, and many ÷ few of both."""
    small, large = _start(parent, few), _start(parent, many)
    ratios = {f"{name}_ratio": large[name] / small[name] for name in large}
    named = {f"{name}_{size}": value for size, row in (("few", small), ("many", large)) for name, value in row.items()}
    return {"few": few, "many": many, **named, **ratios}


def _start(parent: Path, count: int) -> dict[str, float]:
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        home = Path(folder, "home")
        _fill(home, count)
        rounds = [_opened(home) for _ in range(_ROUNDS)]
    return {name: median(row[name] for row in rounds) for name in rounds[0]}


def _fill(home: Path, count: int) -> None:
    with tempfile.TemporaryDirectory(dir=_IN_MEMORY if _IN_MEMORY.is_dir() else home.parent) as folder:
        made = Path(folder, "home")
        with create_home(made) as opened:
            claims = SealedClaims(opened.signer)
            sealed = claims.entry()
            for number in range(count):
                opened.outbox.enqueue(_renamed(sealed, claims.claim_id(number)))
        shutil.copytree(made, home)


def _renamed(entry: Entry, claim_id: str) -> Entry:
    envelope = entry.envelope.replace(entry.claim_id.encode("ascii"), claim_id.encode("ascii"))
    return replace(entry, claim_id=claim_id, envelope=envelope)


def _opened(home: Path) -> dict[str, float]:
    program = [sys.executable, "-m", "tests.benchmarks.waiting", str(home)]
    told: dict[str, float] = json.loads(subprocess.run(program, capture_output=True, check=True).stdout)
    return told


def _timed_start(home: Path) -> dict[str, float]:
    start = perf_counter()
    with open_home(home) as opened:
        opened.outbox.reconcile()
        middle = perf_counter()
        found = opened.check()
        end = perf_counter()
    if not all(line.ok for line in found):
        raise RuntimeError("a home of the benchmark is not whole")
    return {"open": middle - start, "check": end - middle, "start": end - start, "memory": float(_peak_memory())}


def _peak_memory() -> int:
    """Bytes; of this program only (`getrusage` would count the process it was started from)."""
    status = Path("/proc/self/status").read_text("ascii")
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_timed_start(Path(sys.argv[1]))))
