"""The first start of a terminal: who the shop is, who is responsible, the paper, and making all of it at once.

Rules: nothing is written while a person answers; then everything is made in one go, in an order in which each part is
durable before the next begins, so that a cut leaves a terminal that the next start goes on with. A recovery code counts
only from the end: one that was shown before a cut opens nothing, and the next start says to tear that paper up.
"""

import re
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol, Self

from sync.contract.printed import read_symbols
from sync.crypto.recovery import RecoveryCode
from terminal.domain.identifiers import AmId
from terminal.vault.accounts import check_pin

__all__ = ["Begun", "Paper", "Plan", "SetupPort", "Stage", "account_id", "check_pin", "check_shop"]
_SYMBOLS_OF_A_GROUP: Final = 5
_PLAIN_GROUPS: Final = 4
"""The last group ends with the check symbol, which may be a sign that people do not know."""
_NO_NAME: Final = "responsable"


class Stage(StrEnum):
    """What a terminal lacks: all, an account, a recovery code that counts, or nothing."""

    SHOP = "shop"
    PERSON = "person"
    PAPER = "paper"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Begun:
    """How far an installation is: its stage, and the names that are durable already."""

    stage: Stage
    shop_name: str = ""
    person: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a person answered. `printer` is an address, empty where there is none."""

    shop_name: str
    shop_am_id: str
    person: str
    pin: str = field(repr=False)
    printer: str = ""


@dataclass(frozen=True, slots=True)
class Paper:
    """A new recovery code, and which of its groups (1 to 4) has to be typed back from the paper."""

    code: RecoveryCode = field(repr=False)
    asked: int

    @classmethod
    def new(cls) -> Self:
        """A random code and a random group."""
        return cls(RecoveryCode.generate(), secrets.randbelow(_PLAIN_GROUPS) + 1)

    def groups(self) -> tuple[str, ...]:
        """The code as it is written down."""
        return tuple(self.code.grouped().split("-"))

    def agrees(self, typed: str) -> bool:
        """Whether this is the group that was asked for; O, I and L are read as 0, 1 and 1."""
        return read_symbols(typed, _SYMBOLS_OF_A_GROUP) == self.groups()[self.asked - 1]


class SetupPort(Protocol):
    """What the screens of the first start may ask. Every call may block."""

    def begun(self) -> Begun:
        """How far the installation is."""

    def printers(self) -> tuple[str, ...]:
        """The addresses of printers that are plugged in."""

    def try_printer(self, address: str) -> None:
        """Print the trial ticket; HardwareError."""

    def read_card(self) -> int:
        """Read the Vitale card in any reader: how many people it covers; HardwareError."""

    def make(self, plan: Plan, paper: Paper, step: Callable[[str], None] = lambda _name: None) -> None:
        """Make what is missing; `step` is told what is durable. DomainError, SyncError."""


def check_shop(typed: str) -> None:
    """AmIdInvalid unless this is a billing id of a point of sale."""
    AmId.parse(typed)


def account_id(name: str) -> str:
    """The account's id for a person's name: the first word, in plain lower case."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode("ascii").lower()
    found = re.search(r"[a-z][a-z0-9._-]{0,31}", plain)
    return found[0].rstrip("._-") if found else _NO_NAME


def plugged_printers(devices: Path = Path("/dev/usb")) -> tuple[str, ...]:
    """The printers that the kernel drives itself, as addresses."""
    return tuple(f"file:{path}" for path in sorted(devices.glob("lp*")))
