"""What a counter's screens are given once the terminal is open.

Rules: the first screen waits for nothing: Textual alone is loaded before it, and the rest is opened behind it.
"""

from dataclasses import dataclass

from terminal.workflow.office import OfficePort
from terminal.workflow.types import CounterPort

IDLE_SECONDS = 120.0


@dataclass(frozen=True, slots=True)
class Opened:
    """The counter; `office`: the back of the shop, without which the menu has what the counter can do alone.

    `sounds`: a bell beside what the screen says.
    """

    counter: CounterPort
    office: OfficePort | None = None
    idle_seconds: float = IDLE_SECONDS
    sounds: bool = True
