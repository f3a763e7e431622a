"""The help page of a screen, as lines: what it is for, its keys, what to do when stuck.

Rules: pure; made of the screen's own keys, so that none is missing and none is told that is not there; a sentence is
wrapped, never cut.
"""

from collections.abc import Iterable, Iterator, Sequence
from textwrap import wrap

from terminal.i18n import text
from terminal.tui.key_bar import KeyLabel
from terminal.tui.notice import Notice
from terminal.tui.spans import BLANK, Line, Role, Span

_CAP = 9
_INDENT = "  "


def help_lines(
    topic: str, now: Sequence[KeyLabel], also: Iterable[KeyLabel], notice: Notice | None, width: int
) -> list[Line]:
    """The page of the screen `topic`: keys of this moment, keys of others, and the message that is on the screen."""
    others = [key for key in also if key not in now]
    parts = (
        _said(text(f"help.{topic}.purpose"), width),
        _message(notice, width),
        _keys("help.keys", now, width, Role.TEXT),
        _stuck(topic, width),
        _keys("help.keys_also", others, width, Role.MUTED),
    )
    lines: list[Line] = []
    for part in parts:
        found = list(part)
        lines += [*([BLANK] if lines and found else []), *found]
    return lines


def _message(notice: Notice | None, width: int) -> Iterator[Line]:
    """The message row in full: there it has two lines."""
    if notice is None:
        return
    yield (Span(text("help.message"), Role.TITLE),)
    yield from _said(notice.what, width, notice.role)
    yield from _said(notice.todo, width)


def _keys(heading: str, entries: Sequence[KeyLabel], width: int, role: Role) -> Iterator[Line]:
    if not entries:
        return
    yield (Span(text(heading), Role.TITLE),)
    labels = max(len(entry.label) for entry in entries) + 2
    for entry in entries:
        told = wrap(entry.told, max(20, width - _CAP - labels)) or [""]
        gap = " " * max(1, _CAP - len(entry.key) - 2)
        yield Span(f" {entry.key} ", Role.KEY), Span(f"{gap}{entry.label:<{labels}}", role), Span(told[0], Role.MUTED)
        yield from ((Span(" " * (_CAP + labels) + part, Role.MUTED),) for part in told[1:])


def _stuck(topic: str, width: int) -> Iterator[Line]:
    yield (Span(text("help.stuck"), Role.TITLE),)
    for advice in text(f"help.{topic}.stuck").strip().split("\n"):
        for place, part in enumerate(wrap(advice, max(20, width - 2))):
            yield Span(_INDENT if place else "· "), Span(part)


def _said(sentence: str, width: int, role: Role = Role.TEXT) -> Iterator[Line]:
    for part in wrap(sentence, max(20, width)):
        yield (Span(part, role),)
