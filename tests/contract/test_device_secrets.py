"""What every provider of a device secret keeps to: made once, the same for ever, this machine's, and never shown."""

import os
import stat
import sys
import tomllib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import pytest

from hardware import DeviceSecret, DeviceSecretInvalid, DeviceSecretMissing, HardwareError
from tests.token_fixture import PIN, NewToken, SoftTpm

ROOT = Path(__file__).resolve().parents[2]
NAMES = ("file", "pkcs11", "rpi-fw-crypto", "tpm2")
FIRMWARE = """#!{python}
import hashlib, hmac, pathlib, sys
words = dict(zip(sys.argv[2::2], sys.argv[3::2]))
if sys.argv[1] != "hmac" or words["--key-id"] != "1":
    sys.exit(255)
key = (pathlib.Path(__file__).parent / "otp").read_bytes()
sys.stdout.buffer.write(hmac.digest(key, pathlib.Path(words["--in"]).read_bytes(), "sha256"))
"""

Open = Callable[..., DeviceSecret]


@dataclass
class Machine:
    """A provider on a machine; `lose` takes its device away."""

    name: str
    open: Open
    lose: Callable[[], object]


@pytest.fixture(params=NAMES)
def machine(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Machine:
    """Each provider that pyproject.toml names, with the real thing behind it, or a command that stands for a board."""
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["entry-points"]
    group: dict[str, Any] = declared["comptoir.device_secret"]
    assert sorted(group) == sorted(NAMES)
    provider: Open = EntryPoint(request.param, group[request.param], "comptoir.device_secret").load()
    lose = _MACHINES[request.param](request, monkeypatch, tmp_path)
    return Machine(request.param, provider, lose)


def _file(_: pytest.FixtureRequest, __: pytest.MonkeyPatch, folder: Path) -> Callable[[], object]:
    return (folder / "home" / "device.secret").unlink


def _tpm(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch, _: Path) -> Callable[[], object]:
    tpm: SoftTpm = request.getfixturevalue("tpm")
    patch.setenv("TPM2TOOLS_TCTI", tpm.tcti)
    return tpm.pull


def _token(request: pytest.FixtureRequest, patch: pytest.MonkeyPatch, folder: Path) -> Callable[[], object]:
    new_token: NewToken = request.getfixturevalue("new_token")
    token = new_token()
    (folder / "pin").write_text(f"{PIN}\n", "ascii")
    patch.setenv("COMPTOIR_PKCS11_MODULE", str(token.module))
    patch.setenv("COMPTOIR_PKCS11_TOKEN", token.label)
    patch.setenv("COMPTOIR_PKCS11_PIN_FILE", str(folder / "pin"))
    return token.pull


def _firmware(_: pytest.FixtureRequest, patch: pytest.MonkeyPatch, folder: Path) -> Callable[[], object]:
    board = folder / "board"
    board.mkdir()
    command = board / "rpi-fw-crypto"
    command.write_text(FIRMWARE.format(python=sys.executable), "utf-8")
    command.chmod(0o755)
    (board / "otp").write_bytes(os.urandom(32))
    patch.setenv("PATH", str(board))
    return command.unlink


_MACHINES = {"file": _file, "pkcs11": _token, "rpi-fw-crypto": _firmware, "tpm2": _tpm}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An empty home."""
    folder = tmp_path / "home"
    folder.mkdir(mode=0o700)
    return folder


def test_a_secret_is_made_once_and_stays(machine: Machine, home: Path) -> None:
    """32 bytes under the provider's own name; making it again, or opening it anew, gives the same."""
    made = machine.open(home, create=True)
    secret = made.secret()
    assert (len(secret), made.name) == (32, machine.name)
    assert machine.open(home, create=True).secret() == secret
    assert machine.open(home).secret() == secret


def test_two_homes_have_two_secrets(machine: Machine, home: Path, tmp_path: Path) -> None:
    """The same device gives another secret to another home."""
    other = tmp_path / "other"
    other.mkdir()
    assert machine.open(home, create=True).secret() != machine.open(other, create=True).secret()


def test_a_missing_secret_is_said_and_not_made(machine: Machine, home: Path) -> None:
    """Without `create`, no secret is an error of the environment and nothing appears."""
    with pytest.raises(DeviceSecretMissing) as caught:
        machine.open(home).secret()
    assert caught.value.environment
    assert list(home.iterdir()) == []


def test_what_lies_in_the_home_is_private(machine: Machine, home: Path) -> None:
    """One file, for its owner alone; only a weak provider's file holds the secret."""
    made = machine.open(home, create=True)
    secret = made.secret()
    (file,) = home.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert (secret in file.read_bytes()) is (machine.name == "file")


def test_who_is_weak_says_so(machine: Machine, home: Path) -> None:
    """A secret that leaves with the disk is weak: the file, and a token that is software on this very disk."""
    assert machine.open(home, create=True).weak is (machine.name in {"file", "pkcs11"})


def test_the_secret_is_never_shown(machine: Machine, home: Path) -> None:
    """Neither repr nor str of a provider tells it."""
    made = machine.open(home, create=True)
    shown = f"{made!r} {made} {vars(made)!r}"
    assert made.secret().hex() not in shown
    assert repr(made.secret()) not in shown


def test_a_lost_device_is_an_error_with_a_code(machine: Machine, home: Path) -> None:
    """A device that is taken away gives a coded error of the environment, and nothing in the home changes."""
    made = machine.open(home, create=True)
    made.secret()
    before = {path.name for path in home.iterdir()}
    machine.lose()
    with pytest.raises(HardwareError) as caught:
        made.secret()
    assert caught.value.environment
    assert caught.value.code in {"device_secret_missing", "device_secret_unavailable"}
    assert caught.value.facts["provider"] == machine.name
    assert before - {path.name for path in home.iterdir()} == ({"device.secret"} if machine.name == "file" else set())


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"{}", b"[" * 10_000, b'{"schema": 1}', b"\xff" * 40])
def test_a_damaged_file_is_refused_and_kept(machine: Machine, home: Path, content: bytes) -> None:
    """What is not of the provider's form is refused, also by `create`, and is not replaced."""
    machine.open(home, create=True)
    (file,) = home.iterdir()
    file.write_bytes(content)
    for create in (False, True):
        with pytest.raises(DeviceSecretInvalid):
            machine.open(home, create=create).secret()
    assert file.read_bytes() == content


def test_creators_at_once_keep_one_secret(machine: Machine, home: Path) -> None:
    """Whoever comes second finds the first one's secret."""

    def make(_: int) -> bytes:
        return machine.open(home, create=True).secret()

    makers = 1 if machine.name == "pkcs11" else 4  # one thread at a time uses a PKCS#11 module
    with ThreadPoolExecutor(makers) as pool:
        assert len(set(pool.map(make, range(4)))) == 1
    assert len(list(home.iterdir())) == 1
