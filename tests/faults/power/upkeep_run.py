"""Recording upkeep and judging its crash states; `python -m tests.faults.power.upkeep_run` opens every one of them.

Rules: as in `run`: a seed and the number of an operation make the same states again, equal files with equal promises
are opened once. Each upkeep starts from the same shop, with claims of which some left.
"""

import copy
import shutil
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path

import msgspec
import pytest

from hardware.emulator import EmulatedSource
from hardware.keystore import open_file_secret
from sync.backup import make_backup
from sync.crypto.signing import SigningKey
from sync.home import open_home
from sync.store import encrypted
from terminal.bootstrap import open_desk
from tests.faults.power.day import Day, Job
from tests.faults.power.insurer import Insurer
from tests.faults.power.judge import Promised
from tests.faults.power.medium import Files, State
from tests.faults.power.recording import Recording
from tests.faults.power.run import (
    IN_MEMORY,
    SEED,
    STRIDE,
    Prepared,
    Verdict,
    files_of,
    fingerprint,
    prepare,
    read_recording,
    walk,
)
from tests.faults.power.system_calls import watch
from tests.faults.power.upkeep import (
    FIRST_BACKUP,
    HOME,
    PAPER,
    REBUILD,
    RESTORE,
    STICK,
    UPKEEP,
)
from tests.faults.power.upkeep_judge import Before, UpkeepJudge
from tests.tui.real_shop import PIN, USER

CLAIMS, SHUFFLES, NEAR = 4, 3, 40


@dataclass(frozen=True)
class Recorded:
    """An upkeep as it was recorded, with what was there before."""

    upkeep: str
    recording: Recording = field(repr=False)
    before: Before = field(repr=False)
    prepared: Prepared = field(repr=False)


def shop_with_claims(folder: Path) -> tuple[Prepared, Promised]:
    """A terminal with a recovery code and claims, some of which left; its files are at rest."""
    prepared, promised = prepare(folder), Promised()
    signing = SigningKey.from_bytes(prepared.insurer)

    def hear(what: str, **facts: object) -> None:
        promised.hear(msgspec.json.encode({"what": what, **facts}))

    with open_desk(prepared.home, cards := EmulatedSource()) as desk:
        cards.insert("simple")
        desk.vault.unlock(USER, PIN)
        desk.vault.set_recovery(PAPER)
        insurer = Insurer(signing, desk.home.signer, told=lambda one: hear("received", **msgspec.to_builtins(one)))
        Day(desk, hear, insurer).work(CLAIMS)
        Day(desk, hear, insurer).register()
    return prepared, promised


def record_upkeep(
    folder: Path, prepared: Prepared, promised: Promised, jobs: Sequence[tuple[str, str]]
) -> list[Recorded]:
    """Do each upkeep (what, which fault) in a folder of its own, and read what was written."""
    befores = {upkeep: _before(folder / "before", prepared, promised, upkeep) for upkeep in {job[0] for job in jobs}}
    given = []
    for number, (upkeep, fault) in enumerate(jobs):
        root = folder / f"root-{number}"
        lay_out(root, befores[upkeep].files)
        marks = str(folder / f"marks-{number}")
        given.append(
            Job(home=str(root), marks=marks, fault=fault, claims=0, insurer=prepared.insurer.hex(), upkeep=upkeep)
        )
    specification, pids = folder / "jobs.json", folder / "pids.json"
    specification.write_bytes(msgspec.json.encode(given))
    watch([sys.executable, "-m", "tests.faults.power.program", str(specification), str(pids)], folder / "trace")
    children = msgspec.json.decode(pids.read_bytes(), type=list[int])
    found = []
    for job, child in zip(given, children, strict=True):
        recording = read_recording(job, befores[job.upkeep].files, folder / f"trace.{child}")
        found.append(Recorded(job.upkeep, recording, befores[job.upkeep], prepared))
        shutil.rmtree(job.home)
    return found


def judge_upkeep(recorded: Recorded, *, step: int = 1, offset: int = 0, shuffles: int = SHUFFLES) -> Verdict:
    """Open the states of every `step`-th operation, in two processes."""
    number = len(recorded.recording.operations)
    parts = (range(offset, number, 2 * step), range(offset + step, number, 2 * step))
    verdict = Verdict()
    with ProcessPoolExecutor(len(parts), mp_context=get_context("forkserver")) as pool:
        for done in [pool.submit(judge_part, recorded, part, shuffles) for part in parts]:
            verdict.add(done.result())
    return verdict


