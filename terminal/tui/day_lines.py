"""A day's sheet as lines: amounts by insurer, whether it is closed, what is open and why, where the files go.

Rules: pure; no name of a person; amounts are AMC parts; what has not left is said before the closing and stops
nothing.
"""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING

from terminal.i18n import PARIS, error_text, money_text, sentences, text
from terminal.tui.spans import BLANK, Line, Role, Span, cut, length
from terminal.tui.work_lines import short_number, state_sign
from terminal.workflow.day_sheet import DayLine, DaySheet, InsurerDay
from terminal.workflow.office import DayView

if TYPE_CHECKING:
    from terminal.workflow.office import Closure

_COUNT, _MONEY, _WIDEST = 5, 13, 26


def day_lines(view: DayView, chosen: int, width: int, *, today: date) -> list[Line]:
    """The page in `width` columns; `chosen` is the place for the files."""
    sheet = view.sheet
    if not sheet.lines:
        nothing = text("day.nothing_today") if sheet.day == today else text("day.nothing")
        return [*_closed(view.closure, sheet), (Span(nothing, Role.MUTED),)]
    said = [(Span(text("day.not_closed"), Role.STRONG),)] if view.closure is None else _closed(view.closure, sheet)
    return [
        *said,
        _places(view.places, chosen, width),
        (Span(text("day.printer" if view.printer else "day.no_printer"), Role.MUTED),),
        BLANK,
        *_table(sheet, width),
        BLANK,
        *_open(sheet, width),
    ]


def _table(sheet: DaySheet, width: int) -> Iterator[Line]:
    name = min(_WIDEST, max(10, width - _COUNT - 3 * _MONEY))
    yield (Span(_columns(name, [text(f"day.{key}") for key in TITLES]), Role.MUTED),)
    insurers = sheet.by_insurer()
    for one in insurers:
        yield (Span(_columns(name, _cells(one))),)
    whole = InsurerDay(
        text("day.total"),
        *(sum(getattr(one, field) for one in insurers) for field in ("claims", "sent", "waiting", "rejected")),
    )
    yield (Span("─" * (name + _COUNT + 3 * _MONEY), Role.MUTED),)
    yield (Span(_columns(name, _cells(whole)), Role.STRONG),)
    unknown = sum(line.amc is None for line in sheet.lines)
    if unknown:
        yield (Span(text("cli.day.unknown", count=unknown), Role.WARN),)


TITLES = ("insurer", "count", "sent", "waiting", "rejected")


def _cells(one: InsurerDay) -> list[str]:
    return [one.name, str(one.claims), *(money_text(cents) for cents in (one.sent, one.waiting, one.rejected))]


def _columns(name: int, cells: list[str]) -> str:
    first, count, *amounts = cells
    return f"{cut(first, name):<{name}}{count:>{_COUNT}}" + "".join(f"{amount:>{_MONEY}}" for amount in amounts)


def _closed(closure: "Closure | None", sheet: DaySheet) -> list[Line]:
    if closure is None:
        return []
    at = closure.closed_at.astimezone(PARIS).strftime("%d/%m/%Y %H:%M")
    lines: list[Line] = [(Span(text("day.closed", at=at, count=closure.claims), Role.GOOD),)]
    now = (len(sheet.lines), sheet.total("amc"))
    if (closure.claims, closure.amc) != now:
        lines.append((Span(text("day.changed"), Role.WARN),))
    return lines


def _open(sheet: DaySheet, width: int) -> Iterator[Line]:
    """Each claim that has not left or needs a person, with the reason where one is known."""
    left = [line for line in sheet.lines if line.open]
    if not left:
        yield (Span(text("day.all_left"), Role.GOOD),)
    else:
        yield (Span(text("day.left", count=len(left)), Role.WARN),)
    for line in left:
        sign, role = state_sign(line.state)
        known = f"{short_number(line.number):<6}{text(f'state.{line.state}'):<11} "
        why = cut(_why(line), max(10, width - 4 - len(known)))
        yield Span(f"  {sign} ", role), Span(known + why)


def _why(line: DayLine) -> str:
    if line.reason and f"error.{line.reason}.what" in sentences():
        return error_text(line.reason)[0]
    return text(f"day.why_{line.state}") if f"day.why_{line.state}" in sentences() else line.reason or ""


def _places(places: tuple[Path, ...], chosen: int, width: int) -> Line:
    """Where the files can go, by figure; the folder of the chosen one in full as far as there is room."""
    spans = [Span(text("day.where") + " ")]
    for number, place in enumerate(places, start=1):
        name = text("day.here") if number == 1 else text("day.medium", name=cut(place.name, 12))
        spans += [
            Span(f" {number} ", Role.KEY),
            Span(f" {name} ", Role.SELECTED if number - 1 == chosen else Role.TEXT),
            Span(" "),
        ]
    return (*spans, Span(cut(str(places[chosen]), max(0, width - length(spans))), Role.MUTED))
