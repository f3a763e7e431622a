"""The stage of a trial of updates: the card, both systems, a start by U-Boot's choice, and what the shop has.

Rules: the shop is asked inside the started card, by the counter's own command; the counterfoil only grows, so that its
first bytes are compared.
"""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, NamedTuple

from image.builder.tools import Tools
from tests.image.machine.emulated import Machine, Parts
from tests.image.machine.loader import counters, starts
from tests.image.machine.snapshots import Snapshots
from tests.image.machine.stage import Trial

AS_COUNTER: Final = "setpriv --reuid=comptoir --regid=comptoir --init-groups env LANG=C.UTF-8"
_MOUNTED: Final = "until mountpoint -q /var/lib/comptoir; do sleep 1; done"


class Held(NamedTuple):
    """What the shop has: claims by state, and the counterfoil's length and digest."""

    states: dict[str, int]
    length: int
    digest: str


@dataclass
class Updating:
    """The trial, and what was found on the way."""

    trial: Trial
    tools: Tools
    bad: dict[str, Path]
    """Bundles that a card must refuse, by the word with which it does."""
    versions: dict[str, str]
    held: Held | None = None
    """The shop before the update."""
    later: Held | None = None
    """The shop when the newer system has worked."""
    cuts: list[str] = field(default_factory=list)

    @property
    def parts(self) -> Parts:
        """The card."""
        return self.trial.parts

    @property
    def snapshots(self) -> Snapshots:
        """Its moments."""
        return Snapshots(self.parts)

    def note(self, name: str, value: float | str) -> None:
        """Keep a figure and say it."""
        self.trial.note(name, value)


@contextmanager
def started(updating: Updating, wanted: str) -> Iterator[Machine]:
    """The next start of the card, by U-Boot's choice, which must be this slot; the power is cut at the end."""
    before, slot = counters(updating.parts), next(starts(updating.parts))
    updating.note(f"U-Boot, from {before}", f"slot {slot}, leaves {counters(updating.parts)}")
    if slot != wanted:
        raise AssertionError(f"U-Boot took {slot}")
    machine = Machine(updating.parts, slot, inside=True)
    try:
        yield machine
    finally:
        machine.kill()


def confirmed(updating: Updating, machine: Machine) -> None:
    """Until the start was called good, and updates may come."""
    machine.run("until [ -e /run/comptoir-good/confirmed ]; do sleep 1; done")
    slot = machine.run("cat /run/comptoir-good/confirmed").strip()
    updating.note(f"slot {slot} called good, seconds", time.monotonic() - machine.began)


def version(machine: Machine) -> str:
    """Which system runs."""
    return machine.run("cat /usr/share/comptoir/version").strip()


def held(machine: Machine, length: int = 0) -> Held:
    """What the shop has; `length` bytes of the counterfoil, or all of it."""
    machine.run(_MOUNTED)
    answer: dict[str, Any] = json.loads(
        machine.run(f"{AS_COUNTER} /opt/comptoir/.venv/bin/comptoir queue --json --home /var/lib/comptoir")
    )
    length = length or int(machine.run("stat -c %s /var/lib/comptoir/counterfoil.log"))
    summed = machine.run(f"head -c {length} /var/lib/comptoir/counterfoil.log | sha256sum").split()[0]
    return Held(answer["states"], length, summed)


def told(shop: Held) -> str:
    """The same in a figure's words."""
    return f"{json.dumps(shop.states)}, counterfoil {shop.length} bytes {shop.digest[:16]}"


def check_shop(updating: Updating, machine: Machine) -> None:
    """The same claims in the same states, the same counterfoil byte for byte."""
    assert updating.held is not None
    now = held(machine, updating.held.length)
    if now != updating.held:
        raise AssertionError(f"{updating.held} became {now}\n{machine.console()[-4000:]}")
