"""What the vault keeps in memory of the dossiers it opened has a bound, and what it answers has none."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import msgspec
import pytest

from sync.home import OpenHome, create_home
from sync.store import run
from terminal.vault import Dossier, Dossiers, dossiers

SEED = bytes(range(32))
CLAIMS = 30


def claim_id(number: int) -> str:
    """The id of an invented claim."""
    return f"01912345-6789-7abc-8def-{number:012x}"


def a_dossier(number: int) -> Dossier:
    """The dossier of an invented person, whose AMC owes `number` cents; every seventh asks for an agreement only."""
    return Dossier(
        surname=f"ESSAI {number}",
        given_name="ODILE",
        birth_date=date(1984, 5, 23),
        birth_date_raw="19840523",
        nir="284057599912324",
        rank=1,
        source="card",
        prescription_date=None,
        service_date=date(2026, 11, 21),
        amo_rate=60,
        insurer="99000001",
        contract_id="confort",
        member=None,
        lines=(),
        price=3000,
        amo=540,
        amc=number,
        reste_a_charge=0,
        user="camille",
        signed_sha256="0" * 64,
        kind="claim" if number % 7 else "preauthorisation",
    )


@dataclass
class Kept:
    """Dossiers in an open store."""

    home: OpenHome
    opened: Dossiers

    def keep(self, numbers: Iterable[int]) -> None:
        """Write the dossiers of these claims."""
        with self.home.store.write() as connection:
            for number in numbers:
                self.opened.writing(claim_id(number), a_dossier(number))(connection)


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    """A store with the dossiers of thirty claims, none of them opened yet."""
    home = create_home(tmp_path / "home")
    home.store.migrate("dossier", dossiers.SCHEMA)
    made = Kept(home, Dossiers(home.store, SEED))
    made.keep(range(CLAIMS))
    return made


IDS = [claim_id(number) for number in range(CLAIMS)]


def test_opened_dossiers_have_a_bound(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """All are answered, those asked for last stay in memory, and what stays is answered from there."""
    monkeypatch.setattr(dossiers, "KEPT", 10)
    assert [found.amc for _, found in kept.opened.many(IDS).values()] == list(range(CLAIMS))
    assert list(kept.opened._known) == IDS[-10:]
    last = kept.opened.get(IDS[-10])
    assert kept.opened.get(IDS[-10]) is last
    assert list(kept.opened._known) == [*IDS[-9:], IDS[-10]]


def test_amounts_have_a_bound_and_are_those_of_the_dossiers(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound they are read each time; no dossier is kept for a sum."""
    monkeypatch.setattr(dossiers, "AMOUNTS_KEPT", 10)
    owed = {claim_id(number): number if number % 7 else None for number in range(CLAIMS)}
    for _ in range(2):
        assert kept.opened.expected([*IDS, claim_id(CLAIMS)]) == owed
    assert list(kept.opened._amounts) == IDS[:10]
    assert not kept.opened._known


def test_an_erased_dossier_leaves_memory(kept: Kept) -> None:
    """Neither the dossier nor its amount is answered once it was erased and forgotten."""
    erased = IDS[3]
    kept.opened.many(IDS)
    kept.opened.expected(IDS)
    with kept.home.store.write() as connection:
        run(connection, "UPDATE dossier SET sealed = x'' WHERE claim_id = ?", (erased,))
    kept.opened.forget(erased)
    assert erased not in kept.opened.many(IDS)
    assert erased not in kept.opened.expected(IDS)
    assert [glance is None for glance in kept.opened.glances(IDS)] == [one == erased for one in IDS]


def test_one_statement_reads_any_number_of_dossiers(kept: Kept) -> None:
    """A connection keeps each statement prepared: one for each length of a list would grow with the day."""
    few, many = (_statements(kept, IDS[:count]) for count in (2, CLAIMS))
    assert few == many
    assert sum(one.startswith("SELECT") for one in few) == 1


def _statements(kept: Kept, ids: list[str]) -> set[str]:
    said: list[str] = []
    with kept.home.store.read() as connection:
        raw = connection.connection.driver_connection
    assert raw is not None
    raw.set_trace_callback(said.append)
    fresh = Dossiers(kept.home.store, SEED)
    assert len(fresh.many(ids)) == len(fresh.expected(ids)) == len(list(fresh.glances(ids))) == len(ids)
    raw.set_trace_callback(None)
    return {re.sub(r"'[^']*'", "?", one) for one in said}


def test_an_amount_says_what_its_dossier_says() -> None:
    """A sum reads two members of a dossier, under their names."""
    plain = msgspec.json.encode(a_dossier(7))
    assert msgspec.json.decode(plain, type=dossiers._Amount) == dossiers._Amount(7, "preauthorisation")
