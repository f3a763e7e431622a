"""What the service costs while nothing happens: its share of one core, with nothing waiting.

Rules: the service is the real program on a new home; it is measured once its checks at the start are done, by the time
that the kernel gave to its threads, not by ticks.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

from sync.home import create_home
from tests.benchmarks.table import Figures

_SETTLED_SECONDS: Final = 3.0
_NANOSECONDS: Final = 1e9


def measure(scratch: Path, seconds: float) -> Figures:
    """The share of one core over so many seconds."""
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        home = Path(folder, "home")
        create_home(home).close()
        command = [sys.executable, "-m", "sync.daemon", "--home", str(home), "--metrics", str(home / "metrics")]
        environment = {**os.environ, "WATCHDOG_USEC": "60000000"}
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as service:
            assert service.stderr is not None
            if not any(json.loads(line)["event"] == "checked" for line in service.stderr):
                raise RuntimeError("the service of the benchmark ended")
            time.sleep(_SETTLED_SECONDS)
            start, began = _used(service.pid), time.perf_counter()
            time.sleep(seconds)
            share = (_used(service.pid) - start) / (time.perf_counter() - began)
            service.terminate()
    return {"seconds": seconds, "share": share}


def _used(pid: int) -> float:
    """Seconds of processor that all threads of a process had."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text("ascii").split()[0]) for task in tasks) / _NANOSECONDS


def line(found: Figures) -> str:
    """The share in words."""
    return f"an idle service: {found['share']:.3%} of one core over {found['seconds']:.0f} s (goal 0.2 %)\n"
