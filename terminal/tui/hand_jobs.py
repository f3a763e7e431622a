"""What may block of scanner and professional card, in threads that belong to the application.

Rules: those of `jobs`.
"""

from textual import work

from hardware import Watch
from hardware.scanner import ScanEvent
from terminal.tui import messages
from terminal.tui.crash import code_and_facts
from terminal.tui.jobs import Jobs
from terminal.tui.messages import Job
from terminal.workflow.types import UserName


class HandJobs(Jobs):
    """An application that is handed things."""

    _scanner: Watch | None = None

    @work(thread=True, exclusive=True, exit_on_error=False, group="scanner")
    def start_scanner(self) -> None:
        """Answers ScanCame for every scan from now on."""
        try:
            self._scanner = self.counter.watch_scanner(self._tell_scan)
        except Exception as error:  # every failure of a driver is told, none ends the screen
            self.post_message(messages.Refused(Job.SCANNER, *code_and_facts(error)))

    @work(thread=True, exit_on_error=False, group="scan")
    def read_quote(self, code: str) -> None:
        """Answers QuoteHanded."""
        self._report(Job.SCAN, lambda: self.counter.read_handover(code), messages.QuoteHanded)

    @work(thread=True, exit_on_error=False, group="scan")
    def look_up(self, code: str) -> None:
        """Answers ItemScanned."""
        self._report(Job.SCAN, lambda: self.counter.lpp_item(code), messages.ItemScanned)

    @work(thread=True, exclusive=True, exit_on_error=False, group="own_card")
    def look_at_own_card(self) -> None:
        """Answers OwnCardSeen."""
        self._report(Job.OWN_CARD, self.counter.own_card, messages.OwnCardSeen)

    def unlock_by_card(self, user: UserName, card_pin: str | None) -> None:
        """Open the shop key by a professional card."""
        self._act(
            Job.UNLOCK, lambda: self.counter.unlock_by_card(user.id, card_pin), lambda _none: messages.Unlocked(user)
        )

    def add_own_card(self, card_pin: str | None) -> None:
        """Let the professional card open the account of whoever is logged in."""
        self._act(Job.ADD_CARD, lambda: self.counter.add_own_card(card_pin), lambda _none: messages.OwnCardAdded())

    def scan(self, code: str) -> None:
        """A code that a screen cannot place by itself."""
        self.look_up(code)

    def _tell_scan(self, event: ScanEvent) -> None:
        self.post_message(messages.ScanCame(event))
