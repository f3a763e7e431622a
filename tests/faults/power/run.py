"""Recording days and judging every crash state of them.

Rules: a seed and the number of an operation make the same states again. A state is what the files hold and what had
been promised by then; equal files are opened once, and both numbers are told.
"""

import hashlib
import random
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import lru_cache
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest

from sync.crypto.signing import SigningKey
from sync.store import encrypted
from tests.faults.power.day import Job
from tests.faults.power.judge import Judge, Promised, violations
from tests.faults.power.medium import Files, Medium, State
from tests.faults.power.recording import Recording
from tests.faults.power.system_calls import calls, watch
from tests.tui.real_shop import PIN, USER, enrol, open_shop

SEED = 20261122
STRIDE = 11
CHECKED, FINISHED = 6, 48
"""In one of so many opened states all checks of the product run; in one of so many what waits is also sent."""
SHARED_MEMORY = Path("/dev/shm")
IN_MEMORY = SHARED_MEMORY if SHARED_MEMORY.is_dir() else None


@dataclass(frozen=True)
class Prepared:
    """A home before its day, the shop's seed and the insurer's signing key (its scalar: it goes to other processes)."""

    home: Path
    shop_seed: bytes = field(repr=False)
    insurer: bytes = field(repr=False)


@dataclass
class Verdict:
    """What the states of one recording came to: by kind of state, and the first broken promise of some of them."""

    states: int = 0
    kinds: dict[str, int] = field(default_factory=dict)
    opened: set[bytes] = field(default_factory=set)
    checked: int = 0
    finished: int = 0
    broken: int = 0
    examples: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return (
            f"{self.states} states {self.kinds}, {len(self.opened)} of them different files, {self.checked} checked"
            f" wholly, {self.finished} sent to the end, {self.broken} broken"
        )

    def breaks(self, example: str) -> None:
        """One state breaks a promise."""
        self.broken += 1
        if len(self.examples) < 5:
            self.examples.append(example)

    def add(self, other: "Verdict") -> None:
        """Both together."""
        self.states += other.states
        self.checked += other.checked
        self.finished += other.finished
        self.broken += other.broken
        self.opened |= other.opened
        self.examples += other.examples
        for kind, number in other.kinds.items():
            self.kinds[kind] = self.kinds.get(kind, 0) + number


def prepare(folder: Path) -> Prepared:
    """A new terminal with an account and an insurer, its files at rest."""
    insurer = SigningKey.generate()
    with open_shop(folder) as shop:
        shop.counter.unlock(USER, PIN)
        enrol(shop.desk, insurer)
        seed = shop.desk.vault.seed
    return Prepared(folder / "home", seed, insurer.to_bytes())


def record(prepared: Prepared, folder: Path, days: Sequence[tuple[str, int]]) -> list[Recording]:
    """Work each day (what is planted, how many claims) on a copy of the home, and read what was written."""
    jobs = []
    for number, (fault, claims) in enumerate(days):
        home = folder / f"home-{number}"
        shutil.copytree(prepared.home, home)
        marks, insurer = str(folder / f"marks-{number}"), prepared.insurer.hex()
        jobs.append(Job(home=str(home), marks=marks, fault=fault, claims=claims, insurer=insurer))
    specification, pids = folder / "jobs.json", folder / "pids.json"
    specification.write_bytes(msgspec.json.encode(jobs))
    watch([sys.executable, "-m", "tests.faults.power.program", str(specification), str(pids)], folder / "trace")
    children = msgspec.json.decode(pids.read_bytes(), type=list[int])
    before = files_of(prepared.home)
    return [
        read_recording(job, before, folder / f"trace.{child}") for job, child in zip(jobs, children, strict=True)
    ]  # fmt: skip


def files_of(home: Path) -> Files:
    """The contents of a home, but for SQLite's shared memory."""
    paths = (path for path in home.rglob("*") if path.is_file() and not path.name.endswith("-shm"))
    return {str(path.relative_to(home)): path.read_bytes() for path in paths}


