"""Cancelling asks twice.

Rules: F7 asks, F7 again cancels, any other key keeps the claim.
"""

from terminal.i18n import text
from terminal.tui.notice import Notice
from terminal.tui.work_lines import short_number


class Cancelling:
    """Which claim the first F7 was about."""

    def __init__(self) -> None:
        self._asked: str | None = None

    def ask(self, claim_id: str, number: str) -> Notice | None:
        """The question at the first F7; None when it was already asked for this claim: it may be cancelled."""
        if self._asked == claim_id:
            self._asked = None
            return None
        self._asked = claim_id
        return Notice(text("cancel.ask", number=short_number(number)), text("cancel.ask_todo"))

    def forget(self) -> None:
        """Another key: keep the claim."""
        self._asked = None
