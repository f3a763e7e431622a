"""A restore where the home is a mount point: inside, then up, and a cut at each step leaves none or all of it."""

import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from hardware.keystore import open_file_secret
from sync.backup import make_backup
from sync.crypto.recovery import RecoveryCode
from sync.crypto.shopslots import ShopSlots
from sync.crypto.stretching import Argon2Cost
from sync.home import create_home
from tests.unit.sync.queue.envelopes import entry

_WORK = """
import os, sys
from datetime import UTC, datetime
from pathlib import Path
from hardware.keystore import open_file_secret
from sync.backup import restore_home
from sync.crypto.recovery import RecoveryCode
from sync.errors import HomeExists

backup, home, code = Path(sys.argv[1]), Path(sys.argv[2]), RecoveryCode.parse(sys.argv[3])
def bring_back():
    return restore_home(backup, home, code.opening(), datetime(2026, 11, 22, tzinfo=UTC), open_file_secret)

def cut_at(step):
    if child := os.fork():
        return os.waitpid(child, 0)[1]
    replace, moved = Path.replace, []
    def counted(self, target):
        if Path(target).parent == home and self.parent.parent == home:
            moved.append(self)
            if len(moved) > step:
                os._exit(9)
        return replace(self, target)
    Path.replace = counted
    bring_back()
    os._exit(0)

assert home.is_mount()
steps = 0
for step in map(int, sys.argv[4].split(",")):
    cut = cut_at(step)
    print(step, "cut" if cut else "whole", (home / "home.json").exists(), len(list(home.iterdir())))
    if not cut:
        break
else:
    print(bring_back())
print(sorted(path.name for path in home.iterdir()))
try:
    bring_back()
except HomeExists:
    print("exists")
"""


@pytest.fixture
def backup(tmp_path: Path) -> tuple[Path, RecoveryCode]:
    """A backup with one claim, and what opens it."""
    code = RecoveryCode.generate()
    with create_home(tmp_path / "lost", open_file_secret) as home:
        slots = ShopSlots(home.keyslots, home.device_secret, lambda: Argon2Cost(memory_kib=64, passes=1, lanes=1))
        slots.set_recovery(code, slots.add_pin("camille", "2468"))
        home.outbox.enqueue(entry(1))
        return make_backup(home, tmp_path, datetime(2026, 11, 22, tzinfo=UTC)).path, code


def test_a_cut_leaves_nothing_that_stops_the_next_try(backup: tuple[Path, RecoveryCode], tmp_path: Path) -> None:
    """Cut before the first, in the middle and before the last move: no home; the next try makes it, whole."""
    (tmp_path / "home").mkdir(mode=0o700)
    words = [sys.executable, "-c", _WORK, str(backup[0]), str(tmp_path / "home"), backup[1].grouped(), "0,3,5"]
    mounted = [
        "unshare",
        "--mount",
        "sh",
        "-ec",
        'mount -t tmpfs tmpfs "$0"; exec "$@"',
        str(tmp_path / "home"),
        *words,
    ]
    done = subprocess.run(mounted, capture_output=True, text=True, check=False, cwd=Path(__file__).parents[3])
    if "unshare failed" in done.stderr or "permission denied" in done.stderr:
        pytest.skip("this machine mounts nothing for us")
    *cuts, restored, names, again = done.stdout.splitlines() or [done.stderr]
    assert [line.split()[1:3] for line in cuts] == [["cut", "False"]] * 3, done.stderr
    assert [int(line.split()[3]) for line in cuts] == [1, 4, 6], "what had moved, and the folder it came from"
    assert "claims=1" in restored
    assert "checks_ok=True" in restored
    assert "'home.json'" in names
    assert ".restoring" not in names
    assert again == "exists"
