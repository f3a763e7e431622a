"""Removable media that are mounted: where a sheet can be written to, and where new data can come from.

Rules: only what the kernel lists as mounted below the places where removable media go; nothing is mounted here, and a
medium is written to only when a person chose it.
"""

import os
from pathlib import Path
from typing import Final

MOUNTS: Final = Path("/proc/self/mounts")
PLACES: Final = (Path("/media"), Path("/run/media"), Path("/mnt"))


def mounted(mounts: Path = MOUNTS, places: tuple[Path, ...] = PLACES) -> tuple[Path, ...]:
    """The mount points below `places`, in order of name; none where the list cannot be read."""
    try:
        lines = mounts.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    except OSError:
        return ()
    points = {Path(_plain(line.split(" ")[1])) for line in lines if line.count(" ") > 1}
    return tuple(sorted(point for point in points if any(point.is_relative_to(place) for place in places)))


def writable(points: tuple[Path, ...]) -> tuple[Path, ...]:
    """Those that can be written to now."""
    return tuple(point for point in points if os.access(point, os.W_OK))


def _plain(field: str) -> str:
    r"""A field of the list, where a blank is written as `\040`."""
    for escape, sign in (("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")):
        field = field.replace(escape, sign)
    return field
