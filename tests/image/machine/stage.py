"""The stage of a trial: the card, the insurer on this machine, what a technician writes, what a counter's person does.

Rules: every person here is invented, for these trials alone; what the technician writes is what the guide says.
"""

import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, NamedTuple

from hardware.emulator.faults import make_card
from hardware.emulator.profiles import Profile, load_profile
from terminal.cli.demo_insurers import TERMS, DemoInsurer
from tests.image.machine.card_file import contains, put_counters, put_folder
from tests.image.machine.emulated import PATIENCE, Machine, Parts
from tests.image.machine.outside import HOST
from tests.image.machine.screen import settled

SHOP, USER, PIN = "991000019", "odette", "2468"
NAME, SHOP_NAME = "Odette P.", "Optique Sonde"
SELF_CHECK: Final = "5"
"""Its line in the menu of a responsible."""
CHECKED: Final = 75.0
"""Seconds in which the self-check is over on two emulated processors."""
AMC: Final = "99000001"


class Patient(NamedTuple):
    """An invented person of these trials alone: the emulator's card, the name put on it, the person's number there."""

    card: str
    surname: str
    nir: str

    @property
    def words(self) -> tuple[bytes, ...]:
        """The name and the number as cards and as programs write them; the image knows no such name."""
        return self.surname.encode(), self.nir.encode(), self.surname.encode("utf-16-le")

    def profile(self) -> Profile:
        """What the card says."""
        made = load_profile(self.card)
        return replace(made, holders=(replace(made.holders[0], surname=self.surname),))


FIRST: Final = Patient("simple", "SONDARENE", "2840575999123")
SECOND: Final = Patient("corse", "SONDARBRE", "171082A999045")
"""A second claim is for somebody else: the same equipment twice for one person is questioned."""


@dataclass
class Trial:
    """The card, the insurer, and what was measured so far."""

    parts: Parts
    insurer: DemoInsurer
    idle: float = 0.0
    """For how many seconds the machine is left alone, to count what it writes."""
    figures: dict[str, float | int | str] = field(default_factory=dict)
    planted: list[bytes] = field(default_factory=list)
    """What the technician's file holds and the card must not show after the first start."""

    def note(self, name: str, value: float | str) -> None:
        """Keep a figure and say it."""
        self.figures[name] = round(value, 1) if isinstance(value, float) else value
        sys.stdout.write(f"image-test: {name}: {self.figures[name]}\n")
        sys.stdout.flush()


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


def claim(trial: Trial, machine: Machine, patient: Patient = FIRST) -> None:
    """Log in, put the card in, type a claim, see it registered."""
    machine.type(PIN, ["ret"])
    settled(machine, "home")
    machine.reader.insert(make_card(patient.profile()))
    wait(lambda: machine.reader.commands > 0, "the CCID driver reads the card")
    wait(machine.reader.at_rest, "the card is read")
    settled(machine, "claim-empty")
    machine.type("1211", ["ret"])
    machine.type("1")
    settled(machine, "claim")
    machine.type("", ["f10"])
    settled(machine, "registered")
    trial.note("commands that the card answered", machine.reader.commands)


def unlocked(machine: Machine, name: str) -> float:
    """From the lock to the screen that asks for a card, NAME.png; when it came, in seconds of the machine."""
    lock = machine.pixels()
    machine.type(PIN, ["ret"])
    return settled(machine, name, unlike=lock)


def self_check(machine: Machine, name: str) -> None:
    """From the lock to the page that a technician photographs; kept as NAME.png."""
    unlocked(machine, "home-inside")
    home = machine.pixels()
    machine.type("", ["f9"])
    settled(machine, "menu-inside", unlike=home)
    machine.type(SELF_CHECK)
    # Its last line begins with the same dot as what is under way; after two minutes the lock would hide it.
    time.sleep(CHECKED)
    machine.picture(name)


def wait(condition: Callable[[], bool], what: str) -> None:
    """Until the condition holds."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError(f"never: {what}")
        time.sleep(0.2)
