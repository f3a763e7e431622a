"""A quote as shop software hands it over, and what the counter does with the devices at hand: scanner, own card.

Rules: plain frozen values; a quote that was handed over names nobody: who it is for, the card says. A professional
card is asked about only while somebody wants in; its PIN is judged by the card.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from hardware import Watch
from hardware.scanner import ScanEvent
from terminal.domain.lines import Eye
from terminal.domain.lpp import ItemKind, LensType, LppItem


@dataclass(frozen=True, slots=True)
class HandedLine:
    """One thing of the quote: `price` in cents for the line. It types no tariff, so the members for one are None."""

    item: ItemKind
    eye: Eye | None
    lpp_code: str
    price: int
    quantity: int = 1
    plv: int | None = None
    plv_reason: str | None = None
    base: int | None = None


@dataclass(frozen=True, slots=True)
class HandedQuote:
    """A quote whose codes are in the catalogue of the day.

    `model` and `lens_type` are what the form shows for such lines. `reference` is the shop software's own number.
    """

    lines: tuple[HandedLine, ...]
    prescription_date: date | None = None
    last_equipment: date | None = None
    insurer: str | None = None
    contract: str | None = None
    reference: str = ""
    model: int | None = None
    lens_type: LensType | None = None


@dataclass(frozen=True, slots=True)
class OwnCard:
    """The professional card that is in; `pin_pad`: its PIN is typed on the reader and never passes through here."""

    pin_pad: bool


def looks_handed(text: str) -> bool:
    """Whether a scan or a paste means to be a quote: it is the only thing here that begins with a brace."""
    return text.lstrip().startswith("{")


class HandsPort(Protocol):
    """What a screen may ask of scanner and professional card. Calls may block."""

    def watch_scanner(self, post: Callable[[ScanEvent], None]) -> Watch | None:
        """Call `post`, from another thread, with every scan; None where no scanner is set. ScannerMissing."""

    def read_handover(self, text: str) -> HandedQuote:
        """The quote that a scan or a paste holds; DomainError when it cannot be taken as it is."""

    def lpp_item(self, code: str) -> LppItem:
        """What the catalogue of today knows of a code; LppCodeInvalid, LppCodeUnknown, LppCodeClosed."""

    def own_card(self) -> OwnCard:
        """The professional card that is in; TokenModuleMissing, TokenAbsent."""

    def unlock_by_card(self, user_id: str, card_pin: str | None) -> None:
        """Open the shop key by the user's professional card; `card_pin` None where the reader has keys.

        What `own_card` raises, the card's refusals, CardWrong, SlotUnknown.
        """

    def add_own_card(self, card_pin: str | None) -> None:
        """Let the professional card that is in open the shop key for whoever is logged in; the same refusals."""
