"""What an installation wrote, in order, read from strace: the material of which power cuts are made.

Rules: pure. A write is known by its place and length, since its bytes are the bundle's; the counters' file is small
and its bytes are kept.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final, Literal

COUNTERS: Final = "uboot.env"
COUNTERS_BYTES: Final = 0x4000
_CALL: Final = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d+)")
_BEGUN: Final = re.compile(r"^(\d+) +(\w+\(.*) <unfinished \.\.\.>$")
_RESUMED: Final = re.compile(r"^(\d+) +<\.\.\. \w+ resumed>(.*)$")
_OURS: Final = re.compile(r"^\d+<[^>]*/card/update/([^>]+)>(?:, \"((?:[^\"\\]|\\.)*)\")?")
_OPENED: Final = re.compile(r"\"/card/update/([^\"]+)\", O_(?:WRONLY|RDWR)")


@dataclass(frozen=True)
class Step:
    """One write or flush of a file below the stand's folder; `data` only for the counters."""

    kind: Literal["write", "flush"]
    file: str
    offset: int = 0
    length: int = 0
    data: bytes = b""


def steps(lines: Iterable[str]) -> Iterator[Step]:
    """The writes and flushes, in order; ValueError for a call that would have to be understood and is not."""
    at: dict[str, int] = {}
    for name, inside, result in _calls(lines):
        if name == "openat":
            if opened := _OPENED.search(inside):
                at[opened[1]] = 0
            continue
        found = _OURS.match(inside)
        if found is None or result < 0:
            continue
        file = found[1]
        if name in ("fsync", "fdatasync"):
            yield Step("flush", file)
        elif name == "write":
            data = _counters(found[2]) if file == COUNTERS else b""
            yield Step("write", file, at.get(file, 0), result, data)
            at[file] = at.get(file, 0) + result
        elif name in ("pwrite64", "splice", "copy_file_range", "sendfile", "ftruncate"):
            raise ValueError(f"{name} of {file} is not understood")


def _calls(lines: Iterable[str]) -> Iterator[tuple[str, str, int]]:
    begun: dict[str, str] = {}
    for line in lines:
        if unfinished := _BEGUN.match(line):
            begun[unfinished[1]] = unfinished[2]
            continue
        if resumed := _RESUMED.match(line):
            whole = _CALL.match(f"{resumed[1]} {begun.pop(resumed[1], '')}{resumed[2]}")
        else:
            whole = _CALL.match(line)
        if whole:
            yield whole[2], whole[3], int(whole[4])


def _counters(text: str) -> bytes:
    """The bytes that strace showed; what it cut off is more of the padding with which they end."""
    shown = text.encode("ascii").decode("unicode_escape").encode("latin-1")
    return shown.ljust(COUNTERS_BYTES, shown[-1:])
