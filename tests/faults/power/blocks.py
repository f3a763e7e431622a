"""`make powercut`: the day at the counter on a real ext4, the power cut at every entry of its block log.

Rules: a state is laid out as an image, mounted read-write (so that ext4 replays its own journal), and what its files
hold then is judged as the recorded system calls are. A file system that does not mount is repaired from its second
superblock, and counted. Days with a planted fault must be caught: the same judge sees when a flush is not asked for.
"""

import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import msgspec

from tests.faults.power.block_device import (
    BLOCK,
    FILE_SYSTEM,
    SECOND_SUPERBLOCK,
    Device,
    NotHere,
    logged_ext4,
    mounting,
)
from tests.faults.power.block_log import BlockMedium, Cut, entries, lay
from tests.faults.power.day import Job
from tests.faults.power.judge import Judge, Promised
from tests.faults.power.medium import Files
from tests.faults.power.recording import Operation
from tests.faults.power.run import IN_MEMORY, SEED, Prepared, Verdict, files_of, judge_one, prepare, workbench

CLAIMS, SHUFFLES, STATES = 6, 2, 300
FEW_CLAIMS, STRIDE, FINISHED = 3, 7, 8
CAUGHT: Final = (
    "synchronous_off",
    "synchronous_normal",
    "counterfoil_not_flushed",
    "counterfoil_after_commit",
    "said_before_commit",
)
"""Those of the planted faults that are about flushes; but ext4 flushes a file that replaces another by itself, so that
`settings_not_flushed` does no harm here."""
LACKING = 3


@dataclass(frozen=True)
class Logged:
    """The image before the day, and the entries of the day's log."""

    before: bytes = field(repr=False)
    entries: list[Operation] = field(repr=False)


def record_blocks(prepared: Prepared, folder: Path, fault: str, claims: int) -> Logged:
    """Work a day on a copy of the home on a device of its own, and read the log; NotHere."""
    folder.mkdir()
    with logged_ext4(folder, prepared.home.parent) as device:
        _work(prepared, device, fault, claims, folder / "job.json")
    logged = Logged(device.before.read_bytes(), list(entries(device.log)))
    _require_true(logged, device)
    return logged


def judge_blocks(logged: Logged, prepared: Prepared, step: int = 1) -> Verdict:
    """Open the states of every `step`-th entry, in two processes."""
    verdict, number = Verdict(), len(logged.entries)
    parts = (range(0, number, 2 * step), range(step, number, 2 * step))
    with ProcessPoolExecutor(len(parts), mp_context=get_context("forkserver")) as pool:
        for done in [pool.submit(_judge_part, logged, prepared, part) for part in parts]:
            verdict.add(done.result())
    return verdict


def first_broken_block(logged: Logged, prepared: Prepared) -> Verdict:
    """Open states until one breaks a promise: a few of the whole day first, then those between."""
    verdict = Verdict()
    for offset in range(STRIDE):
        part = range(STRIDE - 1 - offset, len(logged.entries), STRIDE)
        verdict.add(_judge_part(logged, prepared, part, stop=True))
        if verdict.broken:
            break
    return verdict


def main() -> int:
    """Run and print: 0, 1 when a promise was broken or a fault not caught, 3 when the machine cannot."""
    try:
        with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
            return _run(Path(folder))
    except NotHere as lacking:
        sys.stderr.write("comptoir: power cuts on ext4 cannot be tried on this machine:\n")
        sys.stderr.writelines(f"  {line}\n" for line in lacking.args)
        return LACKING


def _run(folder: Path) -> int:
    prepared = prepare(folder / "prepared")
    verdict = judge_blocks(record_blocks(prepared, folder / "day", "", CLAIMS), prepared)
    _say(f"power cuts on ext4, {CLAIMS} claims: {verdict}; seed {SEED}")
    for example in verdict.examples:
        _say(f"  {example}")
    good = verdict.states >= STATES and not verdict.broken
    for fault in CAUGHT:
        found = first_broken_block(record_blocks(prepared, folder / fault, fault, FEW_CLAIMS), prepared)
        good &= bool(found.broken)
        _say(f"planted {fault}: " + (f"caught after {found.states} states" if found.broken else f"NOT CAUGHT: {found}"))
    return 0 if good else 1


