"""The application of the counter: its timers, and the keys that mean the same on every screen.

Rules: nothing blocks; nothing blinks; the screen is written only when what it shows has changed. The locked screen is
painted first, then the counter is opened behind it; keys typed meanwhile wait for it, in their order.
"""

import os
from collections import deque
from collections.abc import Callable
from time import monotonic

from terminal.i18n import text
from terminal.tui.form_model import Stroke
from terminal.tui.hands import Hands
from terminal.tui.idle import Idle, IdleWatch
from terminal.tui.messages import CounterOpened, Job, Refused, ScanCame, UsersRead
from terminal.tui.notice import Notice
from terminal.tui.opening import IDLE_SECONDS, Opened
from terminal.tui.quiet_app import CRASHED
from terminal.tui.spans import Role

SNAPSHOT_SECONDS = 10
IDLE_LOOK_SECONDS = 5
STDIN = 0
AHEAD = 64
"""Keys that wait for the counter to open: a user, a code, and what impatience adds."""

__all__ = ["CRASHED", "CounterApp"]


class CounterApp(Hands):
    """The counter's screens on one terminal."""

    def __init__(self, opening: Callable[[], Opened], *, reader: str | None, theme: str, hint: str = "") -> None:
        super().__init__(opening, reader, hint)
        self.dress(theme)
        self._idle = IdleWatch(IDLE_SECONDS, monotonic())
        self._on_terminal = os.isatty(STDIN)
        self._ahead: deque[Stroke] | None = deque(maxlen=AHEAD)

    @property
    def ready(self) -> bool:
        """Whether the counter is open and the lock screen knows its people."""
        return self._ahead is None

    def on_mount(self) -> None:
        """Show the locked screen, then open the counter."""
        self.heed_signals()
        self.lock_page.notice = Notice(text("start.opening"), "", Role.TEXT)
        self.push_screen(self.lock_page)
        self.call_after_refresh(self.open_counter)

    def on_counter_opened(self, message: CounterOpened) -> None:
        """Begin to look at the counter."""
        opened = message.opened
        self.counter, self.office = opened.counter, opened.office
        self.facts.office = opened.office is not None
        self.sounds = opened.sounds
        self._idle = IdleWatch(opened.idle_seconds, monotonic())
        self.lock_page.say(None)
        self.read_users()
        self.take_snapshot()
        self.start_watch()
        self.start_scanner()
        self.set_interval(SNAPSHOT_SECONDS, self.take_snapshot)
        self.set_interval(IDLE_LOOK_SECONDS, self.look_idle)

    def on_users_read(self, _message: UsersRead) -> None:
        """Then apply what was typed while the counter was opened."""
        self.call_later(self._catch_up)

    def on_refused(self, message: Refused) -> None:
        """The same where there is nobody to ask."""
        if message.job is Job.USERS:
            self.call_later(self._catch_up)

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

    def lock(self) -> None:
        """The same, without the warning that it would come: it would still be there after the next log-in."""
        if self.front.notice == Notice.of("idle_soon"):
            self.front.say(None)
        super().lock()

    def take_stroke(self, stroke: Stroke) -> None:
        """A key that comes before the counter is open waits, but the one that leaves; so does a part of a scan."""
        self._idle.touched(monotonic())
        if self._ahead is not None and stroke.key != "escape":
            self._ahead.append(stroke)
        elif not self.caught(stroke):
            self._press(stroke)

    def _catch_up(self) -> None:
        ahead, self._ahead = self._ahead, None
        for stroke in ahead or ():
            self.take_stroke(stroke)

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
