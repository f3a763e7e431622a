"""How many flushes one registered claim costs, and how many bytes it makes the medium take: counted by strace.

Rules: a library may flush behind our back, so the system calls are counted, on the files of the store and of the
counterfoil only. Two runs of different length are compared: what opening costs is in neither figure. Run as a module
with a folder and a number, it registers that many claims: this is the program that strace watches.
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
_CALLS = "fsync,fdatasync,sync_file_range,write,writev,pwrite64,pwritev"
_DONE = re.compile(r"^\d+ +(\w+)\(\d+<(?:[^>]*/)(?:store\.db|counterfoil\.log)[^>/]*>.*\) += (\d+)$", re.MULTILINE)


def per_claim(parent: Path) -> dict[str, float] | None:
    """`flushes` and `bytes` for one claim, None where strace is missing or may not watch."""
    if shutil.which("strace") is None:
        return None
    few, many = _counted(parent, FEW), _counted(parent, MANY)
    if few is None or many is None:
        return None
    return {name: (many[name] - few[name]) / (MANY - FEW) for name in many}


def _counted(parent: Path, count: int) -> dict[str, int] | None:
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        trace = Path(folder, "trace")
        watch = ["strace", "-f", "-qq", "-y", "-s", "0", "-e", f"trace={_CALLS}", "-o", str(trace)]
        program = [sys.executable, "-m", "tests.benchmarks.flushes", folder, str(count)]
        done = subprocess.run([*watch, *program], capture_output=True, check=False)
        return None if done.returncode else _totals(trace.read_text("utf-8"))


def _totals(trace: str) -> dict[str, int]:
    calls = _DONE.findall(trace)
    flushed = sum("sync" in name for name, _ in calls)
    return {"flushes": flushed, "bytes": sum(int(returned) for name, returned in calls if "write" in name)}


def _register(folder: Path, count: int) -> None:
    claims = SealedClaims()
    with opened_outbox(folder) as outbox:
        for _ in range(count):
            outbox.enqueue(claims.entry())


if __name__ == "__main__":
    _register(Path(sys.argv[1]), int(sys.argv[2]))
