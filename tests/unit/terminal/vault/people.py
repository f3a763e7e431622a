"""A vault with people in it, for the tests of who may do what; PINs cost next to nothing here."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from hardware import SystemClock
from hardware.emulator import EmulatedSource
from hardware.uptime import Uptime
from sync.crypto.stretching import Argon2Cost
from sync.home import OpenHome, create_home
from terminal.catalogue import CatalogueInForce, Shelf
from terminal.config import Config
from terminal.domain.roles import Role
from terminal.vault import Account, Vault
from terminal.workflow.desk import Desk
from terminal.workflow.people import create_person

CHEAP = Argon2Cost(memory_kib=64, passes=1, lanes=1)
PINS = {"camille": "2468", "nadia": "1357", "thomas": "9753", "tech": "8642"}
PEOPLE = (
    Account("camille", "Camille D.", Role.RESPONSIBLE),
    Account("nadia", "Nadia K.", Role.STAFF),
    Account("thomas", "Thomas R.", Role.STAFF),
    Account("tech", "Service", Role.TECHNICIAN),
)


@dataclass
class Machine:
    """A machine's uptime that a test moves."""

    boot: str = "first"
    seconds: float = 1000.0

    def __call__(self) -> Uptime:
        """This instant."""
        return Uptime(self.boot, self.seconds)

    def restart(self) -> None:
        """Another start, just now."""
        self.boot, self.seconds = f"{self.boot}+", 0.0


def vault_of(home: OpenHome, machine: Machine) -> Vault:
    """The vault of a home on this machine."""
    return Vault(home, lambda: CHEAP, machine)


def desk_of(home: OpenHome, vault: Vault) -> Desk:
    """A desk around this vault."""
    return Desk(
        home=home,
        vault=vault,
        config=Config(shop_am_id="991000019", shop_name="Optique Exemple"),
        tariffs=CatalogueInForce(Shelf(home.path)),
        clock=SystemClock(datetime(2026, 11, 21, tzinfo=UTC)),
        cards=EmulatedSource(),
    )


def staffed(folder: Path, machine: Machine | None = None) -> Desk:
    """A new terminal with the four people of this module, nobody logged in."""
    home = create_home(folder)
    desk = desk_of(home, vault_of(home, machine or Machine()))
    for person in PEOPLE:
        create_person(desk, person, PINS[person.id])
        desk.vault.unlock("camille", PINS["camille"])
    desk.vault.lock()
    return desk
