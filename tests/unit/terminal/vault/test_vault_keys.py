"""The shop key opens with a person's PIN, and dossiers with the shop key only."""

from datetime import date
from pathlib import Path

import pytest

from sync.crypto.keyslots import slots
from sync.crypto.stretching import Argon2Cost
from sync.errors import PinInvalid, PinWrong, SealInvalid
from sync.home import OpenHome, create_home, open_home
from terminal.domain.roles import Role
from terminal.vault import Account, Dossier, Vault
from terminal.vault.dossiers import DossierLine, Dossiers
from terminal.vault.refusals import AccountExists, AccountUnknown, Locked

CHEAP = Argon2Cost(memory_kib=64, passes=1, lanes=1)
CAMILLE = Account("camille", "Camille D.", Role.RESPONSIBLE)
CLAIM = "01912345-6789-7abc-8def-0123456789ab"


def a_dossier(surname: str = "PLANTEDNAME") -> Dossier:
    """The dossier of an invented person."""
    return Dossier(
        surname=surname,
        given_name="ZOE",
        birth_date=date(1984, 5, 23),
        birth_date_raw="19840523",
        nir="284057599912324",
        rank=1,
        source="card",
        prescription_date=date(2026, 11, 12),
        service_date=date(2026, 11, 21),
        amo_rate=60,
        insurer="99000001",
        contract_id="confort",
        member=None,
        lines=(DossierLine(item="frame", lpp_code="2222124", price=3000, quantity=1),),
        price=3000,
        amo=540,
        amc=2460,
        reste_a_charge=0,
        user="camille",
        signed_sha256="0" * 64,
    )


def write(vault: Vault, home: OpenHome, claim_id: str = CLAIM, surname: str = "PLANTEDNAME") -> str:
    """Keep a dossier, and say its number."""
    writing = vault.dossiers.writing(claim_id, a_dossier(surname))
    with home.store.write() as connection:
        writing(connection)
    return writing.number


@pytest.fixture
def home(tmp_path: Path) -> OpenHome:
    """A new home."""
    return create_home(tmp_path / "home")


@pytest.fixture
def vault(home: OpenHome) -> Vault:
    """A vault with one account, nobody logged in."""
    made = Vault(home, lambda: CHEAP)
    made.accounts.add(CAMILLE, "2468", None)
    return made


def test_right_pin_opens_and_lock_closes(vault: Vault) -> None:
    """Between unlock and lock there are dossiers and a user; outside there is neither."""
    with pytest.raises(Locked):
        _ = vault.dossiers
    vault.unlock("camille", "2468")
    assert vault.user == CAMILLE
    vault.lock()
    assert vault.user is None
    with pytest.raises(Locked):
        _ = vault.seed


@pytest.mark.parametrize("pin", ["2469", "246", "", "abcd", "24688"])
def test_wrong_pin_opens_nothing(vault: Vault, pin: str) -> None:
    """Another PIN is refused and leaves the vault locked."""
    with pytest.raises(PinWrong):
        vault.unlock("camille", pin)
    assert vault.user is None


def test_unknown_account_is_named(vault: Vault) -> None:
    """An account that does not exist is said to be unknown."""
    with pytest.raises(AccountUnknown):
        vault.unlock("nobody", "2468")


def test_second_account_needs_an_open_vault_and_opens_the_same_dossiers(vault: Vault, home: OpenHome) -> None:
    """A second person gets the same shop key, but only from somebody who is logged in."""
    with pytest.raises(Locked):
        vault.accounts.add(Account("nadia", "Nadia K."), "1357", None)
    vault.unlock("camille", "2468")
    write(vault, home)
    vault.accounts.add(Account("nadia", "Nadia K."), "1357", vault.seed)
    vault.lock()
    vault.unlock("nadia", "1357")
    known = vault.dossiers.get(CLAIM)
    assert known is not None
    assert known[1].surname == "PLANTEDNAME"
    assert [account.name for account in vault.accounts.all()] == ["Camille D.", "Nadia K."]


def test_an_account_is_made_once(vault: Vault) -> None:
    """The same id twice is refused."""
    with pytest.raises(AccountExists):
        vault.accounts.add(CAMILLE, "1357", None)


def test_a_weak_pin_makes_no_account(home: OpenHome) -> None:
    """A PIN of three digits is refused and no slot is left behind."""
    made = Vault(home, lambda: CHEAP)
    with pytest.raises(PinInvalid):
        made.accounts.add(CAMILLE, "123", None)
    assert slots(home.keyslots) == ()
    assert made.accounts.all() == ()


def test_dossiers_are_numbered_by_year_without_gap(vault: Vault, home: OpenHome) -> None:
    """Numbers follow each other within the year of the service."""
    vault.unlock("camille", "2468")
    numbers = [write(vault, home, CLAIM[:-1] + digit) for digit in "123"]
    assert numbers == ["2026-0001", "2026-0002", "2026-0003"]


def test_dossier_survives_reopening_and_hides_its_person(vault: Vault, home: OpenHome, tmp_path: Path) -> None:
    """What was written is read back by another process's eyes, and neither file nor repr shows the name."""
    vault.unlock("camille", "2468")
    write(vault, home)
    assert "PLANTEDNAME" not in repr(a_dossier())
    home.close()
    kept = b"".join(path.read_bytes() for path in (tmp_path / "home").rglob("*") if path.is_file())
    assert b"PLANTEDNAME" not in kept
    with open_home(tmp_path / "home") as again:
        other = Vault(again)
        other.unlock("camille", "2468")
        known = other.dossiers.get(CLAIM)
    assert known is not None
    assert known == ("2026-0001", a_dossier())


def test_another_shop_key_does_not_open_a_dossier(vault: Vault, home: OpenHome) -> None:
    """The store alone does not open a dossier: the shop key must be the one it was written under."""
    vault.unlock("camille", "2468")
    write(vault, home)
    with pytest.raises(SealInvalid):
        Dossiers(home.store, bytes(32)).get(CLAIM)


def test_a_dossier_is_bound_to_its_claim(vault: Vault, home: OpenHome) -> None:
    """A dossier moved to another claim's row does not open."""
    vault.unlock("camille", "2468")
    write(vault, home)
    with home.store.write() as connection:
        connection.exec_driver_sql("UPDATE dossier SET claim_id = ?", (CLAIM[:-1] + "0",))
    with pytest.raises(SealInvalid):
        vault.dossiers.get(CLAIM[:-1] + "0")
