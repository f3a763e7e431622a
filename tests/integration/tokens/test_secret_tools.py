"""Commands and tokens behind a device secret, when they misbehave."""

import sys
from pathlib import Path

import pytest
from pkcs11 import TokenFlag

from hardware import DeviceSecretInvalid, DeviceSecretLocked, DeviceSecretUnavailable
from hardware.device_secrets.firmware import FILE_NAME, FirmwareDeviceSecret
from hardware.device_secrets.token import TokenDeviceSecret, open_pkcs11_secret
from tests.token_fixture import PIN, NewToken

UNSTABLE = "import os, sys; sys.stdout.buffer.write(os.urandom(32))"
SHORT = "import sys; sys.stdout.buffer.write(b'x' * 31)"
REFUSES = "import sys; sys.exit(255)"
HANGS = "import signal; signal.pause()"
ANSWERS = "import sys; sys.stdout.buffer.write(b'x' * 32)"


@pytest.fixture
def board(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole PATH, with the board's command in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))
    return folder / "rpi-fw-crypto"


def write(command: Path, program: str) -> None:
    """Make the command a program of our own."""
    command.write_text(f"#!{sys.executable}\n{program}\n", "utf-8")
    command.chmod(0o755)


@pytest.mark.parametrize(
    ("program", "error", "reason"),
    [
        (UNSTABLE, DeviceSecretInvalid, "unstable"),
        (SHORT, DeviceSecretInvalid, "length"),
        (REFUSES, DeviceSecretUnavailable, "refused"),
        (HANGS, DeviceSecretUnavailable, "timeout"),
    ],
)
def test_a_firmware_that_fails_makes_no_secret(
    tmp_path: Path, board: Path, program: str, error: type[Exception], reason: str
) -> None:
    """A firmware that contradicts itself, says too little, refuses or hangs is not relied on."""
    write(board, program)
    with pytest.raises(error) as caught:
        FirmwareDeviceSecret(tmp_path / FILE_NAME, seconds=0.5 if reason == "timeout" else 30).create()
    assert getattr(caught.value, "facts")["reason"] == reason  # noqa: B009 (the errors of the table share the tree)
    assert not (tmp_path / FILE_NAME).exists()


def test_a_command_that_is_no_program_is_said(tmp_path: Path, board: Path) -> None:
    """A file that cannot be run is a tool that is missing."""
    board.write_bytes(b"\x00\x01")
    board.chmod(0o755)
    with pytest.raises(DeviceSecretUnavailable) as caught:
        FirmwareDeviceSecret(tmp_path / FILE_NAME).create()
    assert caught.value.facts["reason"] == "tool"


def test_the_salt_is_asked_in_our_own_name(tmp_path: Path, board: Path) -> None:
    """The firmware never sees a bare salt: another program's question cannot be ours by accident."""
    heard = tmp_path / "heard"
    keep = f"Path({str(heard)!r}).write_bytes(Path(sys.argv[3]).read_bytes())"
    write(board, f"import sys\nfrom pathlib import Path\n{keep}\n{ANSWERS}")
    made = FirmwareDeviceSecret(tmp_path / FILE_NAME)
    made.create()
    assert made.secret() == b"x" * 32
    assert heard.read_bytes().startswith(b"comptoir/device-secret/v1\0")
    assert len(heard.read_bytes()) == 26 + 32


def test_a_token_with_one_attempt_left_is_left_alone(tmp_path: Path, new_token: NewToken) -> None:
    """The service never spends the last attempt: it says that the token is locked for it."""
    token = new_token()
    made = TokenDeviceSecret(tmp_path / "device.pkcs11", PIN)
    made.create(token.module, token.label)
    for flag in (TokenFlag.USER_PIN_FINAL_TRY, TokenFlag.USER_PIN_LOCKED):
        token.raise_flag(flag)
        with pytest.raises(DeviceSecretLocked):
            made.secret()


def test_a_wrong_pin_is_said(tmp_path: Path, new_token: NewToken) -> None:
    """A PIN file that is out of date is an error with a code, and makes nothing."""
    token = new_token()
    wrong = TokenDeviceSecret(tmp_path / "device.pkcs11", "9999")
    with pytest.raises(DeviceSecretInvalid) as caught:
        wrong.create(token.module, token.label)
    assert caught.value.facts["reason"] == "auth"
    assert list(tmp_path.iterdir()) == []


def test_a_setting_that_is_missing_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the PIN's file, or the module's path, the variable is named."""
    for name in ("COMPTOIR_PKCS11_PIN_FILE", "COMPTOIR_PKCS11_MODULE", "CREDENTIALS_DIRECTORY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(DeviceSecretUnavailable) as caught:
        open_pkcs11_secret(tmp_path)
    assert caught.value.facts["setting"] == "COMPTOIR_PKCS11_PIN_FILE"
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    (tmp_path / "comptoir-pkcs11-pin").write_text(PIN, "ascii")
    with pytest.raises(DeviceSecretUnavailable) as caught:
        open_pkcs11_secret(tmp_path, create=True)
    assert caught.value.facts["setting"] == "COMPTOIR_PKCS11_MODULE"
