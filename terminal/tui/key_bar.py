"""The row of keys at the foot of a screen: only keys that do something here.

Rules: pure; a label is never cut: where the row is too narrow spaces go first, then labels become shorter, then what
goes without saying is left out, then the last entries; the key of the help page stays, and that page lists them all.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from terminal.i18n import sentences, text
from terminal.tui.spans import Line, Role, Span, first_fitting, length

HELP_KEY = "F1"


class KeyLabel(NamedTuple):
    """A key cap and what it does; `short` for a narrow row, `told` for the help page; `plain` goes without saying."""

    key: str
    label: str
    short: str = ""
    told: str = ""
    plain: bool = False

    @property
    def shortest(self) -> str:
        """The label of a narrow row."""
        return self.short or self.label


def key_named(key: str, name: str, *, plain: bool = False) -> KeyLabel:
    """A key whose label is the sentence `name`, with its short form and what the help page says of it, if any."""
    known = sentences()
    return KeyLabel(key, text(name), known.get(f"{name}_short", ""), known.get(f"help.{name}", ""), plain)


def merged(*groups: Iterable[KeyLabel]) -> tuple[KeyLabel, ...]:
    """The entries of all groups, each key once: the first one counts."""
    found: dict[str, KeyLabel] = {}
    for group in groups:
        for entry in group:
            found.setdefault(entry.key, entry)
    return tuple(found.values())


def key_bar(entries: Sequence[KeyLabel], width: int) -> Line:
    """The row for `width` columns; the most useful entry comes first."""
    wide = [_bar(entries, gap, space) for gap, space in (("  ", " "), (" ", " "), (" ", ""))]
    narrow = [_bar(_shortened(entries), " ", "")]
    line = first_fitting([*wide, *narrow, *_fewer(entries)], width)
    return (*line, Span(" " * max(0, width - length(line)), Role.BAR))


def _fewer(entries: Sequence[KeyLabel]) -> Iterable[Line]:
    """The row with ever fewer entries: what goes without saying first, then the last, the help page never."""
    left = list(entries)
    going = [entry for entry in reversed(entries) if entry.plain]
    going += [entry for entry in reversed(entries) if not entry.plain and entry.key != HELP_KEY]
    for entry in going:
        left.remove(entry)
        yield _bar(left, " ", "")
        yield _bar(_shortened(left), " ", "")


def _shortened(entries: Iterable[KeyLabel]) -> list[KeyLabel]:
    return [entry._replace(label=entry.shortest) for entry in entries]


def _bar(entries: Sequence[KeyLabel], gap: str, space: str) -> Line:
    spans: list[Span] = []
    for entry in entries:
        spans += [Span(f"{space}{entry.key}{space}", Role.KEY), Span(f" {entry.label}{gap}", Role.BAR)]
    if spans:
        spans[-1] = Span(spans[-1].text.rstrip(), Role.BAR)
    return tuple(spans)
