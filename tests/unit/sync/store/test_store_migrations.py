"""Migrations: each step once, in order, all or none."""

from pathlib import Path

import pytest
from sqlalchemy.exc import OperationalError

from sync.errors import StoreCorrupt
from sync.store import Store

KEY = bytes(range(32))
FIRST = ("CREATE TABLE a (x INTEGER) STRICT",)
SECOND = ("ALTER TABLE a ADD COLUMN y INTEGER", "INSERT INTO a VALUES (1, 2)")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """An empty store."""
    return Store.open(tmp_path / "store.db", KEY)


def rows(store: Store) -> list[tuple[int, ...]]:
    """What table `a` holds."""
    with store.read() as connection:
        return [tuple(row) for row in connection.exec_driver_sql("SELECT * FROM a")]


def test_a_step_is_taken_once(store: Store) -> None:
    """Asking again changes nothing."""
    for _ in range(3):
        store.migrate("room", (FIRST, SECOND))
    assert rows(store) == [(1, 2)]


def test_a_store_of_an_older_version_moves_forward(store: Store, tmp_path: Path) -> None:
    """Only the missing step is taken, and after reopening too."""
    store.migrate("room", (FIRST,))
    store.close()
    again = Store.open(tmp_path / "store.db", KEY)
    again.migrate("room", (FIRST, SECOND))
    assert rows(again) == [(1, 2)]
    again.close()


def test_a_store_of_a_newer_version_stays_readable(store: Store) -> None:
    """A program that knows fewer steps leaves the others alone."""
    store.migrate("room", (FIRST, SECOND))
    store.migrate("room", (FIRST,))
    assert rows(store) == [(1, 2)]


def test_rooms_do_not_meet(store: Store) -> None:
    """Two rooms count their steps apart."""
    store.migrate("room", (FIRST,))
    store.migrate("other", (("CREATE TABLE b (x INTEGER) STRICT",),))
    store.migrate("room", (FIRST, SECOND))
    assert rows(store) == [(1, 2)]


def test_a_failed_step_leaves_nothing(store: Store) -> None:
    """All steps of one call are one transaction: the table of the first is not left behind."""
    with pytest.raises(OperationalError):
        store.migrate("room", (FIRST, ("NOT SQL",)))
    store.migrate("room", (FIRST, SECOND))
    assert rows(store) == [(1, 2)]


def test_an_edited_step_is_noticed(store: Store) -> None:
    """Released text never changes: a store that took another step is not trusted."""
    store.migrate("room", (FIRST,))
    with pytest.raises(StoreCorrupt) as caught:
        store.migrate("room", (("CREATE TABLE a (x TEXT) STRICT",), SECOND))
    assert caught.value.facts["room"] == "room"