def judge(recording: Recording, prepared: Prepared, *, shuffles: int, part: range) -> Verdict:
    """Open the crash states of these operations, in two processes."""
    middle = (part.start + part.stop) // 2
    halves = (range(part.start, middle), range(middle, part.stop))
    verdict = Verdict()
    with ProcessPoolExecutor(len(halves), mp_context=get_context("forkserver")) as pool:
        for done in [pool.submit(_judge_part, recording, prepared, shuffles, half) for half in halves]:
            verdict.add(done.result())
    return verdict


def first_broken(recording: Recording, prepared: Prepared, *, shuffles: int) -> Verdict:
    """Open crash states until one breaks a promise: a few of the whole day first, then those between."""
    verdict = Verdict()
    for offset in range(STRIDE):
        part = range(offset, len(recording.operations), STRIDE)
        verdict.add(_judge_part(recording, prepared, shuffles, part, stop=True))
        if verdict.broken:
            break
    return verdict


def read_recording(job: Job, before: Files, trace: Path) -> Recording:
    """What the trace of a job says, which ends with what its folder holds."""
    recording = Recording(Path(job.home), Path(job.marks), before).read(calls(trace))
    medium = Medium(recording.before)
    for operation in recording.operations:
        medium.apply(operation)
    if medium.files() != files_of(Path(job.home)):
        raise RuntimeError("the recording does not end with what the folder holds")
    return recording


def _judge_part(recording: Recording, prepared: Prepared, shuffles: int, part: range, *, stop: bool = False) -> Verdict:
    verdict, promised = Verdict(), Promised()
    with workbench(prepared) as bench:
        for number, state in walk(recording, promised, shuffles, part):
            judge_one(bench, f"operation {number}, {state.kind}", state.files, promised, verdict)
            verdict.states += 1
            verdict.kinds[state.kind] = verdict.kinds.get(state.kind, 0) + 1
            if stop and verdict.broken:
                break
        verdict.opened = set(bench.seen)
    return verdict


@contextmanager
def workbench(prepared: Prepared) -> Iterator[Judge]:
    """A judge in memory; while it works, SQLCipher does not wipe memory: that is a third of an opening."""
    settings = encrypted._SETTINGS
    lean = tuple(one for one in settings if "memory_security" not in one)
    with pytest.MonkeyPatch.context() as planted, tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        planted.setattr(encrypted, "_SETTINGS", lean)
        bench = Judge(Path(folder), prepared.shop_seed, SigningKey.from_bytes(prepared.insurer))
        yield bench
        bench.close()


def walk(recording: Recording, promised: Promised, shuffles: int, part: range) -> Iterator[tuple[int, State]]:
    """The states after each operation of `part`, with `promised` as it was then."""
    medium = Medium(recording.before)
    for number, operation in enumerate(recording.operations):
        medium.apply(operation)
        if operation.kind == "mark":
            promised.hear(operation.data)
        if number in part:
            for state in medium.states(operation, random.Random(f"{SEED} {number}"), shuffles):
                yield number, state


def judge_one(
    bench: Judge, where: str, files: Files, promised: Promised, verdict: Verdict, *, finished: int = FINISHED
) -> None:
    """Open one state, unless equal files were opened before, and add to the verdict what it breaks."""
    key = fingerprint(files)
    known = bench.seen.get(key)
    wholly = len(bench.seen) % CHECKED == 0
    found = bench.seen[key] = bench.look(files, wholly=wholly) if known is None else known
    broken = violations(found, promised)
    verdict.checked += known is None and wholly
    if known is None and not broken and len(bench.seen) % finished == 0:
        verdict.finished += 1
        broken = bench.finish(promised)
    if broken:
        verdict.breaks(f"{where}: {broken[0]}")


def fingerprint(files: Files) -> bytes:
    """What tells these files from others."""
    whole = hashlib.blake2b(digest_size=16)
    for name in sorted(files):
        whole.update(f"{name} {len(files[name])} ".encode())
        whole.update(_digest(files[name]))
    return whole.digest()


@lru_cache(maxsize=64)
def _digest(content: bytes) -> bytes:
    return hashlib.blake2b(content, digest_size=16).digest()
