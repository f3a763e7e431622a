"""How long until the counter shows itself, beside the least that any Python program needs to start.

Rules: the real command in a real pseudo-terminal, on a home of its own. It counts as painted once the field for a code
has been written, by the screen and not by the words before it; as ready once the name of the only user has been: the
home is open then, and a code that was typed meanwhile is tried.
"""

import fcntl
import os
import pty
import signal
import struct
import subprocess
import sys
import tempfile
import termios
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import perf_counter

from terminal.i18n import text

NAME = "Zéphyrine"
FIELD = text("lock.who")
"""What the locked screen asks, whether it knows its people or not yet."""
ROWS, COLUMNS = 30, 100
PATIENCE = 60.0
"""Seconds after which a screen that does not come ends the measure."""


def measure(parent: Path, count: int) -> dict[str, float]:
    """Median seconds to first paint, to ready and of `python -c pass`, over `count` of each, taking turns."""
    painted, ready, bare = [], [], []
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        home = _home(Path(folder))
        for _ in range(count):
            first, last = _start(home)
            painted.append(first)
            ready.append(last)
            bare.append(_bare())
    return {
        "paint_seconds": median(painted),
        "ready_seconds": median(ready),
        "python_seconds": median(bare),
        "ratio": median(painted) / median(bare),
        "ready_ratio": median(ready) / median(bare),
    }


def _home(folder: Path) -> Path:
    home, pin = folder / "home", folder / "pin"
    pin.write_text("2468\n", "utf-8")
    _comptoir("init", "--home", str(home), "--shop", "991000019", "--name", "Banc d’essai")
    _comptoir("user", "add", "--home", str(home), "zephyrine", NAME, "--new-pin-file", str(pin))
    return home


def _comptoir(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "terminal.cli", *arguments], check=True, capture_output=True)


def _bare() -> float:
    start = perf_counter()
    subprocess.run([sys.executable, "-c", "pass"], check=True)
    return perf_counter() - start


def _start(home: Path) -> tuple[float, float]:
    start = perf_counter()
    child, terminal = pty.fork()
    if child == 0:
        os.environ["TERM"] = "xterm-256color"
        os.execv(sys.executable, [sys.executable, "-m", "terminal.cli", "--home", str(home)])
    try:
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))
        seen = _read_until(terminal, FIELD.encode("utf-8"), start)
        painted = perf_counter() - start
        _read_until(terminal, NAME.encode("utf-8"), start, seen)
        return painted, perf_counter() - start
    finally:
        os.kill(child, signal.SIGKILL)
        _drain(terminal)
        os.waitpid(child, 0)
        os.close(terminal)


def _read_until(terminal: int, wanted: bytes, start: float, seen: bytes = b"") -> bytes:
    while wanted not in seen:
        try:
            seen += os.read(terminal, 65536)
        except OSError:
            raise RuntimeError(f"the counter ended: {seen[-500:]!r}") from None
        if perf_counter() - start > PATIENCE:
            raise TimeoutError("the counter did not show itself")
    return seen


def _drain(terminal: int) -> None:
    with suppress(OSError):
        while os.read(terminal, 65536):
            pass
