"""Who had an equipment lately, known without knowing who it was."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest

from sync.store import Store
from terminal.domain.identifiers import Nir
from terminal.workflow.conditions import Sold
from terminal.workflow.duplicates import Deliveries, Earlier
from terminal.workflow.types import Person

SEED, KEY = bytes(range(32)), bytes(range(32, 64))
DAY = date(2026, 11, 21)
NIR = "284057599900149"
GLASSES = (Sold("frame"), Sold("lens", "right"), Sold("lens", "left"))


def person(**changes: object) -> Person:
    """Somebody invented."""
    somebody = Person("ESSAI", "Anne", date(1984, 5, 12), "19840512", Nir.parse(NIR), 1, "typed")
    return replace(somebody, **changes)  # type: ignore[arg-type]  # fields of a person


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """An empty encrypted file."""
    opened = Store.open(tmp_path / "store.db", KEY)
    yield opened
    opened.close()


@pytest.fixture
def deliveries(store: Store) -> Deliveries:
    """The deliveries in it."""
    return Deliveries(store, SEED)


def write(store: Store, deliveries: Deliveries, claim_id: str, day: date = DAY, **changes: object) -> None:
    """A delivery of glasses, in a transaction."""
    sold = changes.pop("sold", GLASSES)
    with store.write() as connection:
        deliveries.writing(claim_id, person(**changes), day, sold)(connection)  # type: ignore[arg-type]  # a list of things


def test_glasses_twice_in_two_years_are_seen(store: Store, deliveries: Deliveries) -> None:
    """The claim, its day and its kind; once, however many lines it had."""
    write(store, deliveries, "c-1")
    assert deliveries.earlier(person(), DAY, GLASSES) == (Earlier("c-1", DAY, "glasses", "both"),)
    assert deliveries.earlier(person(), DAY, [Sold("lens", "left")]) != ()


def test_the_look_back_is_two_years_to_the_day(store: Store, deliveries: Deliveries) -> None:
    """Two years later it is no duplicate any more, the day before it still is; nothing is seen before its day."""
    write(store, deliveries, "c-1", date(2024, 11, 21))
    assert deliveries.earlier(person(), DAY, GLASSES) == ()
    assert deliveries.earlier(person(), DAY - timedelta(days=1), GLASSES) != ()
    assert deliveries.earlier(person(), date(2024, 11, 20), GLASSES) == ()


def test_the_newest_comes_first(store: Store, deliveries: Deliveries) -> None:
    """In the order of days."""
    for claim, day in (("c-1", date(2026, 1, 1)), ("c-2", date(2026, 3, 1)), ("c-3", date(2026, 2, 1))):
        write(store, deliveries, claim, day)
    assert [one.claim_id for one in deliveries.earlier(person(), DAY, GLASSES)] == ["c-2", "c-3", "c-1"]


@pytest.mark.parametrize(
    "other",
    [
        {"rank": 2},
        {"birth_date_raw": "20150101"},
        {"nir": Nir.parse("184052A99901248")},
    ],
)
def test_another_person_is_another(other: dict[str, object], store: Store, deliveries: Deliveries) -> None:
    """Rank, birth date and NIR tell people apart; name and spelling do not."""
    write(store, deliveries, "c-1")
    assert deliveries.earlier(person(**other), DAY, GLASSES) == ()
    assert deliveries.earlier(person(surname="AUTRE", given_name="Nom", source="card"), DAY, GLASSES) != ()


@pytest.mark.parametrize(
    ("had", "sold", "seen"),
    [
        ([Sold("contact_lenses", "right")], [Sold("contact_lenses", "right")], True),
        ([Sold("contact_lenses", "right")], [Sold("contact_lenses", "left")], False),
        ([Sold("contact_lenses", "right")], [Sold("contact_lenses")], True),
        ([Sold("contact_lenses")], [Sold("contact_lenses", "left")], True),
        ([Sold("contact_lenses")], GLASSES, False),
        (GLASSES, [Sold("contact_lenses")], False),
        ([Sold("supplement")], [Sold("supplement")], False),
        (GLASSES, [], False),
    ],
)
def test_only_the_same_kind_and_eye_meet(
    had: list[Sold], sold: list[Sold], seen: bool, store: Store, deliveries: Deliveries
) -> None:
    """A pair meets either eye; supplements are no equipment."""
    write(store, deliveries, "c-1", sold=had)
    assert bool(deliveries.earlier(person(), DAY, sold)) is seen


def test_a_voided_claim_is_no_delivery(store: Store, deliveries: Deliveries) -> None:
    """Its rows go with it, those of others stay."""
    write(store, deliveries, "c-1")
    write(store, deliveries, "c-2")
    with store.write() as connection:
        deliveries.voiding("c-1")(connection)
    assert [one.claim_id for one in deliveries.earlier(person(), DAY, GLASSES)] == ["c-2"]


def test_a_claim_that_failed_leaves_nothing(store: Store, deliveries: Deliveries) -> None:
    """The row lives and dies with the claim's transaction."""

    def fail() -> None:
        with store.write() as connection:
            deliveries.writing("c-1", person(), DAY, GLASSES)(connection)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert deliveries.earlier(person(), DAY, GLASSES) == ()


def test_what_is_kept_names_nobody(store: Store, deliveries: Deliveries) -> None:
    """Neither name, NIR nor birth date is in any row, and another shop's key gives another mark."""
    write(store, deliveries, "c-1")
    with store.read() as connection:
        rows = connection.exec_driver_sql("SELECT * FROM delivery").all()
    shown = repr(rows)
    for personal in ("ESSAI", "Anne", NIR[:13], NIR[5:13], "19840512", "1984-05-12"):
        assert personal not in shown
    assert deliveries.mark(person()) in shown
    assert Deliveries(store, SEED[::-1]).mark(person()) != deliveries.mark(person())
    assert Deliveries(store, SEED).mark(person()) == deliveries.mark(person())
