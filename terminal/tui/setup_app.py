"""The application of the first start: one screen, and its threads.

Rules: it ends with MADE or LEFT; the counter then opens as it always does.
"""

from collections.abc import Callable
from typing import TypeVar

from terminal.tui.form_model import Stroke
from terminal.tui.notice import Notice
from terminal.tui.quiet_app import QuietApp
from terminal.tui.setup_screen import SetupScreen
from terminal.workflow.first_run import Begun, SetupPort

Answer = TypeVar("Answer")
MADE = 0
LEFT = 1


class SetupApp(QuietApp):
    """The questions of the first start; what it returns is MADE or LEFT."""

    def __init__(self, port: SetupPort, begun: Begun, theme: str) -> None:
        super().__init__()
        self.dress(theme)
        self._port = port
        self.setup_page = SetupScreen(begun, self)

    @property
    def front(self) -> SetupScreen:
        """The one screen."""
        return self.setup_page

    def on_mount(self) -> None:
        """Show the first question."""
        self.heed_signals()
        self.push_screen(self.setup_page)

    def take_stroke(self, stroke: Stroke) -> None:
        """Every key is the screen's."""
        if not stroke.key.startswith("ctrl+"):
            self.setup_page.press(stroke)

    def take_text(self, text: str) -> None:
        """So is every pasted text."""
        self.setup_page.paste(text)

    def ask_setup(
        self,
        about: str,
        call: Callable[[SetupPort], Answer],
        tell: Callable[[Answer], None],
        refuse: Callable[[Notice], None],
    ) -> None:
        """Ask in a thread."""
        self.ask_beside(about, lambda: call(self._port), tell, refuse)

    def leave(self) -> None:
        """End without a terminal."""
        self.exit(LEFT)

    def made(self) -> None:
        """End: the terminal is there."""
        self.exit(MADE)
