"""A first start that is killed: whatever was durable stays, the next start asks for the rest, and no paper lies."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hardware.emulator import EmulatedSource
from sync.errors import HomeMissing, PinWrong, RecoveryCodeInvalid
from sync.home import create_home, open_home
from sync.queue import Frame
from terminal.bootstrap import open_desk
from terminal.cli.first_run import FirstRun, stage_of
from terminal.config import read_config
from terminal.domain.roles import Role
from terminal.outside import UNDER_WAY
from terminal.workflow.access import log_in
from terminal.workflow.first_run import Paper, Plan, Stage, account_id, plugged_printers
from terminal.workflow.keys import recover_account
from tests.shop_fixture import CHEAP

PLAN = Plan("Optique du Marché", "991000019", "Éloïse M.", "2468", printer="file:/dev/usb/lp0")
KILLED = """
import os, signal, sys
from pathlib import Path
from hardware.emulator import EmulatedSource
from sync.crypto.recovery import RecoveryCode
from terminal.cli.first_run import FirstRun
from terminal.workflow.first_run import Paper
from tests.integration.counter.test_first_start_cut import PLAN
from tests.shop_fixture import CHEAP

def step(name):
    if name == sys.argv[2]:
        os.kill(os.getpid(), signal.SIGKILL)

FirstRun(Path(sys.argv[1]), EmulatedSource(), lambda: CHEAP).make(PLAN, Paper(RecoveryCode(sys.argv[3]), 1), step)
"""


def first_run(home: Path) -> FirstRun:
    """The first start of this home, with cheap PINs."""
    return FirstRun(home, EmulatedSource(), lambda: CHEAP)


def opens(home: Path, paper: Paper) -> None:
    """The PIN opens the one responsible account, and the paper gives it another PIN."""
    with open_desk(home, EmulatedSource(), lambda: CHEAP) as desk:
        (account,) = desk.vault.accounts.all()
        assert (account.id, account.name, account.role) == ("eloise", "Éloïse M.", Role.RESPONSIBLE)
        with pytest.raises(PinWrong):
            log_in(desk, account.id, "1357")
        log_in(desk, account.id, PLAN.pin)
        desk.vault.lock()
        recover_account(desk, account.id, paper.code.grouped(), "1357")
        log_in(desk, account.id, "1357")
        assert all(line.ok for line in desk.home.check())


def test_a_first_start_makes_a_terminal_that_lacks_nothing(tmp_path: Path) -> None:
    """Settings, account, recovery code; nothing is left of the installation, and it is not asked for again."""
    home, paper = tmp_path / "new" / "home", Paper.new()
    assert first_run(home).begun().stage is Stage.SHOP
    assert not home.exists()
    first_run(home).make(PLAN, paper)
    assert stage_of(home) is Stage.DONE
    assert not (home / UNDER_WAY).exists()
    assert (read_config(home).shop_am_id, read_config(home).printer) == ("991000019", "file:/dev/usb/lp0")
    opens(home, paper)


@pytest.mark.parametrize(
    ("cut", "stage", "counts"),
    [
        ("home", Stage.PERSON, False),
        ("under_way", Stage.PERSON, False),
        ("person", Stage.PAPER, False),
        ("paper", Stage.DONE, True),
    ],
)
def test_a_kill_leaves_what_the_next_start_goes_on_with(tmp_path: Path, cut: str, stage: Stage, counts: bool) -> None:
    """SIGKILL after each durable part; the paper of before counts only if the cut came after it."""
    home, before, after = tmp_path / "home", Paper.new(), Paper.new()
    command = [sys.executable, "-c", KILLED, str(home), cut, before.code.symbols]
    root = str(Path(__file__).parents[3])
    done = subprocess.run(command, check=False, env={**os.environ, "PYTHONPATH": root}, cwd=root, timeout=60)
    assert done.returncode == -signal.SIGKILL
    begun = first_run(home).begun()
    assert (begun.stage, begun.shop_name) == (stage, "Optique du Marché")
    assert begun.person == ("Éloïse M." if stage is Stage.PAPER else "")
    if stage is not Stage.DONE:
        first_run(home).make(PLAN, after)
    assert stage_of(home) is Stage.DONE
    assert not (home / UNDER_WAY).exists()
    opens(home, before if counts else after)
    if not counts:
        with open_desk(home, EmulatedSource(), lambda: CHEAP) as desk, pytest.raises(RecoveryCodeInvalid):
            recover_account(desk, "eloise", before.code.grouped(), "8642")


def test_a_home_without_settings_is_taken_up_again(tmp_path: Path) -> None:
    """A cut between the marker of the home and its settings: the shop is asked for again, the keys stay."""
    home, paper = tmp_path / "home", Paper.new()
    with create_home(home) as made:
        device = made.signer.kid
    assert stage_of(home) is Stage.SHOP
    first_run(home).make(PLAN, paper)
    assert read_config(home).shop_name == "Optique du Marché"
    with open_desk(home, EmulatedSource()) as desk:
        assert desk.home.signer.kid == device
    opens(home, paper)


def test_a_folder_with_claims_and_no_marker_is_no_first_start(tmp_path: Path) -> None:
    """Somebody relied on what lies there: the assistant stays away, and opening says what is wrong."""
    home = tmp_path / "home"
    with create_home(home) as made:
        made.counterfoil.append([Frame("envelope", "019f0000-0000-7000-8000-000000000434", "99000001", 0, b"sealed")])
    (home / "home.json").unlink()
    assert stage_of(home) is Stage.DONE
    with pytest.raises(HomeMissing):
        open_home(home)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("Camille D.", "camille"),
        ("Éloïse", "eloise"),
        ("  Jean-Luc P.", "jean-luc"),
        ("李", "responsable"),
        ("D.", "d"),
    ],
)
def test_an_account_is_called_by_the_first_word(name: str, expected: str) -> None:
    """Plain lower case; a name without a Latin letter gets a word."""
    assert account_id(name) == expected


def test_plugged_printers_are_offered_as_addresses(tmp_path: Path) -> None:
    """Those that the kernel drives, in order."""
    for name in ("lp1", "lp0", "hiddev0"):
        (tmp_path / name).touch()
    assert plugged_printers(tmp_path) == (f"file:{tmp_path}/lp0", f"file:{tmp_path}/lp1")
