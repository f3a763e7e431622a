"""The widget on which everything is drawn: lines of spans, painted by a pure function of the width and the height.

Rules: a line is sent to the terminal only when it changed, so that an idle screen writes nothing; painting reads
state and never changes it.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import ClassVar

from rich.segment import Segment
from rich.style import Style
from textual import events
from textual.geometry import Region
from textual.message import Message
from textual.strip import Strip
from textual.widget import Widget

from terminal.tui.spans import BLANK, Line, Role, Room
from terminal.tui.tapping import key_under
from terminal.tui.themes import PALETTES, Ink

Paint = Callable[[Room], Sequence[Line]]


class Tapped(Message):
    """Somebody touched a sheet where no key is drawn: its name, and the place in its content."""

    def __init__(self, name: str, x: int, y: int) -> None:
        super().__init__()
        self.name = name
        self.x = x
        self.y = y


class Paper(Widget):
    """Lines on a ground. `paint(room)` says what they are; `ground` fills what they leave.

    What is drawn as a key can be touched, unless `keys_apart`.
    """

    keys_apart: ClassVar[bool] = False

    def __init__(self, paint: Paint, css_id: str, ground: Role = Role.TEXT) -> None:
        super().__init__(id=css_id)
        self._paint = paint
        self.ground = ground
        self._lines: Sequence[Line] = ()

    def repaint(self) -> None:
        """Draw again the lines that changed."""
        width, height = self.content_size
        before, self._lines = self._lines, tuple(self._paint(Room(width, height))) if width and height else ()
        changed = [y for y in range(height) if _at(before, y) != _at(self._lines, y)]
        if changed:
            self.refresh(*(Region(0, y, width, 1) for y in changed))

    def on_click(self, event: events.Click) -> None:
        """Press the key that was touched, or tell the screen where it was."""
        at = event.get_content_offset(self)
        if at is None or self.keys_apart:
            return
        stroke = key_under(_at(self._lines, at.y), at.x)
        if stroke is not None:
            self.app.post_message(events.Key(stroke.key, stroke.character))
        else:
            self.post_message(Tapped(self.id or "", at.x, at.y))

    def entitle(self, title: str) -> None:
        """Write a title on the frame, if it is another one."""
        if title != self.border_title:
            self.border_title = title

    def on_resize(self) -> None:
        """The width is part of the drawing."""
        self._lines = ()
        self.repaint()
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One line as Textual wants it."""
        inks = PALETTES[self.app.theme].inks
        segments = [Segment(span.text, _style(inks[span.role])) for span in _at(self._lines, y)]
        return Strip(segments).adjust_cell_length(self.content_size.width, _style(inks[self.ground]))


def _at(lines: Sequence[Line], y: int) -> Line:
    return lines[y] if y < len(lines) else BLANK


@lru_cache(64)
def _style(ink: Ink) -> Style:
    return Style(color=ink.colour, bgcolor=ink.ground, bold=ink.bold)