def _work(prepared: Prepared, device: Device, fault: str, claims: int, specification: Path) -> None:
    home, insurer = str(device.mounted / prepared.home.name), prepared.insurer.hex()
    job = Job(home=home, marks=device.node, fault=fault, claims=claims, insurer=insurer)
    specification.write_bytes(msgspec.json.encode(job))
    command = [sys.executable, "-m", "tests.faults.power.block_day", str(specification)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"the recorded day failed: {done.stderr}")


def _require_true(logged: Logged, device: Device) -> None:
    """What the log makes of the image is what the device holds: no write went past the log."""
    medium = BlockMedium(logged.before)
    for entry in logged.entries:
        medium.apply(entry)
    medium.apply(Operation("flush"))
    if medium.flushed != device.image.read_bytes()[:FILE_SYSTEM]:
        raise RuntimeError("the log does not end with what the device holds")


def _judge_part(logged: Logged, prepared: Prepared, part: range, *, stop: bool = False) -> Verdict:
    verdict, promised = Verdict(), Promised()
    with workbench(prepared) as bench, tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        for number, cut, flushed in _cuts(logged, promised, part):
            _judge_cut(bench, f"entry {number}, {cut.kind}", _Image(Path(folder), flushed, cut), promised, verdict)
            if stop and verdict.broken:
                break
        verdict.opened = set(bench.seen)
    return verdict


@dataclass(frozen=True)
class _Image:
    """One state, laid out below `folder`."""

    folder: Path
    flushed: bytearray = field(repr=False)
    cut: Cut

    def files(self) -> tuple[Files, bool]:
        """What the files hold after ext4's own recovery, and whether it needed its second superblock."""
        image, place = self.folder / "state.img", self.folder / "mounted"
        self._write(image)
        try:
            return _read(image, place), False
        except NotHere:
            self._write(image)
            second = ["-b", str(SECOND_SUPERBLOCK), "-B", str(BLOCK)]
            subprocess.run(["e2fsck", "-f", "-y", *second, str(image)], capture_output=True, check=False)
            return _read(image, place), True

    def _write(self, image: Path) -> None:
        whole = bytearray(self.flushed)
        lay(whole, self.cut.written)
        # A new file each time: a loop device that is still being detached must not be taken for this one's.
        image.unlink(missing_ok=True)
        image.write_bytes(whole)


def _read(image: Path, place: Path) -> Files:
    with mounting(str(image), place, "-o", "loop"):
        return files_of(place / "home")


def _judge_cut(bench: Judge, where: str, image: _Image, promised: Promised, verdict: Verdict) -> None:
    verdict.states += 1
    _count(verdict, image.cut.kind)
    try:
        files, repaired = image.files()
    except (NotHere, OSError) as error:
        verdict.breaks(f"{where}: P1 the file system is lost: {error}")
        return
    if repaired:
        _count(verdict, "mounted only after a repair")
    judge_one(bench, where, files, promised, verdict, finished=FINISHED)


def _count(verdict: Verdict, kind: str) -> None:
    verdict.kinds[kind] = verdict.kinds.get(kind, 0) + 1


def _cuts(logged: Logged, promised: Promised, part: range) -> Iterator[tuple[int, Cut, bytearray]]:
    """The states after each entry of `part` and what was flushed by then, with `promised` as it was."""
    medium = BlockMedium(logged.before)
    for number, entry in enumerate(logged.entries):
        medium.apply(entry)
        if entry.kind == "mark":
            promised.hear(entry.data)
        if number in part:
            for cut in medium.cuts(entry, random.Random(f"{SEED} {number}"), SHUFFLES):
                yield number, cut, medium.flushed


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
