"""`python -m tests.image.machine.trial --work FOLDER`: the built image, from its first start past a power cut.

Rules: nothing inside the image is changed for the trial but what a technician changes: the file on its first
partition. It states what it measured, and ends with an error at the first thing that is not as promised. Root and an
image built in the same work folder are needed, and a network namespace of its own (`make image-test` makes one).
`--inside` is a start of the card that such a trial left, with a root shell asked for through the kernel's command line:
where time and memory go, and what the firewall holds back (`make image-figures`).
"""

import argparse
import re
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from image.builder import layout
from terminal.cli.demo_insurers import DemoInsurer
from tests.image.machine.card_file import contains, flip_byte, fresh_card, place_of, tries_left, volume_key
from tests.image.machine.emulated import Machine, Parts
from tests.image.machine.inside import inside
from tests.image.machine.outside import idle_writes, knock_at_every_port, make_line, outgoing
from tests.image.machine.report import page
from tests.image.machine.screen import settled
from tests.image.machine.stage import AMC, FIRST, PIN, Trial, claim, provision, start_insurer


def main() -> int:
    """Run the trial; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.image.machine.trial")
    parser.add_argument("--work", type=Path, required=True)
    parser.add_argument("--idle", type=float, default=120.0, help="seconds of rest in which its writes are counted")
    parser.add_argument("--record", type=Path, help="where the page of a trial that was passed is written")
    parser.add_argument("--inside", action="store_true", help="measure in the card that an earlier trial left")
    asked = parser.parse_args()
    work = asked.work.resolve()
    parts = Parts(work / "tools", work, work / "disk.img")
    make_line()
    if asked.inside:
        trial = Trial(parts, DemoInsurer(work / "insurer/insurer", AMC, port=8443), asked.idle)
        trial.insurer.start()
    else:
        fresh_card(parts)
        trial = Trial(parts, start_insurer(work / "insurer"), asked.idle)
        provision(trial)
    try:
        steps = (inside,) if asked.inside else STEPS
        took = [(step.__name__.replace("_", " "), run(step, trial)) for step in steps]
    finally:
        trial.insurer.stop()
    if asked.record:
        asked.record.write_text(page(work, took, trial.figures), encoding="utf-8")
    return 0


def run(step: Callable[[Trial], None], trial: Trial) -> float:
    """One step, and its seconds."""
    began = time.monotonic()
    step(trial)
    return time.monotonic() - began


def first_start(trial: Trial) -> None:
    """First start: the data partition is made, the file taken over; no line, card in, a claim; the power is cut."""
    machine = Machine(trial.parts)
    try:
        trial.note("verified root, seconds", machine.wait_for("root verified"))
        trial.note("data partition made, seconds", machine.wait_for("comptoir-data: made"))
        machine.picture("starting")
        trial.note("provisioned, seconds", machine.wait_for("comptoir-provision: done"))
        trial.note("service that sends is up, seconds", machine.wait_for('"event": "started"'))
        trial.note("lock screen, seconds", settled(machine, "lock"))
        machine.line_out()
        claim(trial, machine)
    finally:
        machine.kill()
    outgoing(trial.note, "first start", machine)


def search_card(trial: Trial) -> None:
    """What the technician wrote, who the patient is, and the key of the partition are nowhere on the card in clear."""
    key = volume_key(trial.parts)
    found = [words for words in (*trial.planted, *FIRST.words, key, key[:32]) if contains(trial.parts.disk, words)]
    trial.note("planted words, the patient, the partition's key: found on the card", len(found))
    if found or len(key) != 64:
        raise AssertionError(found or key)


def second_start(trial: Trial) -> None:
    """The same card again: the partition opens, the claim is there, leaves, and its receipt is believed."""
    machine = Machine(trial.parts)
    try:
        trial.note("second start: data opened, seconds", machine.wait_for("comptoir-data: opened"))
        trial.note("second start: lock screen, seconds", settled(machine, "lock-again"))
        trial.note("second start: receipt verified, seconds", machine.wait_for('"acknowledged": 1'))
        claims = trial.insurer.claims()
        trial.note("claims at the insurer", len(claims))
        if len(claims) != 1:
            raise AssertionError(claims)
        machine.type(PIN, ["ret"])
        settled(machine, "home-again")
        home = machine.pixels()
        machine.type("", ["f4"])
        settled(machine, "queue-again", unlike=home)
        trial.note("second start: called good, seconds", machine.wait_for("slot A is good"))
        knock_at_every_port(trial.note, machine)
        idle_writes(trial.note, machine, trial.idle)
    finally:
        machine.kill()
    outgoing(trial.note, "second start", machine)
    trial.note("tries of slot A, of which U-Boot had left 2", tries_left(trial.parts, "A"))
    if tries_left(trial.parts, "A") != 3:
        raise AssertionError("the good start was not written down")


def flipped_byte(trial: Trial) -> None:
    """One byte of the root, changed on the card: the machine does not run on it."""
    for name, place in (("superblock", 1024), ("udev", place_of(trial.parts, "/usr/bin/udevadm"))):
        flip_byte(trial.parts, layout.named("root-a").offset + place)
        machine = Machine(trial.parts)
        try:
            trial.note(f"one byte of the root's {name} changed: restarted, seconds", machine.ended())
        finally:
            machine.kill()
            flip_byte(trial.parts, layout.named("root-a").offset + place)
        said = machine.console()
        if not re.search("device-mapper: verity: .* corrupted|dm-verity device corrupted|START REFUSED", said):
            raise AssertionError(said[-4000:])


STEPS: Final = (first_start, search_card, second_start, flipped_byte)


if __name__ == "__main__":
    sys.exit(main())
