"""The sealed secret on a real TPM 2.0: bound to it, its lockout, its few slots, and what hangs on it."""

from pathlib import Path

import pytest

from hardware import DeviceSecretInvalid, DeviceSecretLocked, DeviceSecretUnavailable
from hardware.device_secrets.tpm import FILE_NAME, TpmDeviceSecret, open_tpm2_secret
from sync.home import create_home, open_home
from tests.token_fixture import NewTpm, SoftTpm

CODE = b"a code of letters"


def sealed(folder: Path, tpm: SoftTpm, auth: bytes = b"") -> TpmDeviceSecret:
    """The secret of this folder, made when there is none."""
    made = TpmDeviceSecret(folder / FILE_NAME, auth, tpm.tcti)
    made.create()
    return made


def test_another_tpm_does_not_open_it(tmp_path: Path, new_tpm: NewTpm) -> None:
    """A disk that is carried to another machine takes no secret along."""
    mine, other = new_tpm(), new_tpm()
    secret = sealed(tmp_path, mine).secret()
    with pytest.raises(DeviceSecretInvalid) as caught:
        sealed(tmp_path, other).secret()
    assert caught.value.facts == {"provider": "tpm2", "reason": "refused", "tool": "tpm2_load"}
    assert sealed(tmp_path, mine).secret() == secret


def test_it_leaves_the_tpm_as_it_was(tmp_path: Path, tpm: SoftTpm) -> None:
    """Without a resource manager there are three slots: after making and opening ten times all are free."""
    made = sealed(tmp_path, tpm)
    assert {made.secret() for _ in range(10)} == {made.secret()}
    assert tpm.transient_handles() == []


def test_wrong_codes_are_counted_until_the_tpm_locks(tmp_path: Path, tpm: SoftTpm) -> None:
    """Each wrong code counts; after the last one even the right code waits, and a cleared lockout lets it in."""
    made = sealed(tmp_path, tpm, CODE)
    secret = made.secret()
    wrong = sealed(tmp_path, tpm, b"another code")
    most = tpm.lockout()["MAX_AUTH_FAIL"]
    for count in range(1, most + 1):
        with pytest.raises(DeviceSecretInvalid) as caught:
            wrong.secret()
        assert caught.value.facts["reason"] == "auth"
        assert tpm.lockout()["LOCKOUT_COUNTER"] == count
    with pytest.raises(DeviceSecretLocked):
        made.secret()
    assert tpm.tool("tpm2_dictionarylockout", "--clear-lockout").returncode == 0
    assert made.secret() == secret


def test_a_secret_without_a_code_is_not_locked_out(tmp_path: Path, tpm: SoftTpm) -> None:
    """Another program's wrong codes do not stop the shop."""
    (tmp_path / "shop").mkdir()
    plain, coded = sealed(tmp_path / "shop", tpm), sealed(tmp_path, tpm, CODE)
    secret = plain.secret()
    wrong = sealed(tmp_path, tpm, b"another code")
    for _ in range(tpm.lockout()["MAX_AUTH_FAIL"]):
        with pytest.raises(DeviceSecretInvalid):
            wrong.secret()
    with pytest.raises(DeviceSecretLocked):
        coded.secret()
    assert plain.secret() == secret


def test_the_code_comes_from_a_file(tmp_path: Path, tpm: SoftTpm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names the file of the code, never the code; without the file it says so."""
    monkeypatch.setenv("TPM2TOOLS_TCTI", tpm.tcti)
    monkeypatch.setenv("COMPTOIR_TPM2_AUTH_FILE", str(tmp_path / "code"))
    with pytest.raises(DeviceSecretInvalid) as caught:
        open_tpm2_secret(tmp_path, create=True)
    assert caught.value.facts["reason"] == "auth_file"
    (tmp_path / "code").write_bytes(CODE + b"\n")
    secret = open_tpm2_secret(tmp_path, create=True).secret()
    assert sealed(tmp_path, tpm, CODE).secret() == secret


def test_without_the_tools_it_says_which(tmp_path: Path, tpm: SoftTpm, monkeypatch: pytest.MonkeyPatch) -> None:
    """A machine without tpm2-tools is told the command that is missing."""
    made = sealed(tmp_path, tpm)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(DeviceSecretUnavailable) as caught:
        made.secret()
    assert caught.value.facts == {"provider": "tpm2", "reason": "tool", "tool": "tpm2_createprimary"}


def test_a_home_on_a_tpm_signs_only_with_it(tmp_path: Path, tpm: SoftTpm, monkeypatch: pytest.MonkeyPatch) -> None:
    """The keys of a home open with the TPM, sign and verify; without the TPM the home stays shut, and whole."""
    monkeypatch.setenv("TPM2TOOLS_TCTI", tpm.tcti)
    with create_home(tmp_path / "home", open_tpm2_secret) as opened:
        assert (opened.device_secret_name, opened.device_secret_weak) == ("tpm2", False)
        public = opened.signer.public
    with open_home(tmp_path / "home", open_tpm2_secret) as opened:
        assert public.verify("test", opened.signer.sign("test", b"payload")) == b"payload"
    before = sorted(path.name for path in (tmp_path / "home").iterdir())
    tpm.pull()
    with pytest.raises(DeviceSecretUnavailable):
        open_home(tmp_path / "home", open_tpm2_secret)
    assert sorted(path.name for path in (tmp_path / "home").iterdir()) == before
