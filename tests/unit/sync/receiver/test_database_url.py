"""The database's URL: PostgreSQL or nothing, and no password where others read it."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.receiver.cli import main
from sync.receiver.databases import VARIABLE, open_ledger, place_of, public_url
from sync.receiver.db import Ledger
from sync.receiver.errors import DatabaseUnavailable, DatabaseUrlInvalid, DatabaseUrlTellsPassword, StandbyGone
from tests.postgres_fixture import Lender
from tests.unit.sync.receiver.visitor import AMC, CONVENTION, ORIGIN, SHOP

SECRET = "geheim-7Kq"
INIT = ["--amc", AMC, "--name", "M", "--convention", CONVENTION, "--endpoint", ORIGIN, "--hosting", "ici"]


@pytest.fixture
def bare(postgres: Lender) -> Iterator[str]:
    """An empty database of PostgreSQL."""
    with postgres.bare() as url:
        yield url


def init(folder: Path, *options: str) -> int:
    """Make an insurer; the exit status."""
    return main(["init", "--dir", str(folder), *INIT, "--code-level", "lpp", "--json", *options])


@pytest.mark.parametrize(
    "told",
    [f"postgresql://u:{SECRET}@h/d", f"postgresql://u@h/d?password={SECRET}", f"postgres://h/d?sslpassword={SECRET}"],
)
def test_a_password_on_the_command_line_is_refused(
    told: str, insurer_folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Every command refuses it, names the ways to give one, and repeats nothing of it."""
    status = main(["claims", "--dir", str(insurer_folder), "--database", told, "--json"])
    said = capfd.readouterr()
    assert (status, json.loads(said.out)["error"]["code"]) == (1, "database_url_tells_password")
    assert SECRET not in said.out + said.err


@pytest.mark.parametrize(
    "told", ["sqlite:///x.db", "mysql://h/d", "nothing", "", "postgresql+asyncpg://h/d", f"//{SECRET}:@"]
)
def test_what_is_not_postgresql_is_refused(told: str) -> None:
    """Another database, or no URL at all, is named as such and not quoted."""
    with pytest.raises(DatabaseUrlInvalid) as caught:
        public_url(told)
    assert SECRET not in repr(caught.value)


def test_a_password_in_the_environment_stays_there(
    insurer_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """When the database does not answer, the error says which one, and neither the password nor the user."""
    monkeypatch.setenv(VARIABLE, f"postgresql://somebody:{SECRET}@/claims?host={tmp_path}")
    assert SECRET not in repr(place_of(insurer_folder))
    with pytest.raises(DatabaseUnavailable) as caught:
        open_ledger(insurer_folder)
    assert caught.value.facts == {"database": "claims"}
    status = main(["invite", "--dir", str(insurer_folder), "--shop", SHOP, "--json"])
    said = capfd.readouterr()
    assert (status, json.loads(said.out)["error"]["code"]) == (3, "database_unavailable")
    assert not {SECRET, "somebody"} & set(said.out.split() + said.err.split())
    assert SECRET not in said.out + said.err


def test_init_remembers_the_database(bare: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """After `init --database` every command uses it without being told; a second insurer cannot have it."""
    assert init(tmp_path / "one", "--database", bare, "--require-standby", "second") == 0
    assert not (tmp_path / "one" / "intake" / "intake.db").exists()
    place = place_of(tmp_path / "one")
    assert place.is_shared
    assert place.standby is not None
    assert place.standby.name == "second"
    with pytest.raises(StandbyGone):
        open_ledger(tmp_path / "one")
    with Ledger(public_url(bare)) as ledger:
        ledger.belong_to(AMC)
    capfd.readouterr()
    assert init(tmp_path / "two", "--database", bare) == 1
    assert json.loads(capfd.readouterr().out)["error"]["code"] == "database_of_another"
    assert not (tmp_path / "two").exists()


def test_init_refuses_what_it_cannot_remember(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    """A password, a standby without PostgreSQL, a database that does not answer: no insurer is made."""
    refused = {
        "database_url_tells_password": ("--database", f"postgresql://u:{SECRET}@h/d"),
        "standby_needs_postgresql": ("--require-standby", "second"),
        "database_unavailable": ("--database", f"postgresql:///d?host={tmp_path}"),
    }
    for code, options in refused.items():
        assert init(tmp_path / "insurer", *options) in (1, 3)
        assert json.loads(capfd.readouterr().out)["error"]["code"] == code
    assert not (tmp_path / "insurer").exists()


def test_settings_with_a_password_are_refused(insurer_folder: Path, tmp_path: Path) -> None:
    """Somebody wrote it into the file by hand: it is refused there too."""
    intake = tmp_path / "intake"
    intake.mkdir()
    (intake / "insurer.json").write_bytes((insurer_folder / "intake" / "insurer.json").read_bytes())
    (intake / "database.json").write_text(json.dumps({"url": f"postgresql://u:{SECRET}@h/d"}), "utf-8")
    with pytest.raises(DatabaseUrlTellsPassword) as caught:
        place_of(tmp_path)
    assert SECRET not in str(caught.value)
