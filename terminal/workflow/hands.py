"""Scanner and professional card at the counter.

Rules: the scanner is the one of the settings, its library loaded when it is listened to; a professional card is held
for one act and let go; log-in and enrolment by card are those of the command line.
"""

from collections.abc import Callable

from hardware import Watch
from hardware.scanner import ScanEvent, ScannerAddress
from terminal.workflow.access import log_in_by_card
from terminal.workflow.desk import Desk
from terminal.workflow.handed import OwnCard
from terminal.workflow.people import add_card


def watch_scanner(desk: Desk, post: Callable[[ScanEvent], None]) -> Watch | None:
    """Listen to the shop's scanner; None where the settings name none. ScannerMissing."""
    return ScannerAddress.parse(desk.config.scanner).listen(post) if desk.config.scanner else None


def own_card(desk: Desk) -> OwnCard:
    """The professional card that is in; TokenModuleMissing, TokenAbsent."""
    with desk.professional_card() as card:
        return OwnCard(card.token.pin_pad)


def unlock_by_card(desk: Desk, user_id: str, card_pin: str | None) -> None:
    """Log somebody in by their card, whose PIN is `card_pin`, or typed on the reader where that is None."""
    with desk.professional_card() as card:
        card.login(card_pin)
        log_in_by_card(desk, user_id, card.reproduce)


def add_own_card(desk: Desk, card_pin: str | None) -> None:
    """Let the card open the shop key for whoever is logged in."""
    with desk.professional_card() as card:
        card.login(card_pin)
        add_card(desk, card.public_key(), card.reproduce)
