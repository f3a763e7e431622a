"""The row of keys at the foot of a screen: only keys that do something here.

Rules: pure; a label is never cut: on a narrow screen spaces go first, then the last entries.
"""

from collections.abc import Sequence
from typing import NamedTuple

from terminal.tui.spans import Line, Role, Span, first_fitting, length


class KeyLabel(NamedTuple):
    """A key cap and what it does."""

    key: str
    label: str


def key_bar(entries: Sequence[KeyLabel], width: int) -> Line:
    """The row for `width` columns; the most useful entry comes first."""
    alternatives = [_bar(entries, gap, space) for gap, space in (("  ", " "), (" ", " "), (" ", ""))]
    alternatives += [_bar(entries[:count], " ", "") for count in range(len(entries) - 1, 0, -1)]
    line = first_fitting(alternatives, width)
    return (*line, Span(" " * max(0, width - length(line)), Role.BAR))


def _bar(entries: Sequence[KeyLabel], gap: str, space: str) -> Line:
    spans: list[Span] = []
    for key, label in entries:
        spans += [Span(f"{space}{key}{space}", Role.KEY), Span(f" {label}{gap}", Role.BAR)]
    if spans:
        spans[-1] = Span(spans[-1].text.rstrip(), Role.BAR)
    return tuple(spans)
