"""`python -m tests.image.machine.replacing --work FOLDER`: a shop outlives its card, and a card outlives its shop.

Rules: the card that `make image-test` left is the shop's; nothing of it is used after the power is cut but the stick
and the code on paper. The new card is the image, unchanged, with the file that the guide names. Root, and a network
namespace of its own (`make image-replace-test` makes one).
"""

import argparse
import json
import shutil
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from image.builder.tools import Tools
from terminal.cli.demo_insurers import DemoInsurer
from tests.image.machine.card_file import contains, fresh_card, get_file, put_counters, put_folder
from tests.image.machine.emulated import Machine, Parts
from tests.image.machine.outside import make_line
from tests.image.machine.report import About, page
from tests.image.machine.screen import settled
from tests.image.machine.stage import AMC, FIRST, PIN, SECOND, SHOP, USER, Trial, claim
from tests.image.machine.sticks import shop_stick
from tests.image.machine.update_stage import AS_COUNTER, Held, held, told

ABOUT: Final = About("A shop on another card", "`make image-replace-test`")
_COMPTOIR: Final = "/opt/comptoir/.venv/bin/comptoir"
_PAPER: Final = f"""mkdir -p /run/paper && cd /run/paper && echo {PIN} >pin && mkfifo back && chown -R comptoir . &&
{AS_COUNTER} sh -c 'exec 3<>back
code() {{ grep -aoE "([0-9A-Z]{{5}}-)+[^ ]+" shown; }}
{_COMPTOIR} key recovery --home /var/lib/comptoir --user {USER} --pin-file pin <&3 >done 2>shown &
until code >&3; do sleep 1; done
wait $! && code || cat done shown'; rm -r /run/paper"""
"""A new recovery code is asked for, typed back, and said."""


@dataclass
class Replacing:
    """The trial, and what is kept outside the card."""

    trial: Trial
    tools: Tools
    stick: str
    paper: str = ""
    shop: Held | None = None


def main() -> int:
    """Run the trial; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.image.machine.replacing")
    parser.add_argument("--work", type=Path, required=True, help="where the image was built, and image-test passed")
    parser.add_argument("--record", type=Path, help="where the page of a trial that was passed is written")
    asked = parser.parse_args()
    work, tools = asked.work.resolve(), Tools(asked.work.resolve())
    make_line()
    trial = Trial(Parts(tools.root, work, work / "disk.img"), DemoInsurer(work / "insurer/insurer", AMC, port=8443))
    replacing = Replacing(trial, tools, shop_stick(tools))
    try:
        took = [(step.__name__.replace("_", " "), timed(step, replacing)) for step in STEPS]
    finally:
        trial.insurer.stop()
    if asked.record:
        asked.record.write_text(page(work, took, trial.figures, ABOUT), encoding="utf-8")
    return 0


def timed(step: Callable[[Replacing], None], replacing: Replacing) -> float:
    """One step, and its seconds."""
    began = time.monotonic()
    step(replacing)
    return time.monotonic() - began


def a_shop_kept_on_a_stick(replacing: Replacing) -> None:
    """The insurer is away: one more claim waits. The code goes on paper, the stick comes, a backup is on it."""
    machine = Machine(replacing.trial.parts, inside=True)
    try:
        machine.wait_for('"event": "started"')
        settled(machine, "replace-lock")
        claim(replacing.trial, machine, SECOND)
        replacing.paper = machine.run(_PAPER).strip()
        replacing.shop = held(machine)
        replacing.trial.note("the shop before its card is lost", told(replacing.shop))
        machine.plug(replacing.stick, locked=False)
        replacing.trial.note("backup on the stick, seconds after the start", machine.wait_for('"event": "backup_made"'))
        replacing.trial.note("on the stick", machine.run("ls /run/shopstick/comptoir").strip().partition("-")[0] + "-…")
        machine.unplug()
    finally:
        machine.kill()
    stick = replacing.tools.work / replacing.stick
    if any(contains(stick, words) for words in (*FIRST.words, *SECOND.words, replacing.paper.encode())):
        raise AssertionError("the stick shows a person, or the code")


def another_card(replacing: Replacing) -> None:
    """A new card with the code, the stick plugged in: the shop is there, the waiting claim leaves, none twice."""
    trial, shop = replacing.trial, replacing.shop
    assert shop is not None
    fresh_card(trial.parts)
    technician_writes(trial, "provision.json", {"restore": {"code": replacing.paper}})
    put_counters(trial.parts, left_a=2)
    before = len(trial.insurer.claims())
    trial.insurer.start()
    machine = Machine(trial.parts, inside=True)
    try:
        machine.plug(replacing.stick, locked=False)
        trial.note("another card: brought back, seconds", machine.wait_for("comptoir-provision: done"))
        trial.note("another card: lock screen, seconds", settled(machine, "replace-again-lock"))
        now = held(machine, shop.length)
        trial.note("the shop on another card", told(now))
        trial.note("another card: waiting claim acknowledged, seconds", machine.wait_for('"acknowledged": 1'))
    finally:
        machine.kill()
    claims = [one["claim_id"] for one in trial.insurer.claims()]
    trial.note("claims at the insurer, different ones", f"{len(claims)}, {len(set(claims))}")
    if now.digest != shop.digest or (len(claims), len(set(claims))) != (before + 1, before + 1):
        raise AssertionError(f"{shop} became {now}: {claims}")
    if contains(trial.parts.disk, replacing.paper.encode()):
        raise AssertionError("the card shows the code")


def the_card_given_up(replacing: Replacing) -> None:
    """Nothing waits, all is acknowledged: the technician's file ends the shop, and the next start begins a new one."""
    trial = replacing.trial
    technician_writes(trial, "reset.json", {"shop": SHOP, "user": USER, "pin": PIN, "heads": {}})
    machine = Machine(trial.parts)
    try:
        trial.note("reset: the key is destroyed, seconds", machine.wait_for("the partition has no key any more"))
        trial.note("reset: restarted, seconds", machine.ended())
    finally:
        machine.kill()
    receipt = json.loads(get_file(trial.parts, "comptoir-reset.json"))
    trial.note("reset: what stays on the card", ", ".join(sorted(receipt)))
    machine = Machine(trial.parts)
    try:
        trial.note("reset: a new partition, seconds", machine.wait_for("comptoir-data: made"))
        trial.note("reset: the assistant on the screen, seconds", settled(machine, "assistant"))
    finally:
        machine.kill()
    if contains(trial.parts.disk, f'"pin": "{PIN}"'.encode()):
        raise AssertionError("the card shows the technician's file")


def technician_writes(trial: Trial, name: str, content: dict[str, Any]) -> None:
    """One file on the card's first partition, as the guide says."""
    folder = trial.parts.work / "comptoir"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    (folder / name).write_text(json.dumps(content), "utf-8")
    put_folder(trial.parts, folder.name)


STEPS: Final = (a_shop_kept_on_a_stick, another_card, the_card_given_up)


if __name__ == "__main__":
    sys.exit(main())
