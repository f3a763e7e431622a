"""The home: made once, whole or not at all, opened by its own device only."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import NoReturn

import pytest

from sync import home as home_module
from sync.errors import (
    CounterfoilCorrupt,
    DeviceSecretUnknown,
    HomeExists,
    HomeInUse,
    HomeMissing,
    InsurerUnknown,
    KeyslotsInvalid,
    StoreCorrupt,
)
from sync.home import OpenHome, create_home, home_lock, open_home
from sync.insurers import InsurerRecord
from tests.unit.sync.queue.envelopes import claim_id, entry

SECRET = bytes(range(32))


class FixedSecret:
    """A device secret that is always the same, called `fixed`."""

    name = "fixed"
    weak = True

    def __init__(self, secret: bytes = SECRET) -> None:
        self._secret = secret

    def secret(self) -> bytes:
        """The 32 bytes."""
        return self._secret


def fixed(home: Path, *, create: bool = False) -> FixedSecret:
    """A provider."""
    assert home.is_dir()
    return FixedSecret()


def foreign(home: Path, *, create: bool = False) -> FixedSecret:
    """Another device's provider."""
    return FixedSecret(bytes(32))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the home of a test is."""
    return tmp_path / "data" / "home"


def closed_home(path: Path) -> str:
    """Make a home with one claim, close it, and tell its key id."""
    with create_home(path, fixed) as opened:
        opened.outbox.enqueue(entry(1))
        return opened.signer.kid


def test_a_new_home_opens_again_with_all_it_keeps(path: Path) -> None:
    """Keys, claims, and the name of the device secret are there in the next life; every check passes."""
    kid = closed_home(path)
    with open_home(path, fixed) as opened:
        assert opened.signer.kid == kid
        assert opened.outbox.get(claim_id(1)).state == "queued"
        assert (opened.device_secret_name, opened.device_secret_weak, opened.device_secret) == ("fixed", True, SECRET)
        assert opened.keyslots == path / "keyslots.json"
        assert [line.name for line in opened.check()] == [
            "wal_checkpoint",
            "cipher_integrity",
            "integrity",
            "chain",
            "counterfoil",
        ]
        assert all(line.ok for line in opened.check())


def test_a_home_is_its_owners_alone(path: Path) -> None:
    """Folders are 0700 and files 0600."""
    closed_home(path)
    for entry_path in (path, *path.rglob("*")):
        expected = 0o700 if entry_path.is_dir() else 0o600
        assert stat.S_IMODE(entry_path.stat().st_mode) == expected, entry_path


def test_the_provider_is_found_by_the_name_in_the_home(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Installed providers are entry points: the home names the one it was made with."""
    entries = EntryPoints(
        [EntryPoint(name="fixed", value="tests.unit.sync.test_home:fixed", group="comptoir.device_secret")]
    )
    monkeypatch.setattr(home_module, "plugged", lambda group, name: entries.select(group=group, name=name))
    create_home(path, "fixed").close()
    with open_home(path) as opened:
        assert opened.device_secret_name == "fixed"


def test_an_unknown_provider_has_a_name(path: Path) -> None:
    """Nothing installed under this name: nothing is made, and the environment is to blame."""
    with pytest.raises(DeviceSecretUnknown) as caught:
        create_home(path, "tea-leaves")
    assert caught.value.facts == {"provider": "tea-leaves"}
    assert caught.value.environment
    closed_home(path)
    with pytest.raises(DeviceSecretUnknown):
        open_home(path)


@pytest.mark.parametrize("spoil", ["nothing", "folder", "file"])
def test_where_no_home_is_none_is_opened(path: Path, spoil: str) -> None:
    """No folder, an empty folder, a file in its place: HomeMissing, and nothing is made."""
    path.parent.mkdir()
    if spoil == "folder":
        path.mkdir()
    if spoil == "file":
        path.write_text("x")
    with pytest.raises(HomeMissing) as caught:
        open_home(path, fixed)
    assert caught.value.facts == {"state": "absent"}
    with pytest.raises(HomeMissing), home_lock(path, "counter"):
        pass
    assert not path.is_dir() or list(path.iterdir()) == []


def test_a_home_is_made_once(path: Path) -> None:
    """A second creation is HomeExists and the claims stay."""
    kid = closed_home(path)
    with pytest.raises(HomeExists):
        create_home(path, fixed)
    with open_home(path, fixed) as opened:
        assert (opened.signer.kid, len(opened.outbox.rows())) == (kid, 1)


def test_settings_that_were_there_before_stay(path: Path) -> None:
    """A folder with the shop's settings in it becomes a home and keeps them."""
    path.mkdir(parents=True)
    (path / "config.json").write_text("{}")
    closed_home(path)
    assert (path / "config.json").read_text() == "{}"


STEPS = ["create_keyslots", "_open_parts", "write_marker", "flush_folder"]


