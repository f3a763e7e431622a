"""`python -m tests.image.update.trial --work FOLDER`: updates refused, installed, and cut off at every step.

Rules: root, and a folder in which `make image` has run (its tools and firmware are used). It states what it saw and
ends with an error at the first thing that is not as promised.
"""

import argparse
import fcntl
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from image.builder.bundle import Signer
from image.builder.tools import Tools
from tests.image.update.cuts import (
    KEPT,
    Counters,
    Cut,
    counters_after,
    interesting,
    moments,
    slots_taken,
    surviving,
)
from tests.image.update.stand import NEW, OLDER, PARTS, Stand
from tests.image.update.tape import COUNTERS, Step, steps
from tests.image.update.uboot import Board

SCRIPT: Final = Path(__file__).resolve().parents[3] / "image/root/usr/lib/comptoir/update"
MOST_STARTS: Final = 8
FRESH, SECOND = "A B/3/0", "B A/3/3"


def main() -> int:
    """Run the trial; its exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.image.update.trial")
    parser.add_argument("--work", type=Path, required=True)
    work = parser.parse_args().work.resolve()
    tools = Tools(work)
    tools.prepare()
    began = time.monotonic()
    stand, board = Stand(tools), Board(tools)
    stand.prepare()
    refusals(stand)
    recordings = [record(stand, running) for running in "AB"]
    for one in recordings:
        every_state(one)
    board.prepare(work / "firmware")
    tries(stand, board)
    for one in recordings:
        on_the_board(stand, board, one)
    say(f"done: {board.starts} starts of U-Boot, {time.monotonic() - began:.0f} s")
    return 0


def refusals(stand: Stand) -> None:
    """What RAUC must not take, and with which word the card says so; the counters stay as they were."""
    good = stand.bundle("good")
    stand.bundle("verity", form="verity")
    stand.bundle("older", OLDER)
    stand.bundle("forged", signer=foreign(stand.tools))
    whole = good.read_bytes()
    for name, length in (("half", len(whole) // 2), ("almost", len(whole) - 1), ("head", 4096), ("empty", 0)):
        (stand.folder / f"{name}.raucb").write_bytes(whole[:length])
    changed = bytearray(whole)
    changed[len(whole) // 2] ^= 1
    (stand.folder / "changed.raucb").write_bytes(changed)
    expected = {"older": "update_older", "forged": "update_forged", "changed": "update_forged"}
    expected |= dict.fromkeys(("half", "almost", "head", "empty"), "update_truncated")
    for name, word in expected.items():
        refused(stand, name, word)
    unconfirmed(stand)
    while_writing(stand)
    verity_is_read(stand)


def refused(stand: Stand, name: str, word: str) -> None:
    """One bundle that must be refused before anything was written."""
    stand.lay("old", "", FRESH)
    before = [(stand.folder / f"{part}-b").read_bytes() for part in PARTS]
    status, said = stand.install(name)
    told = word_of(stand, said)
    check(status != 0 and told == word, f"{name}: {told} instead of {word}\n{said[-1500:]}")
    check(stand.counters() == FRESH, f"{name}: the counters became {stand.counters()}")
    check(before == [(stand.folder / f"{part}-b").read_bytes() for part in PARTS], f"{name}: something was written")
    say(f"refused, nothing written: {name} ({told})")


def word_of(stand: Stand, said: str) -> str:
    """The card's own word for what RAUC said."""
    command = ["sh", str(SCRIPT), "--word", said]
    env = {"COMPTOIR_RUN": str(stand.folder / "run"), "PATH": "/usr/bin:/bin"}
    return subprocess.run(command, check=True, capture_output=True, text=True, env=env).stdout.strip()


def unconfirmed(stand: Stand) -> None:
    """A good bundle, on a system that has not passed its self-check."""
    stand.lay("old", "", FRESH)
    (stand.folder / "run/comptoir-good/confirmed").unlink()
    status, said = stand.install("good")
    check(status != 0 and word_of(stand, said) == "update_unconfirmed", said[-1500:])
    check(stand.counters() == FRESH, stand.counters())
    say("refused, nothing written: good bundle, start not confirmed")


