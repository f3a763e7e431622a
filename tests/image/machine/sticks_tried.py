"""Sticks with updates that a started card must not take: each has its word, and nothing of a slot changes.

Rules: the word is the one that the card keeps for the screen; slots and counters are compared on the card's file.
"""

import time
from pathlib import Path
from typing import Final

from tests.image.machine.emulated import Machine
from tests.image.machine.loader import counters
from tests.image.machine.snapshots import digest
from tests.image.machine.stage import CHECKED, PIN, SELF_CHECK
from tests.image.machine.sticks import write_stick
from tests.image.machine.update_stage import Updating

PARTITIONS: Final = ("slot-a", "slot-b", "root-a", "root-b")
LAST: Final = "/run/comptoir-update/last"
_PAINTED: Final = 12.0
"""Seconds in which a screen comes on two emulated processors."""


def refusals(updating: Updating, machine: Machine) -> None:
    """Forged, older, cut short, changed: each has its word, and not a byte of a slot nor a counter changes."""
    before = slots(updating, machine)
    for word, update in updating.bad.items():
        said, seconds = outcome(updating, machine, update)
        updating.note(f"bundle for {word}: the card says, after seconds", f"{said}, {seconds:.0f}")
        update.unlink()
        if said != word or slots(updating, machine) != before:
            raise AssertionError(f"{word}: {said}\n{machine.console()[-4000:]}")
    page_shown(machine)


def page_shown(machine: Machine) -> None:
    """The page that names the last refusal, from the locked claim; kept as update-refused.png.

    Nothing waits for a screen at rest: an older card may keep a warning on it after a lock.
    """
    for text, keys in ((PIN, ("ret",)), ("", ("ret",)), ("", ("f9",)), (SELF_CHECK, ())):
        machine.type(text, keys)
        time.sleep(_PAINTED)
    time.sleep(CHECKED)
    machine.picture("update-refused")


def slots(updating: Updating, machine: Machine) -> list[str]:
    """The slots' digests and the counters, as a power cut would leave them now."""
    machine.run("sync")
    machine.hold()
    seen = [*(digest(updating.parts.disk, part) for part in PARTITIONS), counters(updating.parts)]
    machine.go_on()
    return seen


def outcome(updating: Updating, machine: Machine, update: Path) -> tuple[str, float]:
    """Plug a stick with this bundle in: the card's last word about it, and after how many seconds."""
    machine.run(f"rm -f {LAST}")
    machine.plug(write_stick(updating.tools, update))
    began = time.monotonic()
    machine.run(f"until [ -e {LAST} ] && ! grep -q running {LAST}; do sleep 1; done")
    said, seconds = machine.run(f"cat {LAST}").strip(), time.monotonic() - began
    pull(machine)
    return said, seconds


def pull(machine: Machine) -> None:
    """Pull the stick out, once nobody reads it."""
    machine.run("while systemctl -q is-active comptoir-update.service run-comptoir\\\\x2dstick.mount; do sleep 1; done")
    machine.unplug()
    machine.run("while [ -e /dev/comptoir-stick ]; do sleep 1; done")


def while_a_claim_is_written(updating: Updating, machine: Machine) -> None:
    """The good bundle, while somebody holds the lock under which a claim is written."""
    hold = "flock /var/lib/comptoir/counterfoil.log sh -c 'while [ -e /run/hold ]; do sleep 1; done'"
    machine.run(f"touch /run/hold; {hold} </dev/null >/dev/null 2>&1 &")
    said, seconds = outcome(updating, machine, updating.parts.work / "out/comptoir.raucb")
    machine.run("rm /run/hold")
    updating.note("good bundle while a claim is written: the card says, after seconds", f"{said}, {seconds:.0f}")
    if said != "update_busy":
        raise AssertionError(machine.console()[-4000:])
