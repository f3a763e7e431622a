"""What every act of the counter stands on.

Rules: chosen once by `bootstrap`; the workflow only uses it and never opens a file, a reader or a connection by
itself.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Final, Literal
from zoneinfo import ZoneInfo

from hardware import CardSource, Clock, TokenModuleMissing
from sync.home import OpenHome
from sync.selfcheck import SelfCheck
from terminal.catalogue import Catalogue, CatalogueInForce
from terminal.config import Config
from terminal.domain.pricing import EquipmentRules
from terminal.vault import Vault

if TYPE_CHECKING:
    from hardware.cps import CpsSession

PARIS: Final = ZoneInfo("Europe/Paris")

Origin = Literal["counter", "command_line", "service"]
"""Where an act is asked for, as the access journal says it."""


def no_professional_card() -> "AbstractContextManager[CpsSession]":
    """Where nobody chose a driver for professional cards: TokenModuleMissing."""
    raise TokenModuleMissing("no PKCS#11 module was chosen", reason="absent")


@dataclass(frozen=True, slots=True)
class Desk:
    """Home, vault, settings, tariffs, clock and readers of one terminal."""

    home: OpenHome
    vault: Vault
    config: Config
    tariffs: CatalogueInForce
    clock: Clock
    cards: CardSource
    origin: Origin = "counter"
    health: SelfCheck | None = field(default=None, repr=False)
    """The checks at the start of a counter."""
    shown: set[str] = field(default_factory=set, repr=False)
    """Claims whose names were listed since the last log-in."""

    professional_card: "Callable[[], AbstractContextManager[CpsSession]]" = no_professional_card
    """Opens a session with the one professional card that is in."""

    @property
    def catalogue(self) -> Catalogue:
        """The catalogue in force at this instant."""
        return self.tariffs.now()

    @property
    def rules(self) -> EquipmentRules:
        """What the shop decided where the law is silent."""
        return EquipmentRules(mixed_ceiling=self.config.mixed_ceiling)

    def now(self) -> datetime:
        """The instant, aware UTC."""
        return self.clock.now()

    def today(self) -> date:
        """The civil day in France."""
        return self.clock.today()

    def midnight(self) -> datetime:
        """The instant at which the civil day began in France, by the clock as it is, as registrations are dated."""
        return datetime.combine(self.now().astimezone(PARIS).date(), time.min, PARIS)

    def leaves_at(self, now: datetime) -> datetime:
        """When a claim registered `now` leaves by itself: after the grace period."""
        return now + timedelta(seconds=self.config.grace_seconds)
