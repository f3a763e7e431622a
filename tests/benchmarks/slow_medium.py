"""A durable enqueue beside raw writes where a flush is as slow as on a cheap medium: strace delays each flush.

Rules: both sides run in one process, and every fsync and fdatasync of either returns later by the same time, on top of
what the real medium needs; nothing else is delayed. A fast medium says little of the real path, because there the
program's own work shows. Run as a module with a folder, a number of claims and their flushes, it measures and prints
JSON: this is the program whose flushes are delayed.
"""

import json
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks import durable

_FLUSHES = "fsync,fdatasync"


def measure(parent: Path, count: int, flushes: int, delay: int) -> dict[str, float] | None:
    """As `durable.measure`, with `delay` microseconds added to each flush; None where strace cannot do that."""
    if shutil.which("strace") is None:
        return None
    slow = ["-e", f"trace={_FLUSHES}", "-e", f"inject={_FLUSHES}:delay_exit={delay}"]
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        program = [sys.executable, "-m", "tests.benchmarks.slow_medium", folder, str(count), str(flushes)]
        watched = ["strace", "-f", "-qq", "--seccomp-bpf", *slow, "-o", "/dev/null", *program]
        done = subprocess.run(watched, capture_output=True, text=True, check=False)
    return None if done.returncode else json.loads(done.stdout)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(durable.measure(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))))
