"""Keeping a process's memory out of core dumps: it holds keys, and at the counter a person's data.

Rules: called once, before anything secret is read; where the system offers less (no prctl), what it offers is taken.
Source: setrlimit(2), prctl(2) PR_SET_DUMPABLE.
"""

import ctypes
import resource
from contextlib import suppress
from typing import Final

_PR_SET_DUMPABLE: Final = 4


def forbid_core_files() -> None:
    """No core file of this process or of its children is written."""
    _, most = resource.getrlimit(resource.RLIMIT_CORE)
    resource.setrlimit(resource.RLIMIT_CORE, (0, most))


def forbid_dumps() -> None:
    """The same, and no other process of this user may read this one's memory, a crash handler included."""
    forbid_core_files()
    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
