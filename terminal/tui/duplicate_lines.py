"""Two claims side by side: the one being written, and the earlier one that it looks like.

Rules: pure; a row that differs has a symbol besides its colour; what is not known is a dash; no name is shown, for both
are of one person.
"""

from collections.abc import Iterator, Mapping
from datetime import date

from terminal.i18n import date_text, money_text, text
from terminal.tui.claim_screen import Told
from terminal.tui.spans import BLANK, Line, Role, Span, cut
from terminal.workflow.types import EarlierClaim

CHOICES = ("same", "second_equipment", "lost_or_broken", "first_undone", "look")
"""What can be said of the two, as 1, 2, 3, 4, 5."""
ROWS = ("day", "insurer", "frame", "od", "og", "price", "amc", "state")
_PLACES = {("frame", None): "frame", ("lens", "right"): "od", ("lens", "left"): "og"}
_PLACES |= {("contact_lenses", "right"): "od", ("contact_lenses", "left"): "og"}
_LABEL, _MARK = 14, 2
_UNKNOWN = "—"


def duplicate_lines(now: Mapping[str, str], earlier: EarlierClaim | None, number: str, width: int) -> list[Line]:
    """The page in `width` columns; `now` is what `shown_of` says of the claim being written."""
    before = _of_earlier(earlier)
    column = max(10, (width - _LABEL - _MARK) // 2)
    heads = f"{'':<{_LABEL + _MARK}}{text('duplicate.now'):<{column}}{text('duplicate.before', number=number)}"
    lines: list[Line] = [(Span(cut(heads, width), Role.TITLE),)]
    for key in ROWS:
        lines.append(_row(key, now.get(key, _UNKNOWN), before.get(key, _UNKNOWN), column))
    lines += [BLANK, (Span(text("duplicate.differs"), Role.MUTED),), BLANK]
    return [*lines, *_choices()]


def _row(key: str, left: str, right: str, column: int) -> Line:
    if key == "state":
        return Span(" " * _MARK), Span(f"{text('duplicate.state'):<{_LABEL}}"), Span(f"{left:<{column}}{right}")
    same = left == right
    mark, role = ("= ", Role.MUTED) if same else ("▲ ", Role.WARN)
    values = f"{cut(left, column - 1):<{column}}{cut(right, column - 1)}"
    return Span(mark, role), Span(f"{text(f'duplicate.{key}'):<{_LABEL}}"), Span(values, Role.TEXT if same else role)


def _choices() -> Iterator[Line]:
    for number, choice in enumerate(CHOICES, start=1):
        yield Span(f" {number} ", Role.KEY), Span(f" {text(f'duplicate.{choice}')}")


def shown_of(told: Told | None, insurer: str, today: date) -> dict[str, str]:
    """What is shown of the claim being written, by the name of the row."""
    shown = {"day": date_text(today), "insurer": insurer, "state": text("duplicate.new")}
    if told is None:
        return shown
    total = told.answer.quote.total
    for line in told.completed.draft.lines:
        shown[_PLACES.get((line.item, line.eye), line.item)] = f"{line.lpp_code}  {money_text(line.price)}"
    return shown | {"price": money_text(total.price), "amc": money_text(total.amc)}


def _of_earlier(earlier: EarlierClaim | None) -> dict[str, str]:
    if earlier is None:
        return {}
    shown = {"day": date_text(earlier.day), "insurer": earlier.insurer, "state": text(f"state.{earlier.state}")}
    for line in earlier.lines:
        shown[_PLACES.get((line.item, line.eye), line.item)] = f"{line.lpp_code}  {money_text(line.price)}"
    return shown | {"price": money_text(earlier.price), "amc": money_text(earlier.amc)}
