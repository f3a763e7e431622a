"""The shop's stick on the card: who may write there, what it may not do, where the daily backup goes."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from hardware.keystore import open_file_secret
from sync.home import create_home
from sync.marker import backup_folder, backup_place_of

ROOT = Path(__file__).resolve().parents[2] / "image/root"
SCRIPTS = ROOT / "usr/lib/comptoir"
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
RULES = (ROOT / "etc/udev/rules.d/70-comptoir-stick.rules").read_text("utf-8").splitlines()
NOBODY = 65534
_TRY = "truncate -s 1M m && mke2fs -q m && mkdir p && mount -o loop,nosymfollow m p"


@pytest.fixture(scope="module")
def _mounts(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Skip where this machine mounts no file for us."""
    place = tmp_path_factory.mktemp("mounts")
    words = ["unshare", "--mount", "sh", "-ec", _TRY]
    if shutil.which("unshare") is None or subprocess.run(words, cwd=place, env={"PATH": PATH}, check=False).returncode:
        pytest.skip("this machine mounts no file system from a file (root and a loop device are needed)")


@pytest.fixture
def stick(tmp_path: Path, _mounts: None) -> Path:
    """An ext4 stick, with a link out of it where the backups should be, and the folder to mount it at."""
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "out").symlink_to(tmp_path)
    (tmp_path / "place").mkdir()
    (tmp_path / "stick").touch()
    os.truncate(tmp_path / "stick", 8 << 20)
    made = ["mke2fs", "-q", "-t", "ext4", "-L", "COMPTOIR", "-d", str(inside), str(tmp_path / "stick")]
    subprocess.run(made, check=True, env={"PATH": PATH})
    return tmp_path / "stick"


def seen(stick: Path, then: str) -> str:
    """Mount the stick with the card's script, as mount(8) would call it, and run `then` in its folder."""
    device = 'device=$(losetup --find --show "$1"); trap \'cd /; umount "$2"; losetup -d "$device"\' EXIT'
    script = f'{device}; sh "$0" "$device" "$2" -o rw; cd "$2"; {then}'
    places = [str(SCRIPTS / "mount-stick"), str(stick), str(stick.with_name("place"))]
    words = ["unshare", "--mount", "sh", "-ec", script, *places]
    env = {"PATH": PATH, "COMPTOIR_ACCOUNT": str(NOBODY)}
    return subprocess.run(words, check=True, capture_output=True, text=True, env=env).stdout


def test_the_account_alone_writes_and_nothing_of_a_stick_is_run_or_followed(stick: Path) -> None:
    """A folder of the account's own; no programs, devices or links of a stranger's making."""
    said = seen(stick, 'stat -c "%u %a" comptoir; grep "$2" /proc/self/mountinfo; cat out/stick 2>&1 || true')
    owner, mounted, followed = said.splitlines()
    assert owner == f"{NOBODY} 700"
    assert {"rw", "nosuid", "nodev", "noexec", "nosymfollow"} <= set(mounted.split()[5].split(","))
    assert "symbolic" in followed


def test_a_service_that_started_before_the_stick_writes_to_it(stick: Path) -> None:
    """Its own view of the mounts, read-only but for the place, gets the stick when the machine does, and loses it."""
    service = (
        "mount --bind run/shopstick run/shopstick; mount -o remount,bind,ro run;"
        " touch ready; while [ ! -e there ]; do sleep 0.02; done; : >run/shopstick/kept; touch written;"
        " while [ -e run/shopstick/kept ]; do sleep 0.02; done; ! touch run/other"
    )
    machine = (
        "mkdir -p run; mount -t tmpfs tmpfs run; mount --make-shared run; mkdir run/shopstick;"
        ' unshare --mount --propagation slave sh -c "$0" & service=$!;'
        " while [ ! -e ready ]; do sleep 0.02; done; mount -o loop stick run/shopstick; touch there;"
        " while [ ! -e written ]; do sleep 0.02; done; umount run/shopstick; wait $service"
    )
    words = ["unshare", "--mount", "sh", "-ec", machine, service]
    done = subprocess.run(
        words, cwd=stick.parent, env={"PATH": PATH}, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 0, done.stderr
    assert (
        "kept"
        in subprocess.run(["/sbin/debugfs", "-R", "ls", stick], capture_output=True, text=True, check=True).stdout
    )


def test_a_stick_is_for_updates_or_for_backups_by_its_name() -> None:
    """Two rules that never match the same stick; each asks for a unit that is there."""
    update, shop = (line for line in RULES if line.startswith("ACTION"))
    assert 'ENV{ID_FS_LABEL}!="COMPTOIR"' in update
    assert 'ENV{ID_FS_LABEL}=="COMPTOIR"' in shop
    asked = [re.findall(r'SYSTEMD_WANTS}\+="([^"\\]+)"', line)[0] for line in (update, shop)]
    assert all((ROOT / "etc/systemd/system" / name).is_file() for name in asked)
    unit = (ROOT / "etc/systemd/system/run-shopstick.mount").read_text("utf-8")
    assert f"What=/dev/{re.findall(r'SYMLINK.=.([a-z]+)', shop)[0]}\n" in unit


def test_the_service_awaits_the_stick_from_its_first_start(tmp_path: Path) -> None:
    """Chosen while no stick was ever plugged in, and never chosen again over what a person chose."""
    create_home(tmp_path / "home", open_file_secret).close()
    env = {"PATH": PATH, "COMPTOIR_HOME": str(tmp_path / "home"), "COMPTOIR_STICK": str(tmp_path / "stick")}
    env["COMPTOIR_PROGRAM"] = str(Path(sys.executable).parent / "comptoir")
    for _ in range(2):
        subprocess.run(["sh", SCRIPTS / "backup-place"], check=True, env=env, stdout=subprocess.DEVNULL)
        env["COMPTOIR_STICK"] = str(tmp_path / "another")
    place = backup_place_of(tmp_path / "home")
    assert place is not None
    assert (place.folder, place.other_medium) == (str(tmp_path / "stick/comptoir"), True)
    assert "config.json" in place.settings
    (tmp_path / "stick/comptoir").mkdir(parents=True)
    assert backup_folder(tmp_path / "home") is None, "an empty place on the card itself is no stick"
    assert json.loads((tmp_path / "home/home.json").read_text())["backup"]["other_medium"] is True
