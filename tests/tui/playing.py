"""Hands and eyes for the tests of the screens.

Rules: keys are posted in one burst, without waiting between them, for that is how scanners and fast hands type;
waiting is for a condition, never for a time.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from time import monotonic

from textual import events
from textual.pilot import Pilot

from terminal.tui.app import CounterApp
from terminal.tui.opening import Opened
from terminal.tui.orders import Page
from terminal.tui.quiet_app import QuietApp
from terminal.workflow.office import OfficePort
from terminal.workflow.types import CounterPort
from tests.tui.scene_office import SceneOffice

FUNCTION_KEYS = {f"f{number}" for number in range(1, 13)}
PATIENCE = 30.0
"""Seconds after which a condition counts as never met."""


def stroke(key: str) -> events.Key:
    """A key event as a terminal gives it."""
    return events.Key(key, key if len(key) == 1 else None)


class Hands:
    """Hands at a keyboard, eyes on a screen."""

    def __init__(self, app: QuietApp, pilot: Pilot[int]) -> None:
        self.app = app
        self.pilot = pilot

    def press(self, *keys: str) -> None:
        """Keys by name, or texts typed character by character, all at once."""
        names = {"enter", "escape", "up", "down", "left", "tab", "backspace", "home", "end", "pagedown", "right"}
        for key in keys:
            for one in [key] if key in names or key in FUNCTION_KEYS or key.startswith("ctrl+") else key:
                self.app.post_message(stroke(one))

    async def until(self, condition: Callable[[], bool]) -> None:
        """Let the application work until the condition holds."""
        limit = monotonic() + PATIENCE
        while not condition():
            assert monotonic() < limit, f"never came about; on screen:\n{self.text()}"
            await self.flush()
            if not condition():
                await self.pilot.pause()

    async def flush(self) -> None:
        """Until all that was posted before is handled, by the application and by the screen in front."""
        for pump in (self.app, self.app.screen):
            handled = asyncio.Event()
            pump.call_later(handled.set)
            await handled.wait()

    async def settle(self) -> None:
        """Until every thread has answered and every answer is drawn."""
        for _ in range(4):
            await self.flush()
            await self.until(lambda: all(worker.is_finished for worker in self.app.workers))
        await self.pilot.pause()

    async def sees(self, words: str) -> None:
        """Until the words are on the screen."""
        await self.until(lambda: words in self.text())

    def text(self) -> str:
        """What is on the screen, line by line."""
        return "\n".join("".join(part.text for part in strip) for strip in self.app.screen._compositor.render_strips())

    def line(self, place: int) -> str:
        """One line of the screen."""
        return self.text().split("\n")[place]


class Player(Hands):
    """A person at the counter."""

    def __init__(self, app: CounterApp, pilot: Pilot[int]) -> None:
        super().__init__(app, pilot)
        self.app: CounterApp = app

    async def settle(self) -> None:
        """The same, once the counter is open."""
        await self.until(lambda: self.app.ready)
        await super().settle()

    async def unlock(self, pin: str, user: str = "") -> None:
        """Open the terminal and come home."""
        await self.settle()
        self.press(user, pin, "enter")
        await self.until(lambda: not self.app.locked)
        await self.settle()

    async def claim_opens(self) -> None:
        """Until the form of a claim is in front."""
        await self.until(lambda: self.app.front is self.app.pages[Page.CLAIM])
        await self.settle()

    def notice(self) -> str:
        """What the message row of the front screen says."""
        notice = self.app.front.notice
        return f"{notice.what} {notice.todo}" if notice else ""


@asynccontextmanager
async def playing(
    counter: CounterPort,
    *,
    reader: str | None = None,
    theme: str = "sombre",
    hint: str = "",
    idle_seconds: float = 3600,
    size: tuple[int, int] = (100, 30),
    office: OfficePort | None = None,
) -> AsyncIterator[Player]:
    """The application in front of a person; the back of the shop is a scene's unless it is given."""
    behind = office or SceneOffice()
    opened = Opened(counter, behind, idle_seconds=idle_seconds)
    app = CounterApp(lambda: opened, reader=reader, theme=theme, hint=hint)
    async with app.run_test(size=size) as pilot:
        player = Player(app, pilot)
        await player.settle()
        yield player
