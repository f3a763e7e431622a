"""What every application on this terminal keeps: keys in order, signals, and what is left at the end.

Rules: a key is handed to the screen that is in front when the key is handled, not when it arrived, so that a burst
crosses fields and screens in order (Textual alone would send it to the widget that had the focus on arrival). A crash
or a signal leaves a clean terminal and no word of a customer. Threads belong to the application and post messages.
"""

import asyncio
import os
import signal
from collections.abc import Callable
from functools import partial
from typing import TypeVar

from rich.console import RenderableType
from rich.text import Text
from textual import events
from textual.app import App
from textual.worker import get_current_worker

from terminal.tui.crash import code_and_facts, crash_text
from terminal.tui.form_model import Stroke
from terminal.tui.messages import Answered
from terminal.tui.notice import Notice
from terminal.tui.styles_cache import stop_leak
from terminal.tui.themes import PALETTES, palette_named

CRASHED = 70
"""Exit status of a crash (EX_SOFTWARE of sysexits.h)."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
Answer = TypeVar("Answer")


class QuietApp(App[int]):
    """An application in one of the themes that gives its keys to one screen."""

    CSS_PATH = "counter.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]  # noqa: RUF012 - Textual declares it so

    def __init__(self) -> None:
        stop_leak()
        super().__init__()

    def dress(self, theme: str) -> None:
        """Take the theme of this name."""
        for palette in PALETTES.values():
            self.register_theme(palette.theme())
        self.theme = palette_named(theme, os.environ.get("TERM", "")).name

    def heed_signals(self) -> None:
        """Leave cleanly when asked to."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.exit)

    def take_stroke(self, stroke: Stroke) -> None:
        """Apply one key."""
        raise NotImplementedError

    def take_text(self, text: str) -> None:
        """Take a pasted text."""
        raise NotImplementedError

    async def on_event(self, event: events.Event) -> None:
        """Keys and pasted texts go to the screen in front, at once and in order; all else is Textual's."""
        if isinstance(event, events.Key):
            self.take_stroke(Stroke(event.key, event.character))
        elif isinstance(event, events.Paste):
            self.take_text(event.text)
        else:
            await super().on_event(event)

    def ask_beside(
        self,
        about: str,
        call: Callable[[], Answer],
        tell: Callable[[Answer], None],
        refuse: Callable[[Notice], None],
    ) -> None:
        """Run `call` in a thread and hand on what it said; a newer question `about` the same takes its place."""
        question = partial(self._answered, call, tell, refuse)
        self.run_worker(question, group=f"beside/{about}", thread=True, exclusive=True, exit_on_error=False)

    def on_answered(self, message: Answered) -> None:
        """Hand what a thread was told to the screen that asked."""
        message.tell()

    def panic(self, *_renderables: RenderableType) -> None:
        """What an exception says of itself is not shown either."""
        self._fatal_error()

    def _answered(
        self, call: Callable[[], Answer], tell: Callable[[Answer], None], refuse: Callable[[Notice], None]
    ) -> None:
        worker = get_current_worker()
        try:
            answer = partial(tell, call())
        except Exception as error:  # whatever happened becomes a sentence on the screen that asked
            code, facts = code_and_facts(error)
            answer = partial(refuse, Notice.of(code, facts))
        if not worker.is_cancelled:
            self.post_message(Answered(answer))

    def _fatal_error(self) -> None:
        """Textual would print the local variables, a customer's among them."""
        self._return_code = CRASHED
        self._exit_renderables.append(Text(crash_text(self._exception)))
        self._close_messages_no_wait()
