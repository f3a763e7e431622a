"""How a form is laid out: headings, rows of fields, remarks; drawn as lines, with the place of each field.

Rules: pure; labels in one column, fields in the next, all aligned; a field has brackets, for a console of sixteen
colours drops its ground; a hint is given in several lengths and the first that fits is used; when the rows are too
many, blank rows go first and then the rows far from the cursor.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from terminal.tui.form_field import Field
from terminal.tui.form_model import Form
from terminal.tui.spans import BLANK, Line, Role, Span, cut, length

NARROW = 60


class Cell(NamedTuple):
    """A field in a row, after a word of its own."""

    key: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """Fields after a label; `hints` are the same remark from the longest to the shortest."""

    label: str
    cells: tuple[Cell, ...]
    hints: tuple[str, ...] = ()
    role: Role = Role.TEXT


@dataclass(frozen=True, slots=True)
class Heading:
    """The title of a numbered section."""

    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Remark:
    """A line without a field."""

    text: str
    role: Role = Role.TEXT


@dataclass(frozen=True, slots=True)
class Gap:
    """A blank row, the first thing to go when there is no room."""


FormRow = Row | Heading | Remark | Gap


class Box(NamedTuple):
    """Where a field is on the page: first column inside the brackets, and its width."""

    y: int
    x: int
    width: int
    key: str


class Drawing(NamedTuple):
    """Lines, and the boxes of the fields in them."""

    lines: list[Line]
    boxes: list[Box]


def draw(form: Form, rows: Sequence[FormRow], width: int, height: int) -> Drawing:
    """The form in `width` columns and at most `height` rows; the active field is always among them."""
    shown = _fitting(form, rows, height)
    lines: list[Line] = []
    boxes: list[Box] = []
    for y, row in enumerate(shown):
        line, found = _draw_row(form, row, width, y)
        lines.append(line)
        boxes += found
    return Drawing(lines, boxes)


def _fitting(form: Form, rows: Sequence[FormRow], height: int) -> list[FormRow]:
    chosen: list[FormRow] = [row for row in rows if len(rows) <= height or not isinstance(row, Gap)]
    at = next((y for y, row in enumerate(chosen) if isinstance(row, Row) and _holds(row, form.active)), 0)
    first = max(0, min(at - height // 2, len(chosen) - height))
    return chosen[first : first + height]


def _holds(row: Row, key: str) -> bool:
    return any(cell.key == key for cell in row.cells)


def _draw_row(form: Form, row: FormRow, width: int, y: int) -> tuple[Line, list[Box]]:
    match row:
        case Heading(number, title):
            return (Span(f"{number:>2}  {title}", Role.TITLE),), []
        case Remark(text, role):
            return (Span(cut(_indent(width) + text, width), role),), []
        case Row():
            return _draw_fields(form, row, width, y)
        case _:
            return BLANK, []


def _indent(width: int) -> str:
    return "  " if width < NARROW else "    "


def _draw_fields(form: Form, row: Row, width: int, y: int) -> tuple[Line, list[Box]]:
    cells = [cell for cell in row.cells if not form[cell.key].hidden]
    if not cells:
        return BLANK, []
    spans = [Span(f"{_indent(width)}{row.label:<{11 if width < NARROW else 12}}")]
    boxes: list[Box] = []
    for place, cell in enumerate(cells):
        spans.append(Span((" " if place else "") + (f"{cell.label} " if cell.label else "")))
        boxes.append(Box(y, length(spans) + 1, form[cell.key].width, cell.key))
        spans += _field_spans(form[cell.key], active=form.active == cell.key)
    return (*spans, *_hint(row, width - length(spans))), boxes


def _field_spans(item: Field, *, active: bool) -> list[Span]:
    if not active:
        return [Span(f"[{cut(item.shown(), item.width):<{item.width}}]", Role.FIELD)]
    first = item.first_shown() if item.longest else 0
    shown = f"{item.shown()[first : first + item.width]:<{item.width}}"
    at = min(item.caret - first, item.width - 1)
    return [
        Span("[" + shown[:at], Role.ACTIVE),
        Span(shown[at], Role.CARET),
        Span(shown[at + 1 :] + "]", Role.ACTIVE),
    ]


def _hint(row: Row, room: int) -> list[Span]:
    if not row.hints:
        return []
    fitting = next((hint for hint in row.hints if len(hint) < room), row.hints[-1])
    return [Span(" " + cut(fitting, max(0, room - 1)), row.role)]
