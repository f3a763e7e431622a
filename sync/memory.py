"""Keeping a process's memory out of core dumps and swap, and small: it holds keys, and at the counter a person's data.

Rules: called once, before anything secret is read; where the system offers less (no prctl), what it offers is taken.
Memory is locked only where that has no limit for us: a limit that is reached later would end the process, so there the
machine must have no swap, and `comptoir doctor` says so. Locks do not nest: whoever unlocks a part of locked memory
opens it, with what else lies on its pages (SQLCipher does, where it guards its own memory: `is_locked`).
Source: setrlimit(2), prctl(2) PR_SET_DUMPABLE, mlockall(2), munlock(2), capabilities(7), proc(5).
"""

import ctypes
import re
import resource
from contextlib import suppress
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/self/status")
_CAP_IPC_LOCK: Final = 14
_SWAPS: Final = Path("/proc/swaps")
_IN_MEMORY: Final = "/dev/zram"
_LOCK_ALL: Final = 1 | 2 | 4
"""MCL_CURRENT, MCL_FUTURE, and MCL_ONFAULT: what was never touched takes no memory."""
_PR_SET_DUMPABLE: Final = 4
_ARENAS, _TRIM, _MAPPED = -8, -1, -3
"""M_ARENA_MAX, M_TRIM_THRESHOLD and M_MMAP_THRESHOLD of malloc.h."""
_BLOCK: Final = 128 * 1024
_kept: Final = {"locked": False}


def forbid_core_files() -> None:
    """No core file of this process or of its children is written."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def forbid_dumps() -> None:
    """The same, and no other process of this user may read this one's memory, a crash handler included."""
    forbid_core_files()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def give_back_what_is_free() -> None:
    """One heap, trimmed as it empties, large pieces apart: a process that works for weeks stays as small as it was.

    Without it glibc keeps a heap for each thread and raises its thresholds by itself; both only ever grow. Where there
    is no such library nothing happens. Source: mallopt(3).
    """
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        for option, value in ((_ARENAS, 1), (_TRIM, _BLOCK), (_MAPPED, _BLOCK)):
            library.mallopt(option, value)


def keep_out_of_swap() -> bool:
    """Lock all memory of this process, now and later; whether it is locked."""
    if not (_is_unlimited() or _may_lock_without_limit()):
        return False
    with suppress(OSError, AttributeError):
        _kept["locked"] = bool(ctypes.CDLL(None).mlockall(_LOCK_ALL) == 0)
    return is_locked()


def is_locked() -> bool:
    """Whether all memory of this process was locked; then nobody in it may lock and unlock parts of it."""
    return _kept["locked"]


def _is_unlimited() -> bool:
    return resource.getrlimit(resource.RLIMIT_MEMLOCK)[0] == resource.RLIM_INFINITY


def _may_lock_without_limit() -> bool:
    """Whether this process has CAP_IPC_LOCK (capabilities(7)), for which the limit does not count."""
    with suppress(OSError, ValueError):
        held = re.search(r"^CapEff:\s*([0-9a-f]+)$", _STATUS.read_text(encoding="ascii"), re.MULTILINE)
        return held is not None and bool(int(held.group(1), 16) >> _CAP_IPC_LOCK & 1)
    return False


def swap_places(swaps: Path = _SWAPS) -> tuple[str, ...]:
    """Where this machine may write memory to: files and partitions; compressed memory (zram) is none."""
    try:
        lines = swaps.read_text(encoding="utf-8").splitlines()[1:]
    except OSError:
        return ()
    return tuple(place for place in (line.split()[0] for line in lines if line) if not place.startswith(_IN_MEMORY))
