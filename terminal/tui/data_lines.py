"""Reference data as lines: what is in force and how old it is, where newer data can come from, what they would change.

Rules: pure; a difference is shown whole, line by line, before anybody can accept it; words of others are cut to the
signs of a console.
"""

from datetime import datetime
from textwrap import wrap

from terminal.i18n import age_text, date_text, text
from terminal.tui.request_lines import legible
from terminal.tui.spans import BLANK, Line, Role, Span, cut
from terminal.workflow.office import DataOrigin, DataState, Difference

_SIGNS = (("▲", Role.WARN), ("■", Role.BAD), ("●", Role.GOOD))


def data_lines(state: DataState, chosen: int, now: datetime, width: int) -> list[Line]:
    """The page: what is in force, its age, and the places to look."""
    return [
        (Span(text("data.catalogue", version=state.catalogue, since=date_text(state.since)), Role.STRONG),),
        *_age(state, now),
        *((Span(cut(legible(line), width)),) for line in _kept(state)),
        BLANK,
        (Span(text("data.where"), Role.TITLE),),
        *_origins(state, chosen, width),
    ]


def difference_lines(found: Difference, width: int) -> list[Line]:
    """Every line of a difference; what it warns of in its colour."""
    if found.empty:
        return [(Span(text("data.nothing_new"), Role.GOOD),)]
    return [(Span(part, _role(line)),) for line in found.lines for part in _wrapped(legible_line(line), width)]


def legible_line(line: str) -> str:
    """A line of ours with words of others in it: its own signs stay."""
    return "".join(sign if sign in "▲■●→" else legible(sign) for sign in line)


def origin_text(origin: DataOrigin) -> str:
    """Where data can come from, in words."""
    return text(f"data.from_{origin.kind}", name=legible(origin.name))


def _age(state: DataState, now: datetime) -> list[Line]:
    if state.age is None:
        return [(Span(text("data.no_root"), Role.MUTED),)]
    if state.age.checked_at is None:
        return [(Span(text("data.never"), Role.WARN),)]
    said = text("data.age", age=age_text(now - state.age.checked_at), source=legible(state.source))
    lines: list[Line] = [(Span(said, Role.WARN if state.age.late else Role.TEXT),)]
    if state.expires is not None:
        lines.append((Span(text("cli.data.expires", day=date_text(state.expires))),))
    if state.age.late:
        lines.append((Span(text("data.late"), Role.WARN),))
    if state.age.waiting:
        lines.append((Span(text("data.waiting"), Role.WARN),))
    if state.demo:
        lines.append((Span(text("cli.data.demo"), Role.WARN),))
    return lines


def _kept(state: DataState) -> list[str]:
    directory = [text("data.directory", count=state.listed)] if state.listed is not None else []
    profiles = [
        text("data.profile", name=one.name, version=one.version, since=date_text(one.since)) for one in state.profiles
    ]
    return [*directory, *profiles]


def _origins(state: DataState, chosen: int, width: int) -> list[Line]:
    if not state.origins:
        return [(Span(text("data.nowhere"), Role.MUTED),)]
    lines: list[Line] = []
    for place, origin in enumerate(state.origins):
        role = Role.SELECTED if place == chosen else Role.TEXT
        said = Span(cut(f" {origin_text(origin)} ", width - 4), role)
        lines.append((Span(f" {place + 1} ", Role.KEY), Span(" "), said))
    return lines


def _wrapped(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    return wrap(line.strip(), width, initial_indent=indent, subsequent_indent=indent + "  ")


def _role(line: str) -> Role:
    return next((role for sign, role in _SIGNS if line.lstrip().startswith(sign)), Role.TEXT)
