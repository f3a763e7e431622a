"""What is on the screen of a machine whose counter does not open: why, and nothing that needs somebody logged in.

Rules: only what fails, and of that nothing that would not stop a counter (the rules of the system's hardening); it goes
by itself after a while, so that the counter is tried again.
"""

import select
import sys
from collections.abc import Iterable
from textwrap import wrap
from typing import Final

from terminal.cli.finding import Finding
from terminal.i18n import text

WIDTH: Final = 78
"""Columns: the narrowest console has 80."""
_RULES: Final = "bp028"
_CLEAR: Final = "\x1b[2J\x1b[H"


def stay(wrong: Iterable[Finding], seconds: int) -> None:
    """Show what is wrong until somebody presses Enter, or for so many seconds."""
    paragraphs = (
        text("cli.stopped"),
        *(one.line() for one in wrong if not one.name.startswith(_RULES)),
        text("cli.stopped_again"),
    )
    lines = ["\n".join(wrap(paragraph, WIDTH, subsequent_indent="  ")) for paragraph in paragraphs]
    sys.stdout.write(_CLEAR + "\n\n".join(lines) + "\n")
    sys.stdout.flush()
    select.select([sys.stdin], [], [], seconds)
