"""What the sync service says of itself to the counter: one small file in the home, `sync.status`.

Rules: replaced whole, so a reader sees one state or the next; not flushed, for it is worth nothing after a power cut
and a flash card wears; no personal data: counts, codes, insurer numbers. Its age is told in the machine's uptime
(CLOCK_BOOTTIME) of one start, because the wall clock may be wrong. A file that cannot be read is no state.
"""

import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Final, Literal

import msgspec

FILE_NAME: Final = "sync.status"
AGAIN_SECONDS: Final = 300.0
"""A running service writes at least this often."""
LOST_SECONDS: Final = 2 * AGAIN_SECONDS + 60
_LONGEST: Final = 65_536
_STARTTIME: Final = 19
_ROUNDING: Final = 1.0
AWAITED: Final = "COMPTOIR_SENDER_STARTS"
"""Names, in a counter's surroundings, how many seconds of uptime its machine may need to start the service."""
_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")
_READ_BY_ALL: Final = 0o644
_READ_BY_OWNER: Final = 0o600


class ServiceState(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One state. `since` and `beat`: seconds of uptime of the start `boot`; `at` is the wall clock, trusted or not.

    `warned` and `alarmed` count claims without receipt after so many working days (`sync.deadlines`). `data_checked`:
    when a repository last confirmed the reference data, ISO; `data_error`: why the last try did not, a code.
    `trouble`: why the watchdog is not fed; `errors`: a code by insurer; `oldest`: when the oldest that waits was
    registered, `last_receipt` when the last receipt came, ISO; `acknowledged` counts since the service started.
    """

    schema: Literal["comptoir/sync-status/v1"]
    pid: int
    boot: str
    since: float
    beat: float
    at: str
    clock_trusted: bool
    waiting: int
    rejected: int
    oldest: str | None
    last_receipt: str | None
    acknowledged: int
    errors: dict[str, str]
    warned: int = 0
    alarmed: int = 0
    data_checked: str | None = None
    data_error: str | None = None
    trouble: str | None = None
    checks_failed: int | None = None
    running: bool = True


def uptime() -> float:
    """Seconds since this machine started, suspended time included."""
    return time.clock_gettime(getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC))


def boot() -> str:
    """The kernel's name of this start, empty where there is none."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def write_state(home: Path, state: ServiceState) -> bool:
    """Show this state; false when the medium refuses, which stops nobody."""
    return write_whole(home / FILE_NAME, msgspec.json.encode(state) + b"\n", _READ_BY_OWNER)


def read_state(home: Path) -> ServiceState | None:
    """The last state shown, or None."""
    try:
        with (home / FILE_NAME).open("rb") as file:
            return msgspec.json.decode(file.read(_LONGEST), type=ServiceState)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def is_running(state: ServiceState | None) -> bool:
    """Whether the process that shows this state is there: a service that was killed cannot say so itself."""
    if state is None or not state.running or state.boot != boot():
        return False
    try:
        os.kill(state.pid, 0)
    except ProcessLookupError:
        return False
    except OSError:
        return True
    started = _started(state.pid)
    return started is None or started <= state.since + _ROUNDING


def is_awaited(state: ServiceState | None) -> bool:
    """Whether a machine that starts the service by itself may not have come to it: it was not heard in this start."""
    heard = state is not None and state.boot == boot()
    return not heard and uptime() < _seconds(os.environ.get(AWAITED, ""))


def _seconds(told: str) -> float:
    return float(told) if told.isascii() and told.isdigit() else 0.0


def is_alive(state: ServiceState | None) -> bool:
    """Whether a service that shows this state is at work now; its beat may be rounded up, past this very instant."""
    return state is not None and is_running(state) and -_ROUNDING <= uptime() - state.beat <= LOST_SECONDS


def _started(pid: int) -> float | None:
    """When a process began, in seconds of uptime (proc(5)): a number may have gone to another; None if not told."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text("ascii", "replace").rpartition(")")[2].split()
        return int(fields[_STARTTIME]) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return None


def write_whole(path: Path, content: bytes, mode: int = _READ_BY_ALL) -> bool:
    """Give `path` this content for readers that may look at any time; false when the medium refuses."""
    part = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, mode)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        part.replace(path)
    except OSError:
        with suppress(OSError):
            part.unlink()
        return False
    return True
