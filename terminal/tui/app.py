"""The application: keys in order, timers, signals, and what is left on the terminal at the end.

Rules: a key is handed to the screen that is in front when the key is handled, not when it arrived, so that a burst
crosses fields and screens in order (Textual alone would send it to the widget that had the focus on arrival). Nothing
blocks; nothing blinks; the screen is written only when what it shows has changed. A crash or a signal leaves a clean
terminal and no word of a customer.
"""

import asyncio
import os
import signal
from time import monotonic

from rich.console import RenderableType
from rich.text import Text
from textual import events

from terminal.tui.crash import crash_text
from terminal.tui.form_model import Stroke
from terminal.tui.idle import Idle, IdleWatch
from terminal.tui.notice import Notice
from terminal.tui.pages import Pages
from terminal.tui.styles_cache import stop_leak
from terminal.tui.themes import DARK, LIGHT, palette_named
from terminal.workflow.office import OfficePort
from terminal.workflow.types import CounterPort

SNAPSHOT_SECONDS = 10
IDLE_LOOK_SECONDS = 5
STDIN = 0
CRASHED = 70
"""Exit status of a crash (EX_SOFTWARE of sysexits.h)."""
_SIGNALS = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)


class CounterApp(Pages):
    """The counter's screens on one terminal."""

    CSS_PATH = "counter.tcss"
    ENABLE_COMMAND_PALETTE = False
    ALLOW_SELECT = False
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (90, "-wide")]  # noqa: RUF012 - Textual declares it so
    VERTICAL_BREAKPOINTS = [(0, "-short"), (28, "-tall")]  # noqa: RUF012 - Textual declares it so

    def __init__(  # noqa: PLR0913 - what a counter is shown with is named
        self,
        counter: CounterPort,
        *,
        reader: str | None,
        theme: str,
        idle_seconds: float,
        hint: str = "",
        office: OfficePort | None = None,
    ) -> None:
        stop_leak()
        super().__init__(counter, reader, hint, office)
        for palette in (DARK, LIGHT):
            self.register_theme(palette.theme())
        self.theme = palette_named(theme).name
        self._idle = IdleWatch(idle_seconds, monotonic())
        self._on_terminal = os.isatty(STDIN)

    def on_mount(self) -> None:
        """Begin to look at the counter."""
        loop = asyncio.get_running_loop()
        for number in _SIGNALS:
            loop.add_signal_handler(number, self.exit)
        self.push_screen(self.lock_page)
        self.read_users()
        self.take_snapshot()
        self.start_watch()
        self.set_interval(SNAPSHOT_SECONDS, self.take_snapshot)
        self.set_interval(IDLE_LOOK_SECONDS, self.look_idle)

    def on_unmount(self) -> None:
        """Let the threads end."""
        self.stop_watch()

    async def on_event(self, event: events.Event) -> None:
        """Keys and pasted texts go to the screen in front, at once and in order; all else is Textual's."""
        if isinstance(event, events.Key):
            self._press(Stroke(event.key, event.character))
        elif isinstance(event, events.Paste):
            self._idle.touched(monotonic())
            self.front.paste(event.text)
        else:
            await super().on_event(event)

    def look_idle(self) -> None:
        """Warn, then lock, when nobody has touched a key; leave when the terminal is gone: not every one says so."""
        if self._on_terminal and not os.isatty(STDIN):
            self.exit()
        verdict = self._idle.verdict(monotonic())
        if self.locked or verdict is Idle.STAY:
            return
        if verdict is Idle.LOCK:
            self.lock()
        else:
            self.front.say(Notice.of("idle_soon"))

    def panic(self, *_renderables: RenderableType) -> None:
        """What an exception says of itself is not shown either."""
        self._fatal_error()

    def _press(self, stroke: Stroke) -> None:
        self._idle.touched(monotonic())
        key = stroke.key
        if key == "f1":
            self.open_help()
        elif key == "f11":
            self.lock()
        elif key == "f5":
            self.open_waiting_card()
        elif key == "f8" and not self.locked:
            self.facts.masked = not self.facts.masked
            self.front.repaint()
        elif not key.startswith("ctrl+"):
            self.front.press(stroke)

    def _fatal_error(self) -> None:
        """Textual would print the local variables, a customer's among them."""
        self._return_code = CRASHED
        self._exit_renderables.append(Text(crash_text(self._exception)))
        self._close_messages_no_wait()