def first_broken_upkeep(recorded: Recorded, shuffles: int = 1) -> Verdict:
    """Open states until one breaks a promise: those around the first promise, then a few of all, then the others."""
    verdict, number = Verdict(), len(recorded.recording.operations)
    told = [
        place for place, one in enumerate(recorded.recording.operations) if one.kind == "mark" and b'"done"' in one.data
    ]
    near = [range(max(done - NEAR, 0) + step, min(done + NEAR, number), 5) for done in told for step in range(5)]
    for part in (*reversed(near), *(range(offset, number, STRIDE) for offset in range(STRIDE))):
        verdict.add(judge_part(recorded, part, shuffles, stop=True))
        if verdict.broken:
            break
    return verdict


def judge_part(recorded: Recorded, part: range, shuffles: int, *, stop: bool = False) -> Verdict:
    """Open the states of these operations; up to the first that breaks a promise where `stop`."""
    verdict, promised, seen = Verdict(), copy.deepcopy(recorded.before.promised), set[bytes]()
    with _workbench(recorded) as bench:
        for number, state in walk(recorded.recording, promised, shuffles, part):
            verdict.states += 1
            verdict.kinds[state.kind] = verdict.kinds.get(state.kind, 0) + 1
            broken = bench.broken(state.files, promised) if _is_new(state, promised, seen) else []
            if broken:
                verdict.breaks(f"{recorded.upkeep}, operation {number}, {state.kind}: {broken[0]}")
            if broken and stop:
                break
    verdict.opened = seen
    return verdict


def lay_out(root: Path, files: Files) -> None:
    """Write these files below a new folder."""
    for name, content in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(content)
        (root / name).chmod(0o600)


def _is_new(state: State, promised: Promised, seen: set[bytes]) -> bool:
    key = fingerprint(state.files) + repr((sorted(promised.done), len(promised.digests))).encode()
    if key in seen:
        return False
    seen.add(key)
    return True


def _before(folder: Path, prepared: Prepared, promised: Promised, upkeep: str) -> Before:
    """What is there before an upkeep: the home at rest; damaged; or a backup of it."""
    root = folder / upkeep
    shutil.copytree(prepared.home, root / HOME)
    (root / STICK).mkdir()
    (root / STICK / "readme").write_bytes(b"a stick")
    if upkeep == REBUILD:
        _damage(root / HOME)
    elif upkeep == RESTORE:
        with open_home(root / HOME, open_file_secret) as home:
            make_backup(home, root / STICK, FIRST_BACKUP)
    before = Before(files_of(root), promised)
    if upkeep != REBUILD:
        return before
    with _workbench(Recorded(upkeep, Recording(root, root, {}), before, prepared)) as bench:
        bench.lay(before.files)
        return Before(before.files, promised, bench.started(again=True))


def _damage(home: Path) -> None:
    """Spoil a page of the store, with a write-ahead log beside it, and a block of the counterfoil."""
    with open_home(home, open_file_secret) as opened:
        opened.outbox.hurry()
        log = (home / "store.db-wal").read_bytes()
    (home / "store.db-wal").write_bytes(log)
    for name, place in (("store.db", 4096 * 5 + 100), ("counterfoil.log", 900)):
        content = bytearray((home / name).read_bytes())
        content[place] ^= 4
        (home / name).write_bytes(content)


@contextmanager
def _workbench(recorded: Recorded) -> Iterator[UpkeepJudge]:
    lean = tuple(one for one in encrypted._SETTINGS if "memory_security" not in one)
    insurer = SigningKey.from_bytes(recorded.prepared.insurer)
    with pytest.MonkeyPatch.context() as planted, tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        planted.setattr(encrypted, "_SETTINGS", lean)
        bench = UpkeepJudge(Path(folder), recorded.prepared.shop_seed, insurer, recorded.upkeep, recorded.before)
        yield bench
        bench.close()


def main() -> int:
    """Open every state of every upkeep; 1 when a promise was broken."""
    broken = 0
    with tempfile.TemporaryDirectory(dir=IN_MEMORY) as folder:
        prepared, promised = shop_with_claims(Path(folder, "shop"))
        (work := Path(folder, "work")).mkdir()
        for recorded in record_upkeep(work, prepared, promised, [(upkeep, "") for upkeep in UPKEEP]):
            verdict = judge_upkeep(recorded)
            sys.stdout.write(
                f"{recorded.upkeep}: {verdict}; seed {SEED}\n" + "".join(f"  {one}\n" for one in verdict.examples)
            )
            sys.stdout.flush()
            broken += verdict.broken
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