def while_writing(stand: Stand) -> None:
    """A good bundle, while somebody holds the lock under which a claim is written."""
    stand.lay("old", "", FRESH)
    with (stand.folder / "home/counterfoil.log").open("wb") as counterfoil:
        fcntl.flock(counterfoil, fcntl.LOCK_EX)
        status, said = stand.install("good")
    check(status != 0 and word_of(stand, said) == "update_busy", said[-1500:])
    check(stand.counters() == FRESH, stand.counters())
    say("refused, nothing written: good bundle, a claim being written")


def verity_is_read(stand: Stand) -> None:
    """The format that a card takes: signature and manifest are judged here, blocks only on a card."""
    told = stand.tools.run("rauc", "--conf=/card/update/system.conf", "info", "/card/update/verity.raucb")
    check("verity" in told and NEW in told, told)
    say("the verity bundle's signature and manifest hold")


def foreign(tools: Tools) -> Signer:
    """A key that no card knows."""
    folder = tools.work / "update"
    tools.run("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config",
              "/dev/null", "-subj", "/CN=Nobody", "-days", "3650", "-keyout", "/card/update/foreign.key",
              "-out", "/card/update/foreign.crt")  # fmt: skip
    return Signer(folder / "foreign.key", folder / "foreign.crt")


@dataclass(frozen=True)
class Recording:
    """An installation into the slot `target`: its steps, and the card before it."""

    target: str
    tape: list[Step]
    counters: bytes
    parts: dict[str, bytes]
    had_system: bool


def record(stand: Stand, running: str) -> Recording:
    """Install by RAUC on a card that runs a slot, and see that nothing else is written."""
    target, other = ("b", "a") if running == "A" else ("a", "b")
    had = running == "B"
    stand.lay(*(("older", "old") if had else ("old", "")), SECOND if had else FRESH)
    before = (stand.folder / COUNTERS).read_bytes()
    parts = {f"{part}-{slot}": (stand.folder / f"{part}-{slot}").read_bytes() for part in PARTS for slot in "ab"}
    status, said = stand.install("good", running, stand.folder / "tape")
    check(status == 0, said[-1500:])
    wanted = "B A/3/3" if running == "A" else "A B/3/3"
    check(stand.counters() == wanted, stand.counters())
    check((stand.folder / "rauc/awaited").read_text() == f"{target.upper()}\n", "nothing is awaited")
    for part in PARTS:
        check((stand.folder / f"{part}-{other}").read_bytes() == parts[f"{part}-{other}"], f"slot {other} was written")
        size = (stand.folder / f"new-{part}").stat().st_size
        fresh = (stand.folder / f"{part}-{target}").read_bytes()[:size]
        check(fresh == (stand.folder / f"new-{part}").read_bytes(), f"{part}-{target} is not the new system's")
    with (stand.folder / "tape").open() as lines:
        whole = [step for step in steps(lines) if not step.file.startswith("rauc")]
    written = {step.file for step in whole if step.kind == "write"}
    check(written == {f"root-{target}", f"slot-{target}", COUNTERS}, f"written: {written}")
    return Recording(target, whole, before, parts, had)


def every_state(one: Recording) -> None:
    """After a cut at any step, starts that are not called good come to a whole system."""
    names = [f"{part}-{one.target}" for part in PARTS]
    lengths = [sum(step.length for step in one.tape if step.file == name) for name in names]
    states = worst = 0
    for cut in (Cut(after, kept, torn) for after in moments(one.tape) for kept in KEPT for torn in (False, True)):
        left = surviving(one.tape, cut)
        there = [sum(step.length for step in left if step.file == name) for name in names]
        whole = {"a": True, "b": True, one.target: there == lengths or (not any(there) and one.had_system)}
        taken = slots_taken(Counters.read(counters_after(one.tape, cut, one.counters)), MOST_STARTS)
        starts = next((number for number, slot in enumerate(taken, 1) if whole[slot]), 0)
        check(starts > 0, f"no whole system: {cut}, {taken}")
        states, worst = states + 1, max(worst, starts)
    say(f"update of slot {one.target.upper()}: {states} states after a cut, a whole system within {worst} starts")


