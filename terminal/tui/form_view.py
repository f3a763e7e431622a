"""The one widget of a form: it draws the whole model and can have the focus; fields are no widgets.

Rules: the model decides, the widget draws; a click goes to the field under it; the terminal's cursor follows the
caret, for braille displays that read it.
"""

from collections.abc import Callable, Sequence

from textual import events
from textual.geometry import Offset

from terminal.tui.form_model import Form
from terminal.tui.form_rows import Box, FormRow, draw
from terminal.tui.paper import Paper
from terminal.tui.spans import Line, Room

Subject = Callable[[], tuple[Form, Sequence[FormRow]] | None]


class FormView(Paper, can_focus=True):
    """Draws the form that `subject` answers, or nothing while there is none."""

    keys_apart = True

    def __init__(self, subject: Subject, css_id: str) -> None:
        super().__init__(self._draw, css_id)
        self._subject = subject
        self._boxes: list[Box] = []

    def on_click(self, event: events.Click) -> None:
        """Go to the field under the pointer."""
        subject = self._subject()
        at = event.get_content_offset(self)
        if subject is None or at is None:
            return
        form = subject[0]
        hit = next((box for box in self._boxes if box.y == at.y and box.x - 1 <= at.x <= box.x + box.width), None)
        if hit is not None:
            first = _first(form, hit)
            form.go(hit.key)
            form[hit.key].move(at.x - hit.x + first)
            self.repaint()

    def _draw(self, room: Room) -> list[Line]:
        subject = self._subject()
        if subject is None:
            self._boxes = []
            return []
        form, rows = subject
        drawing = draw(form, rows, room.width, room.height)
        self._boxes = drawing.boxes
        self._point(form)
        return drawing.lines

    def _point(self, form: Form) -> None:
        box = next((box for box in self._boxes if box.key == form.active), None)
        if box is not None and self.is_attached:
            column = box.x + min(form.field.caret - _first(form, box), box.width - 1)
            self.app.cursor_position = self.content_region.offset + Offset(column, box.y)


def _first(form: Form, box: Box) -> int:
    """The first character that a box shows."""
    item = form[box.key]
    return item.first_shown() if item.longest and form.active == box.key else 0
