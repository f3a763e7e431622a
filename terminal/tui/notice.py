"""What the message row says: what is the case, and what to do about it.

Rules: two lines at a fixed place, so that the screen never jumps; it stays until the next key that changes something.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from terminal.i18n import error_text
from terminal.tui.spans import BLANK, Line, Role, Span, cut

_SYMBOLS = {Role.BAD: "■", Role.WARN: "▲", Role.GOOD: "●"}


@dataclass(frozen=True, slots=True)
class Notice:
    """A statement, its remedy, and how grave it is (BAD, WARN or GOOD)."""

    what: str
    todo: str
    role: Role = Role.WARN

    @classmethod
    def of(cls, code: str, facts: Mapping[str, object] | None = None, role: Role = Role.WARN) -> "Notice":
        """The notice of an error code."""
        return cls(*error_text(code, facts or {}), role)


def notice_lines(notice: Notice | None, width: int) -> tuple[Line, Line]:
    """The two lines of the message row."""
    if notice is None:
        return BLANK, BLANK
    what = Span(cut(f" {_SYMBOLS.get(notice.role, '·')} {notice.what}", width), notice.role)
    return (what,), (Span(cut(f"   {notice.todo}", width)),)