def on_the_board(stand: Stand, board: Board, one: Recording) -> None:
    """The same for a few states of each phase, with U-Boot's own choice and the root's own digests."""
    board.load(written_out(stand, one.parts), None)
    points = list(dict.fromkeys(interesting(one.tape)))
    for cut in points:
        content = target_after(stand, one, cut)
        counters = counters_after(one.tape, cut, one.counters)
        (stand.folder / "cut-counters").write_bytes(counters)
        board.load(written_out(stand, content), stand.folder / "cut-counters")
        say(f"slot {one.target.upper()}, {cut}: {whole_system(board, Counters.read(counters))}")
    say(f"update of slot {one.target.upper()}: {len(points)} cuts shown on the emulated board")


def target_after(stand: Stand, one: Recording, cut: Cut) -> dict[str, bytearray]:
    """The parts of the slot that was being written, as the cut leaves them."""
    content = {f"{part}-{one.target}": bytearray(one.parts[f"{part}-{one.target}"]) for part in PARTS}
    fresh = {f"{part}-{one.target}": (stand.folder / f"new-{part}").read_bytes() for part in PARTS}
    for step in surviving(one.tape, cut):
        if step.file in content:
            place = slice(step.offset, step.offset + step.length)
            content[step.file][place] = fresh[step.file][place]
    return content


def written_out(stand: Stand, content: Mapping[str, bytes | bytearray]) -> dict[str, Path]:
    """Parts of a card as files."""
    files = {name: stand.folder / f"cut-{name}" for name in content}
    for name, file in files.items():
        file.write_bytes(content[name])
    return files


def whole_system(board: Board, counters: Counters) -> str:
    """Start until a slot is taken whose root is what its kernel names; each choice must be the model's."""
    expected = slots_taken(counters, MOST_STARTS)
    for number in range(MOST_STARTS):
        slot, said = board.start()
        check(slot == expected[number], f"U-Boot took {slot}, the model {expected[number]}\n{said[-1500:]}")
        if "MARKER" in said and board.verified(slot):
            name = said.split("MARKER ", 1)[1].split(".")[0]
            return f"slot {slot.upper()} with the {name} system at start {number + 1}"
    raise AssertionError("no whole system")


def tries(stand: Stand, board: Board) -> None:
    """A new slot that is never called good: three starts, then the other; and what U-Boot leaves on the card."""
    systems = {
        f"{part}-{slot}": stand.folder / f"{name}-{part}"
        for part in PARTS
        for slot, name in (("a", "old"), ("b", "new"))
    }
    stand.lay("old", "new", "B A/3/3")
    board.load(systems, stand.folder / COUNTERS)
    taken = [board.start()[0] for _ in range(5)]
    check(taken == ["b", "b", "b", "a", "a"], f"{taken}")
    left = board.counters()
    check((left["BOOT_A_LEFT"], left["BOOT_B_LEFT"]) == ("1", "0"), f"{left}")
    check(set(left) == {"BOOT_ORDER", "BOOT_A_LEFT", "BOOT_B_LEFT", "bootcmd", "bootdelay"}, f"U-Boot kept {left}")
    say(f"a new slot that is never called good: starts {' '.join(taken).upper()}")
    said = board.start()[1]
    check("Hit any key" not in said, "a key would open U-Boot's prompt")
    say("no prompt, and nothing of the board in U-Boot's file")


def check(holds: bool, otherwise: str) -> None:
    """AssertionError with these words unless it holds."""
    if not holds:
        raise AssertionError(otherwise)


def say(words: str) -> None:
    """One line of the report."""
    sys.stdout.write(f"update-test: {words}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
