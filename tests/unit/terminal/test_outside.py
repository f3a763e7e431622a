"""What is read of a terminal's folder before it is opened says no more than its files do."""

import json
from pathlib import Path

import pytest

from hardware.emulator import EmulatedSource
from sync.crypto.stretching import Argon2Cost
from terminal.bootstrap import open_desk, prepare_home
from terminal.config import Config
from terminal.domain.roles import Role
from terminal.outside import CONFIG, DARK, HOME, KEYSLOTS, UNDER_WAY, default_home, looks_made, theme_of
from terminal.vault import Account

CHEAP = Argon2Cost(memory_kib=64, passes=1, lanes=1)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A folder with what a terminal leaves in it that somebody can log in to."""
    (tmp_path / HOME).touch()
    (tmp_path / CONFIG).write_text(json.dumps({"theme": "clair"}), "utf-8")
    (tmp_path / KEYSLOTS).write_text(json.dumps({"slots": [{"kind": "pin"}, {"kind": "recovery"}]}), "utf-8")
    return tmp_path


def test_a_terminal_that_somebody_can_log_in_to_looks_made(home: Path) -> None:
    """Settings, and a slot that a PIN opens."""
    assert looks_made(home)
    assert theme_of(home) == "clair"


def test_a_new_terminal_is_made_of_these_files(tmp_path: Path) -> None:
    """The names are those under which they are written; it looks made once somebody has a PIN."""
    prepare_home(tmp_path / "home", Config(shop_am_id="991000019", shop_name="Optique Exemple"))
    assert {HOME, CONFIG, KEYSLOTS} <= {path.name for path in (tmp_path / "home").iterdir()}
    assert not looks_made(tmp_path / "home")
    with open_desk(tmp_path / "home", EmulatedSource(), lambda: CHEAP) as desk:
        desk.vault.accounts.add(Account("camille", "Camille D.", Role.RESPONSIBLE), "2468", None)
    assert looks_made(tmp_path / "home")


def test_an_installation_under_way_does_not(home: Path) -> None:
    """Its recovery code does not count yet."""
    (home / UNDER_WAY).touch()
    assert not looks_made(home)


@pytest.mark.parametrize("name", [HOME, CONFIG, KEYSLOTS])
def test_a_terminal_without_one_of_its_files_does_not(home: Path, name: str) -> None:
    """Then opening it says what is wrong."""
    (home / name).unlink()
    assert not looks_made(home)


@pytest.mark.parametrize(
    "said", ["", "[]", "{}", '{"slots": 3}', '{"slots": ["pin"]}', '{"slots": [{"kind": "recovery"}]}', "\ud83d"]
)
def test_slots_that_nobody_can_read_do_not(home: Path, said: str) -> None:
    """Whatever stands there, nothing is raised."""
    (home / KEYSLOTS).write_bytes(said.encode("utf-8", "surrogatepass"))
    assert not looks_made(home)


def test_without_settings_screens_are_dark(tmp_path: Path) -> None:
    """So they are where the settings name no theme."""
    assert theme_of(tmp_path) == DARK
    (tmp_path / CONFIG).write_text("{}", "utf-8")
    assert theme_of(tmp_path) == DARK


def test_the_folder_is_the_environments_or_the_platforms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Named, below the data folder, below the person's own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    for name in ("COMPTOIR_HOME", "XDG_DATA_HOME"):
        monkeypatch.delenv(name, raising=False)
    assert default_home() == tmp_path / ".local" / "share" / "comptoir"
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    assert default_home() == tmp_path / "data" / "comptoir"
    monkeypatch.setenv("COMPTOIR_HOME", str(tmp_path / "named"))
    assert default_home() == tmp_path / "named"
