"""The counter's screens (Textual).

Rules: nothing else imports Textual; importing this package is cheap, for the command line names it; the first words
are on the terminal before Textual is loaded, the lock screen before anything else is. Leaving: F11, then Escape twice.
"""

import gc
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from terminal.i18n import text

if TYPE_CHECKING:
    from terminal.tui.opening import Opened
    from terminal.workflow.first_run import SetupPort


def run(opening: "Callable[[], Opened]", *, reader: str | None, theme: str, hint: str = "") -> int:
    """Show the counter until somebody leaves it; 0, or 70 after a crash.

    `opening` opens it, once, in a thread, while the locked screen is there; what it raises ends the screen and is
    raised here. `reader`: part of a reader's name, None for any. `theme`: `sombre` or `clair`. `hint`: a line on the
    lock screen.
    """
    sys.stdout.write(f"\x1b[2J\x1b[H\n  {text('start.opening')}\n")
    sys.stdout.flush()
    gc.disable()
    from terminal.tui.app import CounterApp  # noqa: PLC0415 - Textual is loaded after the first words

    app = CounterApp(_loaded(opening), reader=reader, theme=theme, hint=hint)
    app.run()
    if app.not_opened is not None:
        raise app.not_opened
    return app.return_code or 0


def _loaded(opening: "Callable[[], Opened]") -> "Callable[[], Opened]":
    """What was loaded until then stays: looking for garbage in it is time that somebody waits."""

    def opened() -> "Opened":
        try:
            return opening()
        finally:
            gc.freeze()
            gc.enable()

    return opened


def run_setup(port: "SetupPort", *, theme: str) -> tuple[bool, int]:
    """Ask what a first start needs: whether a terminal was made, and the exit status (70 after a crash)."""
    from terminal.tui.setup_app import MADE, SetupApp  # noqa: PLC0415 - Textual is loaded when a screen is shown

    gc.enable()
    app = SetupApp(port, port.begun(), theme)
    made = app.run() == MADE
    return made and not app.return_code, app.return_code or 0
