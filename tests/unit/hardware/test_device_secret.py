"""The device secret in a file: made once, kept to its owner, never shown."""

import os
from concurrent.futures import ThreadPoolExecutor
from importlib.metadata import EntryPoint
from pathlib import Path

import pytest

from hardware import DeviceSecretInvalid, DeviceSecretMissing, FileDeviceSecret, open_file_secret


def test_a_secret_is_made_once(tmp_path: Path) -> None:
    """32 bytes, mode 0600, no other file; making it again changes nothing."""
    provider = open_file_secret(tmp_path, create=True)
    secret = provider.secret()
    assert (len(secret), provider.name, provider.weak) == (32, "file", True)
    assert [path.name for path in tmp_path.iterdir()] == ["device.secret"]
    assert (tmp_path / "device.secret").stat().st_mode & 0o777 == 0o600
    assert open_file_secret(tmp_path, create=True).secret() == secret
    assert open_file_secret(tmp_path).secret() == secret


def test_two_machines_have_two_secrets(tmp_path: Path) -> None:
    """Secrets are random."""
    paths = [tmp_path / name for name in ("a", "b")]
    for path in paths:
        FileDeviceSecret(path).create()
    assert paths[0].read_bytes() != paths[1].read_bytes()


def test_creators_at_once_keep_one_secret(tmp_path: Path) -> None:
    """Whoever comes second finds the first one's secret."""

    def make(_: int) -> bytes:
        return open_file_secret(tmp_path, create=True).secret()

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(make, range(32)))) == 1
    assert len(list(tmp_path.iterdir())) == 1


def test_a_missing_secret_is_said_and_not_made(tmp_path: Path) -> None:
    """Without `create`, no secret is an error of the environment and no file appears."""
    with pytest.raises(DeviceSecretMissing) as caught:
        open_file_secret(tmp_path).secret()
    assert caught.value.environment
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", [b"", b"x" * 31, b"x" * 33])
def test_a_secret_of_another_length_is_refused(tmp_path: Path, content: bytes) -> None:
    """Only 32 bytes are a secret; what is there is not replaced."""
    path = tmp_path / "device.secret"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(DeviceSecretInvalid) as caught:
        open_file_secret(tmp_path, create=True).secret()
    assert caught.value.facts["reason"] == "length"
    assert path.read_bytes() == content


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_secret_that_others_may_read_is_refused(tmp_path: Path, mode: int) -> None:
    """A secret open to group or others is none."""
    provider = open_file_secret(tmp_path, create=True)
    (tmp_path / "device.secret").chmod(mode)
    with pytest.raises(DeviceSecretInvalid) as caught:
        provider.secret()
    assert caught.value.facts["reason"] == "mode"


def test_a_folder_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    """A secret that cannot be kept is an error of the tree, and so is a folder in its place."""
    with pytest.raises(DeviceSecretInvalid):
        open_file_secret(tmp_path / "nowhere", create=True)
    (tmp_path / "device.secret").mkdir()
    with pytest.raises(DeviceSecretInvalid):
        open_file_secret(tmp_path).secret()


def test_the_secret_is_not_shown(tmp_path: Path) -> None:
    """Neither the provider nor its errors show the secret."""
    provider = open_file_secret(tmp_path, create=True)
    assert provider.secret().hex() not in repr(provider) + repr(vars(provider))


def test_the_provider_is_found_by_its_name() -> None:
    """The name under which the distribution announces this provider leads to it."""
    assert EntryPoint("file", "hardware.keystore:open_file_secret", "comptoir.device_secret").load() is open_file_secret


def test_a_usual_umask_does_not_matter(tmp_path: Path) -> None:
    """A permissive umask does not open the file to others."""
    before = os.umask(0)
    try:
        open_file_secret(tmp_path, create=True)
    finally:
        os.umask(before)
    assert (tmp_path / "device.secret").stat().st_mode & 0o777 == 0o600