@pytest.mark.parametrize("step", STEPS)
def test_an_interrupted_creation_is_recognised_and_run_again(
    path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Killed before any of its steps, it leaves no home, or a whole one; creating again gives a home that works."""

    def killed(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(home_module, step, killed)
    with pytest.raises(KeyboardInterrupt):
        create_home(path, fixed)
    monkeypatch.undo()
    if step == "flush_folder":
        open_home(path, fixed).close()
        return
    with pytest.raises(HomeMissing) as caught:
        open_home(path, fixed)
    assert caught.value.facts["state"] == ("absent" if step == "create_keyslots" else "interrupted")
    closed_home(path)


def test_a_folder_with_claims_is_never_begun_anew(path: Path) -> None:
    """Even without its marker, a counterfoil with entries is not overwritten."""
    closed_home(path)
    (path / "home.json").unlink()
    with pytest.raises(HomeExists):
        create_home(path, fixed)
    assert (path / "store.db").stat().st_size > 0


def test_another_device_opens_nothing(path: Path) -> None:
    """A copied folder without the device secret is KeyslotsInvalid."""
    closed_home(path)
    with pytest.raises(KeyslotsInvalid):
        open_home(path, foreign)


def remove(name: str) -> Callable[[Path], None]:
    """Damage: a file is gone."""
    return lambda path: (path / name).unlink()


def empty(name: str) -> Callable[[Path], None]:
    """Damage: a file has no content any more."""
    return lambda path: os.truncate(path / name, 0)


def overwrite(name: str) -> Callable[[Path], None]:
    """Damage: a file holds something else."""

    def spoil(path: Path) -> None:
        (path / name).write_bytes(b'{"\xe9something else entirely":' * 300)

    return spoil


@pytest.mark.parametrize(
    ("damage", "error"),
    [
        (remove("store.db"), StoreCorrupt),
        (empty("store.db"), StoreCorrupt),
        (overwrite("store.db"), StoreCorrupt),
        (overwrite("counterfoil.log"), CounterfoilCorrupt),
        (remove("keyslots.json"), KeyslotsInvalid),
        (empty("keyslots.json"), KeyslotsInvalid),
        (overwrite("keyslots.json"), KeyslotsInvalid),
        (empty("home.json"), HomeMissing),
        (overwrite("home.json"), HomeMissing),
    ],
)
def test_damage_has_a_name_and_is_not_covered_up(
    path: Path, damage: Callable[[Path], None], error: type[Exception]
) -> None:
    """Each file gone, emptied or overwritten is its own error, and opening makes nothing in its place."""
    closed_home(path)
    damage(path)
    before = {file: file.read_bytes() for file in path.rglob("*") if file.is_file()}
    with pytest.raises(error):
        open_home(path, fixed)
    assert {file: file.read_bytes() for file in path.rglob("*") if file.is_file()} == before


def test_a_lost_counterfoil_is_written_again(path: Path) -> None:
    """The store alone is enough to go on: the report names the claim."""
    closed_home(path)
    (path / "counterfoil.log").unlink()
    with open_home(path, fixed) as opened:
        assert opened.outbox.reconcile().repaired == (claim_id(1),)
        assert all(line.ok for line in opened.check())


HOLDER = """
import sys
from pathlib import Path
from sync.home import home_lock
with home_lock(Path(sys.argv[1]), "counter"):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_one_process_of_a_kind_works_on_a_home(path: Path) -> None:
    """A second one of the kind is HomeInUse, another kind is not, and a killed holder lets go."""
    closed_home(path)
    command = [sys.executable, "-c", HOLDER, str(path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(HomeInUse) as caught, home_lock(path, "counter"):
            pass
        assert caught.value.facts == {"kind": "counter"}
        with home_lock(path, "sync"):
            holder.send_signal(signal.SIGKILL)
            holder.wait()
    with home_lock(path, "counter"), pytest.raises(HomeInUse), home_lock(path, "counter"):
        pass


RECORD = InsurerRecord(
    amc="12345678",
    name="Mutuelle de test",
    convention="TP",
    csr=None,
    endpoint="https://tp.mutuelle.example",
    authority_pem="-----BEGIN CERTIFICATE-----",
    certificate_pem="-----BEGIN CERTIFICATE-----",
    keys_jws="a.b.c",
    profile_jws="d.e.f",
    signing_jwk={"kty": "EC", "crv": "P-256", "x": "x", "y": "y"},
    pseudonym_key_sealed="c2VhbGVk",
    hosting="France",
    enrolled_at=datetime(2026, 11, 20, 9, tzinfo=UTC),
)


def test_enrolments_are_kept(path: Path) -> None:
    """An insurer's record comes back as it was, is replaced whole, and an unknown insurer has a name."""
    with create_home(path, fixed) as opened:
        other = InsurerRecord(**{**vars(RECORD), "amc": "0123456789", "csr": "A1"})
        for record in (InsurerRecord(**{**vars(RECORD), "name": "earlier"}), RECORD, other):
            opened.insurers.add(record)
    with open_home(path, fixed) as again:
        assert again.insurers.get("12345678") == RECORD
        assert again.insurers.all() == (other, RECORD)
        with pytest.raises(InsurerUnknown):
            again.insurers.get("99999999")


def test_no_secret_is_shown(path: Path) -> None:
    """The representation of an open home holds no key."""

    def shown(opened: OpenHome) -> str:
        return repr(opened) + str(opened)

    with create_home(path, fixed) as opened:
        for secret in (opened.device_secret, opened.tls_key, opened.signer.to_bytes()):
            assert repr(secret) not in shown(opened)
            assert secret.hex() not in shown(opened)
