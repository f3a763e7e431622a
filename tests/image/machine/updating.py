"""`python -m tests.image.machine.updating --work FOLDER --old FOLDER`: a started card takes an update from a stick.

Rules: both images are used unchanged; N is the one built in the work folder, N-1 lies in `--old`. Every start goes
through U-Boot's part (`loader`). The insurer is away until the new system runs, so that the claim waits through
everything, and again while the cut cards are started, which hold the claim as it waited. Root, and a network
namespace of its own (`make image-update-test` makes one).
"""

import argparse
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from image.builder import layout
from image.builder.tools import Tools
from tests.image.machine.card_file import CARD_BYTES, flip_byte
from tests.image.machine.emulated import PATIENCE, Machine, NeverCame, Parts
from tests.image.machine.installing import the_installation
from tests.image.machine.loader import LOADED, counters, starts
from tests.image.machine.outside import make_line
from tests.image.machine.report import About, page
from tests.image.machine.screen import settled
from tests.image.machine.snapshots import copy
from tests.image.machine.stage import SECOND, Trial, claim, provision, start_insurer
from tests.image.machine.sticks import bad_bundles
from tests.image.machine.sticks_tried import refusals, while_a_claim_is_written
from tests.image.machine.update_stage import Updating, check_shop, confirmed, held, started, told, version

ABOUT: Final = About("An update of a started card", "`make image-update-test`")


def main() -> int:
    """Run the trial; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.image.machine.updating")
    parser.add_argument("--work", type=Path, required=True, help="where the new image was built")
    parser.add_argument("--old", type=Path, required=True, help="a folder with an older comptoir.img (its `out`)")
    parser.add_argument("--record", type=Path, help="where the page of a trial that was passed is written")
    asked = parser.parse_args()
    work, tools = asked.work.resolve(), Tools(asked.work.resolve())
    make_line()
    parts = Parts(tools.root, work, work / "disk.img", LOADED)
    copy(asked.old / "comptoir.img", parts.disk)
    with parts.disk.open("r+b") as file:
        file.truncate(CARD_BYTES)
    bad = bad_bundles(tools, work / "out/comptoir.raucb")
    new = (work / "root/usr/share/comptoir/version").read_text().strip()
    updating = Updating(Trial(parts, start_insurer(work / "insurer")), tools, bad, {"new": new})
    updating.note("the older image", (asked.old / "comptoir.commit").read_text("utf-8").strip())
    provision(updating.trial)
    try:
        took = [(step.__name__.replace("_", " "), timed(step, updating)) for step in STEPS]
    finally:
        updating.trial.insurer.stop()
        updating.snapshots.forget()
    if asked.record:
        asked.record.write_text(page(work, took, updating.trial.figures, ABOUT), encoding="utf-8")
    return 0


def timed(step: Callable[[Updating], None], updating: Updating) -> float:
    """One step, and its seconds."""
    began = time.monotonic()
    step(updating)
    return time.monotonic() - began


def an_older_card_in_service(updating: Updating) -> None:
    """N-1: provisioned, a claim registered, the start called good; then everything that happens while it runs."""
    with started(updating, "a") as machine:
        machine.wait_for('"event": "started"')
        settled(machine, "update-lock")
        updating.trial.insurer.stop()
        claim(updating.trial, machine)
        confirmed(updating, machine)
        updating.versions["old"] = version(machine)
        updating.held = held(machine)
        updating.note("the shop before the update", told(updating.held))
        if sum(updating.held.states.values()) != 1:
            raise AssertionError("the claim was not registered")
        refusals(updating, machine)
        while_a_claim_is_written(updating, machine)
        the_installation(updating, machine)


def the_new_system(updating: Updating) -> None:
    """N starts in slot B: the claim leaves, its receipt comes, another is registered, the slot is called good."""
    assert updating.held is not None
    updating.trial.insurer.start()
    with started(updating, "b") as machine:
        now = held(machine, updating.held.length)
        updating.note("the shop, first start of the new system", told(now))
        if now.digest != updating.held.digest or sum(now.states.values()) != 1:
            raise AssertionError(f"{updating.held} became {now}")
        settled(machine, "update-new-lock")
        if version(machine) != updating.versions["new"]:
            raise AssertionError(version(machine))
        machine.wait_for('"acknowledged": 1')
        claim(updating.trial, machine, SECOND)
        confirmed(updating, machine)
        updating.later = held(machine)
        updating.note("the shop under the new system", told(updating.later))
        updating.note("what the card's own journal says", machine.run("tail -n 3 /run/comptoir-data/journal/events"))
    updating.note("counters after the new system was called good", counters(updating.parts))
    if counters(updating.parts) != "B A/3/3":
        raise AssertionError(counters(updating.parts))


def back_to_the_older(updating: Updating) -> None:
    """The new root is spoilt: after its three tries the older system starts, with both claims."""
    flip_byte(updating.parts, layout.named("root-b").offset + 1024)
    tries = starts(updating.parts)
    for _ in range(3):
        if next(tries) != "b":
            raise AssertionError(counters(updating.parts))
        machine = Machine(updating.parts, "b")
        updating.note(f"spoilt root, counters {counters(updating.parts)}: restarted, seconds", machine.ended())
    with started(updating, "a") as machine:
        check_claims(updating, machine)
        settled(machine, "update-back-lock")
        confirmed(updating, machine)


def check_claims(updating: Updating, machine: Machine) -> None:
    """Under the older system: nothing lost of what the newer wrote, nothing twice at the insurer."""
    assert updating.later is not None
    if version(machine) != updating.versions["old"]:
        raise AssertionError(version(machine))
    now = held(machine, updating.later.length)
    updating.note("the shop, back under the older system", told(now))
    limit = time.monotonic() + PATIENCE
    while len(claims := updating.trial.insurer.claims()) < 2 and time.monotonic() < limit:
        time.sleep(2.0)
    ids = {one["claim_id"] for one in claims}
    updating.note("claims at the insurer, different ones", f"{len(claims)}, {len(ids)}")
    if (now.digest, len(claims), len(ids)) != (updating.later.digest, 2, 2) or sum(now.states.values()) != 2:
        raise AssertionError(f"{updating.later} became {now}: {claims}")


def each_cut(updating: Updating) -> None:
    """Each kept card: started, the insurer away, until a whole system comes, whose shop is what it was."""
    updating.trial.insurer.stop()
    for number, cut in enumerate(updating.cuts):
        updating.snapshots.restore(number)
        began = time.monotonic()
        name, tries = whole_system(updating)
        updating.note(f"cut {number}: {cut}", f"{name} at start {tries}, {time.monotonic() - began:.0f} s")


def whole_system(updating: Updating) -> tuple[str, int]:
    """Which system a cut card comes to, and at which start; its shop must be whole."""
    parts = replace(updating.parts, disk=updating.snapshots.cut)
    for number, slot in enumerate(starts(parts), 1):
        if slot is None:
            continue
        if runs := what_comes(updating, parts, slot):
            return next(name for name, one in updating.versions.items() if one == runs), number
    raise AssertionError("no whole system")


def what_comes(updating: Updating, parts: Parts, slot: str) -> str:
    """The version of the system that this slot comes to, with the shop as it was; nothing when it does not start."""
    try:
        machine = Machine(parts, slot, inside=True)
    except OSError:
        return ""
    try:
        machine.wait_for("comptoir-data: opened")
        check_shop(updating, machine)
        return version(machine)
    except NeverCame:
        return ""
    finally:
        machine.kill()


STEPS: Final = (an_older_card_in_service, the_new_system, back_to_the_older, each_cut)


if __name__ == "__main__":
    sys.exit(main())
