"""The counter's screens (Textual).

Rules: nothing else imports Textual; importing this package is cheap, for the command line names it; the first words
are on the terminal before Textual is loaded. Leaving: F11, then Escape twice.
"""

import gc
import sys
from typing import TYPE_CHECKING

from terminal.i18n import text

if TYPE_CHECKING:
    from terminal.workflow.first_run import SetupPort
    from terminal.workflow.office import OfficePort
    from terminal.workflow.types import CounterPort

IDLE_SECONDS = 120.0


def run(  # noqa: PLR0913 - what a counter is shown with is named
    counter: "CounterPort",
    *,
    reader: str | None,
    theme: str,
    idle_seconds: float = IDLE_SECONDS,
    hint: str = "",
    sounds: bool = True,
    office: "OfficePort | None" = None,
) -> int:
    """Show the counter until somebody leaves it; 0, or 70 after a crash.

    `reader`: part of a reader's name, None for any. `theme`: `sombre` or `clair`. `hint`: a line on the lock screen.
    `office`: the back of the shop; without it the menu has what the counter can do alone. `sounds`: a bell too.
    """
    sys.stdout.write(f"\x1b[2J\x1b[H\n  {text('start.opening')}\n")
    sys.stdout.flush()
    gc.disable()
    from terminal.tui.app import CounterApp  # noqa: PLC0415 - Textual is loaded after the first words

    gc.freeze()
    gc.enable()
    app = CounterApp(counter, reader=reader, theme=theme, idle_seconds=idle_seconds, hint=hint, office=office)
    app.sounds = sounds
    app.run()
    return app.return_code or 0


def run_setup(port: "SetupPort", *, theme: str) -> tuple[bool, int]:
    """Ask what a first start needs: whether a terminal was made, and the exit status (70 after a crash)."""
    from terminal.tui.setup_app import MADE, SetupApp  # noqa: PLC0415 - Textual is loaded when a screen is shown

    gc.enable()
    app = SetupApp(port, port.begun(), theme)
    made = app.run() == MADE
    return made and not app.return_code, app.return_code or 0
