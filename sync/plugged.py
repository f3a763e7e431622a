"""What other packages plug in by entry points. Rule: read once, since nothing is installed while a program runs."""

from functools import cache
from importlib.metadata import EntryPoints, entry_points


@cache
def plugged(group: str, name: str) -> EntryPoints:
    """The entry points of this name in this group; reading every package's takes longer than opening a store."""
    return entry_points(group=group, name=name)
