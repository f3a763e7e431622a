"""One flipped bit in any file of the queue: harmless, repaired, or named; never a silent loss."""

import random
import shutil
from pathlib import Path

import pytest

from sync.crypto import SigningKey
from sync.errors import CounterfoilCorrupt, StoreCorrupt
from tests.faults.enqueue_worker import Worker, open_queue
from tests.unit.sync.queue.envelopes import claim_id

FLIPS = 60
SEED = 20261121
SIGNER = SigningKey.generate()
FILES = ("store.db", "store.db-wal", "counterfoil.log")


@pytest.fixture(scope="module")
def killed_home(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[int]]:
    """The files of a process that was killed after some claims (so that the log is still there), and those claims."""
    folder = tmp_path_factory.mktemp("killed")
    return folder, Worker(folder, 0, 1000).kill_after(12)


def verdict(folder: Path, acknowledged: list[int]) -> str:
    """What a start on these files finds; every acknowledged claim must be accounted for."""
    try:
        store, counterfoil, outbox = open_queue(folder)
    except (StoreCorrupt, CounterfoilCorrupt):
        return "named"
    try:
        rows = {row.claim_id: row.envelope for row in outbox.rows()}
        lines = store.check() + outbox.check(SIGNER.public)
    except StoreCorrupt:
        return "named"
    finally:
        store.close()
        counterfoil.close()
    if not all(line.ok for line in lines):
        return "named"
    return "kept" if {claim_id(number) for number in acknowledged} <= set(rows) else "lost"


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_no_silent_loss(tmp_path: Path, killed_home: tuple[Path, list[int]], name: str) -> None:
    """Sixty drawn bits of each file: after the start all acknowledged claims are there, or the damage has a name."""
    folder, acknowledged = killed_home
    draw = random.Random(f"{SEED} {name}")
    verdicts: dict[str, int] = {}
    for flip in range(FLIPS):
        copy = tmp_path / str(flip)
        shutil.copytree(folder, copy)
        content = bytearray((copy / name).read_bytes())
        place, bit = draw.randrange(len(content)), draw.randrange(8)
        content[place] ^= 1 << bit
        (copy / name).write_bytes(content)
        found = verdict(copy, acknowledged)
        assert found != "lost", f"seed {SEED}: bit {bit} of byte {place} of {name}"
        verdicts[found] = verdicts.get(found, 0) + 1
        shutil.rmtree(copy)
    if name != "store.db-wal":
        assert verdicts.get("named"), "damage of the main file and of the counterfoil's middle must have a name"


def test_the_same_files_unharmed_are_whole(tmp_path: Path, killed_home: tuple[Path, list[int]]) -> None:
    """The verdict of the untouched copy is `kept`: the test above does not only find what was broken before."""
    folder, acknowledged = killed_home
    shutil.copytree(folder, tmp_path / "copy")
    assert verdict(tmp_path / "copy", acknowledged) == "kept"
