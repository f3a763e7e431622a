"""How long this machine runs, and since which start: a time that no clock setting changes.

Rules: suspended time counts (CLOCK_BOOTTIME, clock_gettime(2)); a start has the kernel's random name (random(4)).
Where the system has no such clock or name, the monotonic one and an empty name stand in.
"""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_BOOT_ID: Final = Path("/proc/sys/kernel/random/boot_id")


@dataclass(frozen=True)
class Uptime:
    """Seconds since the start `boot`."""

    boot: str
    seconds: float


def uptime() -> Uptime:
    """This instant."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return Uptime(_boot(), time.clock_gettime(clock))


def _boot() -> str:
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""
