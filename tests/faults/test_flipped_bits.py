"""One flipped bit in any file of the queue: harmless, repaired, or named; never a silent loss."""

import random
import shutil
from pathlib import Path

import pytest

from sync.errors import CounterfoilCorrupt, StoreCorrupt
from sync.home import create_home, open_home
from sync.repair import rebuild
from sync.store import encrypted
from tests.unit.sync.queue.envelopes import INSURER, LATER, claim_id, entry
from tests.volume import volume

FLIPS = volume(24, 300)
SEED = 20261122
TOLD = {claim_id(number) for number in range(12)}
FILES = ("store.db", "store.db-wal", "counterfoil.log")


@pytest.fixture(scope="module")
def killed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The files of a terminal that registered twelve claims, sent four, and then lost its power."""
    folder = tmp_path_factory.mktemp("killed")
    with create_home(folder / "home") as made:
        for number in range(8):
            made.outbox.enqueue(entry(number))
        made.outbox.dispatch(INSURER, [claim_id(number) for number in range(4)], made.signer, LATER)
        for number in range(8, 12):
            made.outbox.enqueue(entry(number))
        shutil.copytree(folder / "home", folder / "killed")
    return folder / "killed"


def verdict(home: Path) -> str:
    """What a start finds, and what `rebuild` makes of what it names; every claim must be accounted for."""
    found = started(home)
    if found is not None:
        return "kept" if found >= TOLD else "lost"
    rebuild(home)
    return "rebuilt" if (started(home) or set()) >= TOLD else "lost"


def started(home: Path) -> set[str] | None:
    """The claims after a start; None when it names damage."""
    try:
        with open_home(home) as opened:
            opened.outbox.reconcile()
            lines = opened.check()
            return {row.claim_id for row in opened.outbox.rows()} if all(line.ok for line in lines) else None
    except (StoreCorrupt, CounterfoilCorrupt):
        return None


@pytest.mark.parametrize("name", FILES)
def test_a_flipped_bit_is_no_silent_loss(tmp_path: Path, killed_home: Path, name: str) -> None:
    """Drawn bits of each file: all claims are there after the start, or the damage is named and they are back."""
    draw = random.Random(f"{SEED} {name}")
    verdicts: dict[str, int] = {}
    for flip in range(FLIPS):
        copy = tmp_path / str(flip)
        shutil.copytree(killed_home, copy)
        content = bytearray((copy / name).read_bytes())
        place, bit = draw.randrange(len(content)), draw.randrange(8)
        content[place] ^= 1 << bit
        (copy / name).write_bytes(content)
        found = verdict(copy)
        assert found != "lost", f"seed {SEED}: bit {bit} of byte {place} of {name}"
        verdicts[found] = verdicts.get(found, 0) + 1
        shutil.rmtree(copy)
    if name != "store.db-wal":
        assert verdicts.get("rebuilt"), "damage of the main file and of the counterfoil's middle must have a name"


def test_the_same_files_unharmed_are_whole(tmp_path: Path, killed_home: Path) -> None:
    """The verdict of the untouched copy is `kept`: the test above does not only find what was broken before."""
    shutil.copytree(killed_home, tmp_path / "copy")
    assert verdict(tmp_path / "copy") == "kept"


def test_a_long_log_without_the_counterfoil_would_lose_claims(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant that checkpoints rarely and trusts its store alone loses claims silently: the test above can fail."""
    rarely = tuple(one.replace("autocheckpoint = 1", "autocheckpoint = 1000") for one in encrypted._SETTINGS)
    monkeypatch.setattr(encrypted, "_SETTINGS", rarely)
    with create_home(tmp_path / "home") as made:
        for number in range(12):
            made.outbox.enqueue(entry(number))
        shutil.copytree(tmp_path / "home", tmp_path / "copy")
    log = tmp_path / "copy" / "store.db-wal"
    content = bytearray(log.read_bytes())
    content[len(content) // 2] ^= 1
    log.write_bytes(content)
    with open_home(tmp_path / "copy") as opened:
        assert all(line.ok for line in opened.store.check())
        assert not {row.claim_id for row in opened.outbox.rows()} >= TOLD
