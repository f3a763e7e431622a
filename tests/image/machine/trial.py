"""`python -m tests.image.machine.trial --work FOLDER`: the built image, from its first start past a power cut.

Rules: nothing inside the image is changed for the trial but what a technician changes: the file on its first
partition. It states what it measured, and ends with an error at the first thing that is not as promised. Root and an
image built in the same work folder are needed, and a network namespace of its own (`make image-test` makes one).
`--inside` is a start of the card that such a trial left, with a root shell asked for through the kernel's command line:
where time and memory go, and what the firewall holds back (`make image-figures`).
"""

import argparse
import json
import re
import shutil
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from hardware.emulator.faults import make_card
from hardware.emulator.profiles import Profile, load_profile
from image.builder import layout
from terminal.cli.demo_insurers import TERMS, DemoInsurer
from tests.image.machine.card_file import (
    contains,
    flip_byte,
    fresh_card,
    place_of,
    put_counters,
    put_folder,
    tries_left,
    volume_key,
)
from tests.image.machine.emulated import MAC, PATIENCE, TAP, Machine, Parts
from tests.image.machine.figures import clock_figures, memory_figures
from tests.image.machine.line import Allowed, Packet, knocked, packets
from tests.image.machine.report import page
from tests.image.machine.scan import ALL, knock
from tests.image.machine.screen import settled

SHOP, USER, PIN = "991000019", "odette", "2468"
NAME, SHOP_NAME = "Odette P.", "Optique Sonde"
PATIENT: Final = (b"SONDARENE", b"2840575999123", "SONDARENE".encode("utf-16-le"))
"""Who is on the card that is put in, as cards and as programs write it; the image knows no such name."""
AMC: Final = "99000001"
HOST, NAMES, ASKER = "10.0.2.2", "10.0.2.3", "10.0.2.50"
"""This machine and the resolver, as QEMU shows them to the emulated one; this machine on the line itself."""
ALLOWED: Final = Allowed(frozenset({(HOST, 8443)}), frozenset({NAMES}))


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


def make_line() -> None:
    """This machine's end of the emulated machine's network line, in this network namespace."""
    for words in (f"tuntap add {TAP} mode tap", f"addr add {ASKER}/24 dev {TAP}", f"link set {TAP} up"):
        subprocess.run(["ip", *words.split()], check=True)


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
        trial.note("service that sends is up, seconds", machine.wait_for('"event": "started"'))
        trial.note("lock screen, seconds", settled(machine, "lock"))
        claim(trial, machine)
    finally:
        machine.kill()
    outgoing(trial, "first start", machine)


def claim(trial: Trial, machine: Machine) -> None:
    """Log in, put the card in, type a claim, see it registered."""
    machine.type(PIN, ["ret"])
    settled(machine, "home")
    machine.reader.insert(make_card(patient()))
    wait(lambda: machine.reader.commands > 0, "the CCID driver reads the card")
    wait(machine.reader.at_rest, "the card is read")
    settled(machine, "claim-empty")
    machine.type("1211", ["ret"])
    machine.type("1")
    settled(machine, "claim")
    machine.type("", ["f10"])
    settled(machine, "registered")
    trial.note("commands that the card answered", machine.reader.commands)


def patient() -> Profile:
    """An invented person of this trial alone."""
    profile = load_profile("simple")
    return replace(profile, holders=(replace(profile.holders[0], surname=PATIENT[0].decode()),))


def search_card(trial: Trial) -> None:
    """What the technician wrote, who the patient is, and the key of the partition are nowhere on the card in clear."""
    key = volume_key(trial.parts)
    found = [words for words in (*trial.planted, *PATIENT, key, key[:32]) if contains(trial.parts.disk, words)]
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
        machine.type("", ["f4"])
        settled(machine, "queue-again")
        trial.note("second start: called good, seconds", machine.wait_for("slot A is good"))
        knock_at_every_port(trial, machine)
        idle_writes(trial, machine)
    finally:
        machine.kill()
    outgoing(trial, "second start", machine)
    trial.note("tries of slot A, of which U-Boot had left 2", tries_left(trial.parts, "A"))
    if tries_left(trial.parts, "A") != 3:
        raise AssertionError("the good start was not written down")


