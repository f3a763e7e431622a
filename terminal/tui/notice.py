"""What the message row says: what is the case, and what to do about it.

Rules: two lines at a fixed place, so that the screen never jumps; it stays until the next key that changes something.
What is too long for a line says that the help page has the rest.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from terminal.i18n import error_text
from terminal.tui.spans import BLANK, Line, Role, Span

_REST = "… F1"
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
    what = Span(_cut(f" {_SYMBOLS.get(notice.role, '·')} {notice.what}", width), notice.role)
    return (what,), (Span(_cut(f"   {notice.todo}", width)),)


def _cut(sentence: str, width: int) -> str:
    return sentence if len(sentence) <= width else sentence[: max(0, width - len(_REST))] + _REST[: max(0, width)]
