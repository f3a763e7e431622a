"""How many flushes one registered claim costs: counted by strace, because a library may flush behind our back.

Run as a module with a folder and a number, it registers that many claims: this is the program that strace watches.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.benchmarks.durable import opened_outbox
from tests.benchmarks.sample import SealedClaims

FEW, MANY = 5, 25
_FLUSHED = re.compile(r"\)\s+= 0$", re.MULTILINE)


def per_claim(parent: Path) -> float | None:
    """Flushes for one claim, None where strace is missing or may not watch."""
    if shutil.which("strace") is None:
        return None
    few, many = _flushes(parent, FEW), _flushes(parent, MANY)
    return None if few is None or many is None else (many - few) / (MANY - FEW)


def _flushes(parent: Path, count: int) -> int | None:
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        trace = Path(folder, "trace")
        watch = ["strace", "-f", "-qq", "-e", "trace=fsync,fdatasync,sync_file_range", "-o", str(trace)]
        program = [sys.executable, "-m", "tests.benchmarks.flushes", folder, str(count)]
        done = subprocess.run([*watch, *program], capture_output=True, check=False)
        return len(_FLUSHED.findall(trace.read_text("utf-8"))) if done.returncode == 0 else None


def _register(folder: Path, count: int) -> None:
    claims = SealedClaims()
    with opened_outbox(folder) as outbox:
        for _ in range(count):
            outbox.enqueue(claims.entry())


if __name__ == "__main__":
    _register(Path(sys.argv[1]), int(sys.argv[2]))
