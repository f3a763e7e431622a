"""Scanner and professional card of a counter whose moments are chosen."""

from collections.abc import Callable
from dataclasses import dataclass, field

from hardware import Watch
from hardware.scanner import ScanEvent
from terminal.catalogue import load_catalogue
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem
from terminal.workflow.handed import HandedQuote, OwnCard
from terminal.workflow.handover import read_scan
from terminal.workflow.types import UserName

CATALOGUE = load_catalogue()
SCENE_PIN = "2468"


class Still(Watch):
    """A watch that has nothing more to say."""

    def stop(self) -> None:
        """Nothing runs."""


@dataclass(kw_only=True)
class SceneHands:
    """The part of a `CounterPort` that is handed things."""

    user: UserName | None = None
    scan: Callable[[ScanEvent], None] | None = None
    pro_card: OwnCard = field(default_factory=lambda: OwnCard(pin_pad=False))
    cards_added: list[tuple[str, str | None]] = field(default_factory=list)

    def unlock(self, user_id: str, pin: str) -> None:
        """By the counter."""
        raise NotImplementedError

    def watch_scanner(self, post: Callable[[ScanEvent], None]) -> Watch | None:
        """Scans come through `scan`."""
        self.scan = post
        return Still()

    def read_handover(self, text: str) -> HandedQuote:
        """By the real reader."""
        return read_scan(text, CATALOGUE)

    def lpp_item(self, code: str) -> LppItem:
        """From the real catalogue."""
        return CATALOGUE.item(LppCode.parse(code))

    def own_card(self) -> OwnCard:
        """The chosen one."""
        return self.pro_card

    def unlock_by_card(self, user_id: str, card_pin: str | None) -> None:
        """The same PIN, or keys on the reader."""
        self.unlock(user_id, SCENE_PIN if card_pin is None and self.pro_card.pin_pad else card_pin or "")

    def add_own_card(self, card_pin: str | None) -> None:
        """Remember whose it is."""
        assert self.user is not None
        self.cards_added.append((self.user.id, card_pin))
