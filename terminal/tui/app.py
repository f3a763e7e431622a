"""The application of the counter: its timers, and the keys that mean the same on every screen.

Rules: nothing blocks; nothing blinks; the screen is written only when what it shows has changed.
"""

import os
from time import monotonic

from terminal.tui.form_model import Stroke
from terminal.tui.hands import Hands
from terminal.tui.idle import Idle, IdleWatch
from terminal.tui.messages import ScanCame
from terminal.tui.notice import Notice
from terminal.tui.quiet_app import CRASHED
from terminal.workflow.office import OfficePort
from terminal.workflow.types import CounterPort

SNAPSHOT_SECONDS = 10
IDLE_LOOK_SECONDS = 5
STDIN = 0

__all__ = ["CRASHED", "CounterApp"]


class CounterApp(Hands):
    """The counter's screens on one terminal."""

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
        super().__init__(counter, reader, hint, office)
        self.dress(theme)
        self._idle = IdleWatch(idle_seconds, monotonic())
        self._on_terminal = os.isatty(STDIN)

    def on_mount(self) -> None:
        """Begin to look at the counter."""
        self.heed_signals()
        self.push_screen(self.lock_page)
        self.read_users()
        self.take_snapshot()
        self.start_watch()
        self.set_interval(SNAPSHOT_SECONDS, self.take_snapshot)
        self.set_interval(IDLE_LOOK_SECONDS, self.look_idle)

    def on_unmount(self) -> None:
        """Let the threads end."""
        self.stop_watch()

    def take_text(self, text: str) -> None:
        """A pasted text goes to the screen in front, unless it is a quote."""
        self._idle.touched(monotonic())
        if not self.pasted(text):
            self.front.paste(text)

    def on_click(self) -> None:
        """Whoever touches the screen is there, and wants larger keys."""
        self._idle.touched(monotonic())
        self.add_class("-touch")

    def on_scan_came(self, _message: ScanCame) -> None:
        """Whoever scans is there."""
        self._idle.touched(monotonic())

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

    def take_stroke(self, stroke: Stroke) -> None:
        """A key that is part of a scan waits for the rest; any other one is applied."""
        self._idle.touched(monotonic())
        if not self.caught(stroke):
            self._press(stroke)

    def _press(self, stroke: Stroke) -> None:
        """Lock, card and mask are everywhere; all else is the screen's."""
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
