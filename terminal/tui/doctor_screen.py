"""The self-check on the screen.

Rules: it looks and repairs nothing; a check of the whole store may take a while, and the counter goes on meanwhile.
"""

from collections.abc import Sequence

from terminal.i18n import text
from terminal.tui.doctor_lines import doctor_lines
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_named
from terminal.tui.notice import Notice
from terminal.tui.orders import Orders, Page
from terminal.tui.scroll_screen import ScrollScreen
from terminal.tui.spans import Line, Role
from terminal.tui.state import CounterState
from terminal.workflow.office import Examination


class DoctorScreen(ScrollScreen):
    """The last examination, begun anew when the screen opens."""

    shows_names = False

    def __init__(self, state: CounterState, orders: Orders) -> None:
        super().__init__(state, orders, "doctor", text("doctor.title"))
        self._found: Examination | None = None

    def key_labels(self) -> Sequence[KeyLabel]:
        """Again, and back."""
        return (
            key_named("F6", "key.again"),
            key_named("↑↓", "key.scroll", plain=True),
            key_named(text("key.escape"), "key.back", plain=True),
        )

    def on_screen_resume(self) -> None:
        """Look, as long as nothing was found yet."""
        if self._found is None:
            self._examine()

    def press(self, stroke: Stroke) -> None:
        """Look again, scroll or leave."""
        if stroke.key == "escape":
            self._found = None
            self.orders.show(Page.MENU)
        elif stroke.key == "f6":
            self._examine()
        else:
            self.scroll_by(stroke)

    def lines(self, width: int) -> list[Line]:
        """What was found."""
        return doctor_lines(self._found, width) if self._found else []

    def _examine(self) -> None:
        self.to_top()
        self.say(Notice(text("doctor.looking"), text("doctor.looking_todo"), Role.TEXT))
        self.orders.ask("doctor", lambda office: office.examine(), self._tell, self.say)

    def _tell(self, found: Examination) -> None:
        self._found = found
        self.say(Notice(text("doctor.photograph"), text("doctor.photograph_todo"), Role.TEXT))
