"""`python -m tests.image.machine.trial --work FOLDER`: the built image, from its first start past a power cut.

Rules: nothing inside the image is changed for the trial but what a technician changes: the file on its first
partition. It states what it measured, and ends with an error at the first thing that is not as promised. Root and an
image built in the same work folder are needed, and a network namespace of its own (`make image-test` makes one).
"""

import argparse
import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from hardware.emulator.faults import make_card
from image.builder import layout
from terminal.cli.demo_insurers import TERMS, DemoInsurer
from tests.image.machine.card_file import contains, flip_byte, fresh_card, put_counters, put_folder, tries_left
from tests.image.machine.emulated import PATIENCE, Machine, Parts

SHOP, USER, PIN = "991000019", "odette", "2468"
NAME, SHOP_NAME = "Odette P.", "Optique Sonde"
AMC: Final = "99000001"
HOST: Final = "10.0.2.2"
"""This machine, as QEMU shows it to the emulated one."""


@dataclass
class Trial:
    """The card, the insurer, and what was measured so far."""

    parts: Parts
    insurer: DemoInsurer
    figures: dict[str, float | int | str]
    planted: list[bytes] = field(default_factory=list)
    """What the technician's file holds and the card must not show after the first start."""

    def note(self, name: str, value: float | str) -> None:
        """Keep a figure and say it."""
        self.figures[name] = round(value, 1) if isinstance(value, float) else value
        sys.stdout.write(f"image-test: {name}: {self.figures[name]}\n")
        sys.stdout.flush()


def main() -> int:
    """Run the trial; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.image.machine.trial")
    parser.add_argument("--work", type=Path, required=True)
    work = parser.parse_args().work.resolve()
    parts = Parts(work / "tools", work, work / "disk.img")
    fresh_card(parts)
    insurer = start_insurer(work / "insurer")
    try:
        trial = Trial(parts, insurer, {})
        provision(trial)
        for step in (first_start, search_card, second_start, flipped_byte):
            step(trial)
    finally:
        insurer.stop()
    (work / "trial.json").write_text(json.dumps(trial.figures, indent=1) + "\n")
    return 0


def start_insurer(folder: Path) -> DemoInsurer:
    """A reference receiver on this machine, where the emulated one finds it."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "terms.json").write_text(json.dumps(TERMS), encoding="utf-8")
    insurer = DemoInsurer(folder / "insurer", AMC, port=8443)
    insurer.ask(
        "init", "--amc", AMC, "--name", "Santé Démo", "--convention", "DEMO-L", "--endpoint", f"https://{HOST}:8443",
        "--code-level", "lpp", "--hosting", "Cette machine", "--terms", str(folder / "terms.json"),
    )  # fmt: skip
    insurer.start()
    return insurer


def provision(trial: Trial) -> None:
    """What the technician writes on the card's first partition."""
    answer = trial.insurer.ask("invite", "--shop", SHOP)
    folder = trial.parts.work / "comptoir"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / "assureur.json").write_text(json.dumps(answer["directory"]))
    plan: dict[str, Any] = {
        "shop": {"number": SHOP, "name": SHOP_NAME},
        "users": [{"id": USER, "name": NAME, "role": "responsible", "pin": PIN}],
        "insurers": [{"directory": "assureur.json", "invitation": answer["letter"]["invitation"],
                      "code": answer["letter"]["activation_code"]}],
    }  # fmt: skip
    (folder / "provision.json").write_text(json.dumps(plan))
    put_folder(trial.parts, folder.name)
    letter = (answer["letter"]["invitation"], answer["letter"]["activation_code"])
    trial.planted = [words.encode() for words in (f'"pin": "{PIN}"', NAME, SHOP_NAME, *letter)]
    seen = [words for words in trial.planted if contains(trial.parts.disk, words)]
    if seen != trial.planted:
        raise AssertionError(f"the search sees only {seen}")
    put_counters(trial.parts, left_a=2)


def first_start(trial: Trial) -> None:
    """First start: the data partition is made, the file taken over; card in, a claim; the power is cut."""
    machine = Machine(trial.parts)
    try:
        trial.note("verified root, seconds", machine.wait_for("root verified"))
        trial.note("data partition made, seconds", machine.wait_for("comptoir-data: made"))
        trial.note("provisioned, seconds", machine.wait_for("comptoir-provision: done"))
        machine.wait_for('"event": "started"')
        trial.note("lock screen, seconds", settled(machine, "lock"))
        claim(trial, machine)
    finally:
        machine.kill()


def claim(trial: Trial, machine: Machine) -> None:
    """Log in, put the card in, type a claim, see it registered."""
    machine.type(PIN, ["ret"])
    settled(machine, "home")
    machine.reader.insert(make_card("simple"))
    wait(lambda: machine.reader.commands > 0, "the CCID driver reads the card")
    wait(machine.reader.at_rest, "the card is read")
    settled(machine, "claim-empty")
    machine.type("1211", ["ret"])
    machine.type("1")
    settled(machine, "claim")
    machine.type("", ["f10"])
    settled(machine, "registered")
    trial.note("commands that the card answered", machine.reader.commands)


def search_card(trial: Trial) -> None:
    """What the technician wrote is nowhere on the card in clear."""
    found = [words.decode() for words in trial.planted if contains(trial.parts.disk, words)]
    trial.note("planted words found on the card", len(found))
    if found:
        raise AssertionError(found)


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
        machine.type("", ["f4"])
        settled(machine, "queue-again")
        trial.note("second start: called good, seconds", machine.wait_for("slot A is good"))
    finally:
        machine.kill()
    trial.note("tries of slot A, of which U-Boot had left 2", tries_left(trial.parts, "A"))
    if tries_left(trial.parts, "A") != 3:
        raise AssertionError("the good start was not written down")


def flipped_byte(trial: Trial) -> None:
    """One byte of the root, changed on the card: the machine does not run on it."""
    place = layout.named("root-a").offset + 1024
    flip_byte(trial.parts, place)
    trial.note("flipped byte at", place)
    machine = Machine(trial.parts)
    try:
        trial.note("refused, seconds", machine.ended())
    finally:
        machine.kill()
    said = machine.console()
    if not re.search("device-mapper: verity: .* corrupted|dm-verity device corrupted|START REFUSED", said):
        raise AssertionError(said[-4000:])


def settled(machine: Machine, name: str, still: int = 5) -> float:
    """Until a lit picture, with nothing under way, stays the same for `still` looks; kept as NAME.png; the seconds."""
    last, same = b"", 0
    limit = time.monotonic() + PATIENCE
    while same < still:
        now = machine.pixels()
        same = same + 1 if now == last and lit(now) and not busy(now) else 0
        last = now
        if time.monotonic() > limit:
            raise AssertionError(f"the screen never settled: {name}\n{machine.console()[-6000:]}")
        time.sleep(1.0)
    machine.picture(name)
    return time.monotonic() - machine.began


def lit(pixels: bytes) -> bool:
    """Whether enough of a picture differs from its most usual colour to be a screen with text."""
    sample = pixels[::97]
    return len(sample) > 0 and sample.count(max(set(sample), key=sample.count)) < 0.985 * len(sample)


def busy(pixels: bytes) -> bool:
    """Whether the dot of something under way stands at the head of the last line but one."""
    width, top, left = 1280, 728, 12
    data = pixels[-3 * width * 800 :]
    rows = [data[3 * (width * (top + row) + left) : 3 * (width * (top + row) + left + 16)] for row in range(24)]
    return len(set(b"".join(rows))) > 1


def wait(condition: Callable[[], bool], what: str) -> None:
    """Until the condition holds."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError(f"never: {what}")
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
