"""Text with a role, before it has colours: what screens are made of.

Rules: pure; a role says what a text means and the theme what it looks like; no meaning hangs on colour alone, so
symbols and words come with it. Only glyphs of the Linux console font (Lat15-Fixed16) are used.
"""

from collections.abc import Iterable
from enum import StrEnum
from typing import NamedTuple


class Role(StrEnum):
    """What a text means. BAD is red and reserved to what blocks or was refused; WARN is amber."""

    TEXT = "text"
    MUTED = "muted"
    STRONG = "strong"
    TITLE = "title"
    GOOD = "good"
    WARN = "warn"
    BAD = "bad"
    FIELD = "field"
    ACTIVE = "active"
    CARET = "caret"
    SELECTED = "selected"
    KEY = "key"
    BAR = "bar"
    BAR_STRONG = "bar_strong"
    BAR_WARN = "bar_warn"
    BAR_BAD = "bar_bad"
    ALARM = "alarm"
    ALARM_STRONG = "alarm_strong"
    CALL = "call"
    CODE = "code"
    CODE_DARK = "code_dark"


class Span(NamedTuple):
    """A run of text with one role."""

    text: str
    role: Role = Role.TEXT


class Room(NamedTuple):
    """Columns and rows there are to draw in."""

    width: int
    height: int


Line = tuple[Span, ...]
BLANK: Line = ()


def plain(line: Iterable[Span]) -> str:
    """The text of a line."""
    return "".join(span.text for span in line)


def length(line: Iterable[Span]) -> int:
    """Columns of a line."""
    return sum(len(span.text) for span in line)


def cut(text: str, width: int) -> str:
    """`text` in at most `width` columns; an ellipsis says that something is missing."""
    return text if len(text) <= width else text[: max(0, width - 1)] + "…"[: max(0, width)]


def left_right(left: Line, right: Line, width: int, fill: Role) -> Line:
    """`left` at the left edge, `right` at the right edge, at least one column between."""
    gap = max(1, width - length(left) - length(right))
    return (*left, Span(" " * gap, fill), *right)


def first_fitting(alternatives: Iterable[Line], width: int) -> Line:
    """The first alternative that fits in `width`; the last one when none does."""
    chosen: Line = BLANK
    for chosen in alternatives:
        if length(chosen) <= width:
            return chosen
    return chosen
