"""The installation of a good update on a started card, held at many moments, each of which is kept as a power cut.

Rules: a moment is found by what the card does (console, counters, bytes written) and told by what then lies on it.
"""

import sys
import time
from collections.abc import Callable
from typing import Final, NamedTuple

from image.builder import layout
from tests.image.machine.emulated import PATIENCE, Machine, NeverCame
from tests.image.machine.loader import counters
from tests.image.machine.snapshots import share
from tests.image.machine.sticks import write_stick
from tests.image.machine.sticks_tried import LAST
from tests.image.machine.update_stage import Updating

FEWEST_CUTS: Final = 12


class Seen(NamedTuple):
    """What shows how far an installation is, since the stick came: console, counters, bytes written to the card."""

    console: str
    counters: str
    written: int


class Moment(NamedTuple):
    """When to hold the machine."""

    name: str
    come: Callable[[Seen], bool]


def the_installation(updating: Updating, machine: Machine) -> None:
    """The good bundle; at each moment the machine is held and the card's file is kept."""
    stick = write_stick(updating.tools, updating.parts.work / "out/comptoir.raucb")
    machine.run(f"rm -f {LAST}; sync")
    machine.hold()
    updating.snapshots.begin()
    machine.go_on()
    before, size, began = len(machine.console()), machine.written()[0], time.monotonic()
    machine.plug(stick)
    waiting = moments(updating)
    while waiting:
        if time.monotonic() - began > PATIENCE:
            raise NeverCame(f"{waiting[0].name}\n{machine.console()[-6000:]}")
        seen = Seen(machine.console()[before:], counters(updating.parts), machine.written()[0] - size)
        now = waiting[-1] if over(seen) else next((one for one in waiting if one.come(seen)), None)
        if now is None:
            time.sleep(0.2)
            continue
        machine.hold()
        keep_moment(updating, now, machine.written()[0] - size)
        machine.go_on()
        waiting = waiting[waiting.index(now) + 1 :]
    updating.note("installed, seconds", time.monotonic() - began)
    if (said := machine.run(f"cat {LAST}").strip()) != "update_installed" or len(updating.cuts) < FEWEST_CUTS:
        raise AssertionError(f"{said}, {len(updating.cuts)} cuts\n{machine.console()[-4000:]}")


def over(seen: Seen) -> bool:
    """Whether the card has done with the stick."""
    return "Finished comptoir-update.service" in seen.console or "comptoir-update.service: Failed" in seen.console


def moments(updating: Updating) -> list[Moment]:
    """In the order in which they come: before, while the root is written, the kernel's slot, the counters, after."""
    root = (updating.parts.work / "root-a.part").stat().st_size
    kernel = layout.named("slot-b").size * layout.SECTOR
    first = counters(updating.parts)
    return [
        Moment("bundle opened", lambda seen: "Starting comptoir-update.service" in seen.console),
        Moment("slot marked as not to be started", lambda seen: seen.counters != first),
        *(when(f"root at {part:.0%}", root * part) for part in (0.02, 0.25, 0.5, 0.75, 0.97)),
        *(when(f"kernel's slot at {part:.0%}", root + kernel * part) for part in (0.1, 0.5, 0.9)),
        Moment("counters of the new slot", lambda seen: seen.counters.endswith("/3")),
        Moment("order of the slots", lambda seen: seen.counters.startswith("B")),
        Moment("after it", over),
    ]


def when(name: str, due: float) -> Moment:
    """As soon as so many bytes are on the card."""
    return Moment(name, lambda seen: seen.written > due)


def keep_moment(updating: Updating, moment: Moment, size: int) -> None:
    """Keep the card as it is, and say what is on it."""
    number, work = len(updating.cuts), updating.parts.work
    kept = updating.snapshots.take(number)
    root = share(updating.parts.disk, "root-b", work / "root-a.part")
    kernel = share(updating.parts.disk, "slot-b", work / "slot-a.part")
    told = f"{moment.name} ({size / 1e6:.0f} MB written; B has {root:.0%} of the root, {kernel:.0%} of the " \
           f"kernel's slot; counters {counters(updating.parts)})"  # fmt: skip
    updating.cuts.append(told)
    sys.stdout.write(f"image-test: moment {number}: {told}, {kept / 1e6:.0f} MB kept\n")
    sys.stdout.flush()