def knock_at_every_port(trial: Trial, machine: Machine) -> None:
    """From the same line, over IPv4 and IPv6: nothing answers on any TCP or UDP port."""
    for name, target in addresses(machine).items():
        asker = knock(target, scope())
        time.sleep(5.0)
        seen = knocked(recorded(machine), MAC, asker, target)
        trial.note(f"{name}: TCP ports asked", seen.tcp)
        trial.note(f"{name}: UDP ports asked", seen.udp)
        trial.note(f"{name}: answers", len(seen.answers))
        if seen.answers or (seen.tcp, seen.udp) != (len(ALL), len(ALL)):
            raise AssertionError([str(one) for one in seen.answers[:20]])


def addresses(machine: Machine) -> dict[str, str]:
    """The machine's addresses, as it used them on the line: one of each kind."""
    mine = [one.source for one in recorded(machine) if one.mac == MAC]
    four = next(one for one in mine if one.startswith("10.0.2."))
    six = next(one for one in mine if one.startswith("fe80:"))
    return {"IPv4": four, "IPv6": six}


def scope() -> int:
    """The number of our end of the line, which a link-local address needs."""
    return int(Path(f"/sys/class/net/{TAP}/ifindex").read_text())


def recorded(machine: Machine) -> list[Packet]:
    """The packets on the line so far."""
    return list(packets(machine.recorded()))


def outgoing(trial: Trial, name: str, machine: Machine) -> None:
    """Whatever the machine sent, since its first packet, is for the insurer, a name, the time or its address."""
    sent = [one for one in recorded(machine) if one.mac == MAC]
    purposes = Counter(ALLOWED.explains(one) for one in sent)
    trial.note(f"{name}: packets sent", ", ".join(f"{count} {what}" for what, count in sorted(purposes.items())))
    strange = sorted({str(one) for one in sent if not ALLOWED.explains(one)})
    if strange:
        raise AssertionError(strange[:20])


def idle_writes(trial: Trial, machine: Machine) -> None:
    """What is written to the card while nobody does anything."""
    before = machine.written()
    time.sleep(trial.idle)
    size, operations = (after - first for after, first in zip(machine.written(), before, strict=True))
    trial.note("idle, seconds", trial.idle)
    trial.note("idle: KiB written an hour", size * 3600 / trial.idle / 1024)
    trial.note("idle: writes an hour", operations * 3600 / trial.idle)


def inside(trial: Trial) -> None:
    """A start with a root shell on a line of its own: where time and memory go, what the firewall holds back."""
    machine = Machine(trial.parts, inside=True)
    try:
        lock = settled(machine, "lock-inside")
        machine.type(PIN, ["ret"])
        trial.note("lock screen, seconds", lock)
        trial.note("insert-card screen, a PIN later, seconds", settled(machine, "home-inside"))
        machine.wait_for("slot A is good")
        for name, value in (*clock_figures(machine), *memory_figures(machine)):
            trial.note(name, value)
        secret = bytes.fromhex(machine.run("od -An -v -tx1 /var/lib/comptoir/device.secret").replace("\n", ""))
        reach_out(machine)
        firewall_matters(trial, machine)
    finally:
        machine.kill()
    if len(secret) < 32 or contains(trial.parts.disk, secret):
        raise AssertionError("the device secret")


def reach_out(machine: Machine) -> None:
    """Neither root nor the counter's account gets a packet out to another port, nor root to names or time."""
    for who in ("root", "comptoir"):
        machine.run(f"timeout 5 setpriv --reuid={who} --clear-groups bash -c 'echo >/dev/tcp/{HOST}/80'; true")
    for port in (53, 123):
        machine.run(f"timeout 5 bash -c 'echo x >/dev/udp/{HOST}/{port}'; true")
    tried = {("tcp", 80), ("udp", 53), ("udp", 123)}
    got_out = [one for one in recorded(machine) if one.mac == MAC and one.target == HOST]
    if any((one.kind, one.target_port) in tried for one in got_out):
        raise AssertionError([str(one) for one in got_out])


def firewall_matters(trial: Trial, machine: Machine) -> None:
    """Without it the same scan sees answers, so that its silence before meant something."""
    machine.run("nft flush ruleset")
    target = addresses(machine)["IPv4"]
    asker = knock(target, ports=range(1, 200))
    time.sleep(3.0)
    answers = knocked(recorded(machine), MAC, asker, target).answers
    trial.note("without the firewall: answers to 199 ports", len(answers))
    if not answers:
        raise AssertionError("the scan sees nothing even where something answers")


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


def wait(condition: Callable[[], bool], what: str) -> None:
    """Until the condition holds."""
    limit = time.monotonic() + PATIENCE
    while not condition():
        if time.monotonic() > limit:
            raise AssertionError(f"never: {what}")
        time.sleep(0.2)


if __name__ == "__main__":
    sys.exit(main())
