"""A program in a pseudo-terminal, seen through a terminal emulator (pyte)."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
from pathlib import Path
from time import monotonic

import pyte

PATIENCE = 60.0
PROGRAM = Path(__file__).with_name("counter_program.py")
_PRIVATE = re.compile(rb"\x1b\[[<>=?][0-9;]*[a-zA-Z]|\x1b\[\?[0-9;]*\$p")
"""Private sequences that the emulator would print as text."""


def as_emulated(raw: bytes) -> bytes:
    """What a program wrote, without what the emulator would take for text."""
    return _PRIVATE.sub(b"", raw)


class Screen:
    """The program's terminal: `raw` is every byte it wrote, `text()` what a person sees."""

    def __init__(self, folder: Path, what: str, size: tuple[int, int] = (100, 30)) -> None:
        self.raw = b""
        self._display = pyte.Screen(*size)
        self._stream = pyte.ByteStream(self._display)
        self.pid, self._terminal = pty.fork()
        if self.pid == 0:
            os.environ["TERM"] = "xterm-256color"
            os.execv(sys.executable, [sys.executable, str(PROGRAM), str(folder), what])
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", size[1], size[0], 0, 0))

    def type(self, text: str) -> None:
        """Bytes as a keyboard sends them, all at once."""
        os.write(self._terminal, text.encode())

    def wait_for(self, words: str) -> None:
        """Until the words are on the screen."""
        limit = monotonic() + PATIENCE
        while words not in self.text():
            assert monotonic() < limit, f"{words!r} never came:\n{self.text()}"
            assert self._read(limit), f"the program ended before {words!r}:\n{self.text()}\n{self.raw[-2000:]!r}"

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the program."""
        os.kill(self.pid, number)

    def end(self) -> int:
        """Read all that is left; the program's exit status, negative for a signal."""
        limit = monotonic() + PATIENCE
        while self._read(limit):
            assert monotonic() < limit, "the program did not end"
        _, status = os.waitpid(self.pid, 0)
        os.close(self._terminal)
        return os.waitstatus_to_exitcode(status)

    def hang_up(self) -> None:
        """End the program, whatever it shows."""
        self.signal(signal.SIGTERM)
        self.end()

    def text(self) -> str:
        """What is on the screen."""
        return "\n".join(self._display.display)

    def _read(self, limit: float) -> bool:
        ready, _, _ = select.select([self._terminal], [], [], max(0.0, limit - monotonic()))
        try:
            data = os.read(self._terminal, 65536) if ready else b""
        except OSError:
            return False
        self.raw += data
        self._stream.feed(as_emulated(data))
        return bool(data)
