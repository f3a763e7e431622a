"""The unit file of the sync service, judged by systemd's own tools and tried against the real code."""

import configparser
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sync.home import create_home

UNIT = Path(__file__).resolve().parents[2] / "image" / "systemd" / "comptoir-sync.service"
EXPOSURE_LIMIT = 15  # tenths; systemd calls anything under 20 "OK", an unhardened service has 96
NO_NEW_EXECUTABLE_MEMORY = """
import ctypes, sys
PR_SET_MDWE, REFUSE_EXEC_GAIN = 65, 1
if ctypes.CDLL(None).prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0, 0, 0):
    sys.exit(77)
import sync.daemon
from sync.crypto.signing import SigningKey
from sync.crypto.sealing import OpeningKey
from sync.store import Store
from pathlib import Path
key = SigningKey.generate()
key.sign("probe+jws", b"{}")
opening = OpeningKey.generate("xwing-hkdfsha256-aes256gcm")
assert opening.open(opening.public.seal(b"probe", b""), b"") == b"probe"
Store.open(Path(sys.argv[1]) / "store.db", b"k" * 32).close()
"""

INSTALLED = "/opt/comptoir/.venv/bin/comptoir-sync"
SOFTENED = ("Restrict", "SystemCall", "Private")

needs_systemd = pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd-analyze is not installed here"
)


@pytest.fixture
def unit() -> configparser.ConfigParser:
    """The unit file as sections of options; of a repeated option only the last is kept."""
    parser = configparser.ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # option names are case-sensitive in a unit
    parser.read(UNIT, "utf-8")
    return parser


def _verify(text: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """What systemd says of the unit when its command is one that exists here."""
    installed = folder / UNIT.name
    installed.write_text(text.replace(INSTALLED, sys.executable), "utf-8")
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", str(installed)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _judge(unit: Path) -> subprocess.CompletedProcess[str]:
    """Whether systemd computes an exposure under the limit; its table is the output."""
    command = [
        "systemd-analyze",
        "security",
        "--offline=true",
        f"--threshold={EXPOSURE_LIMIT}",
        "--no-pager",
        str(unit),
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@needs_systemd
def test_systemd_understands_every_line(tmp_path: Path) -> None:
    """`systemd-analyze verify` has nothing to say about the unit once the command is where it says."""
    done = _verify(UNIT.read_text("utf-8"), tmp_path)
    assert (done.stderr, done.returncode) == ("", 0)


@needs_systemd
def test_a_misspelt_line_would_be_seen(tmp_path: Path) -> None:
    """The same check complains about an option that systemd does not know."""
    text = UNIT.read_text("utf-8").replace("NoNewPrivileges=", "NoNewPriviledges=")
    assert "NoNewPriviledges" in _verify(text, tmp_path).stderr


@needs_systemd
def test_the_service_is_hardened() -> None:
    """The exposure that `systemd-analyze security` computes stays under the limit."""
    done = _judge(UNIT)
    assert done.returncode == 0, done.stdout


@needs_systemd
def test_a_softer_service_would_be_refused(tmp_path: Path) -> None:
    """Without its namespace and system call limits the same unit is over the limit."""
    softer = tmp_path / UNIT.name
    lines = [line for line in UNIT.read_text("utf-8").splitlines() if not line.startswith(SOFTENED)]
    softer.write_text("\n".join(lines), "utf-8")
    assert _judge(softer).returncode != 0


def test_the_unit_and_the_code_agree_on_the_home(unit: configparser.ConfigParser, tmp_path: Path) -> None:
    """The home in the command is the folder that systemd makes, and the condition waits for a file that a home has."""
    create_home(tmp_path / "home").close()
    program, *arguments = shlex.split(unit["Service"]["ExecStart"])
    home = Path("/var/lib") / unit["Service"]["StateDirectory"]
    assert Path(program).name == "comptoir-sync"
    metrics = Path("/run") / unit["Service"]["RuntimeDirectory"] / "comptoir-sync.prom"
    assert arguments == ["--home", str(home), "--metrics", str(metrics)]
    waited_for = Path(unit["Unit"]["ConditionPathExists"])
    assert waited_for.parent == home
    assert (tmp_path / "home" / waited_for.name).exists()


def test_the_service_knows_its_arguments() -> None:
    """`comptoir-sync` has the option that the unit passes."""
    done = subprocess.run([sys.executable, "-m", "sync.daemon", "--help"], capture_output=True, text=True, check=True)
    assert {"--home", "--metrics"} <= set(done.stdout.split())


def test_the_code_runs_without_new_executable_memory(tmp_path: Path) -> None:
    """Signing, sealing and the store work where the kernel refuses memory that is both writable and executable."""
    command = [sys.executable, "-c", NO_NEW_EXECUTABLE_MEMORY, str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE (Linux 6.3)")
    assert (done.stderr, done.returncode) == ("", 0)


def test_the_service_may_read_by_what_the_counter_knows_it_alive(unit: configparser.ConfigParser) -> None:
    """The name of the machine's start stands outside the processes' part of /proc."""
    assert unit["Service"].get("ProcSubset", "all") == "all"
