"""The database's steps: they make what the program expects, once, also from what the first release made."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import URL, Connection, Engine, create_engine, insert, inspect, select, text

from sync.receiver import databases as module
from sync.receiver.databases import public_url
from sync.receiver.db import METADATA, Ledger, log_head, terminals
from sync.receiver.errors import DatabaseDiffers, DatabaseOfAnother
from sync.receiver.migrations import STEPS, are_missing, digest_of, migrate
from tests.postgres_fixture import Lender

FIRST_STEP = "12b232d762da67d7f2dbc347804b943c527c5d350f928b1a32040abee8dff2fd"
TERMINAL = {"device": "d" * 43, "shop": "759999991", "signing_jwk": "{}", "sealing": "{}", "enrolled_at": 1}


@pytest.fixture(params=["sqlite", "postgresql"])
def bare(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """A database of each kind in which there is nothing at all."""
    if request.param == "sqlite":
        yield URL.create("sqlite", database=str(tmp_path / "intake.db"))
        return
    lender: Lender = request.getfixturevalue("postgres")
    with lender.bare() as url:
        yield public_url(url)


@contextmanager
def engine_of(url: URL) -> Iterator[Engine]:
    """A plain engine on a database, which takes no step by itself."""
    engine = create_engine(url)
    try:
        yield engine
    finally:
        engine.dispose()


def shape(connection: Connection) -> dict[str, Any]:
    """Everything about the tables that a program can meet."""
    found = inspect(connection)
    return {
        table: {
            "columns": [(one["name"], str(one["type"]), one["nullable"]) for one in found.get_columns(table)],
            "key": found.get_pk_constraint(table)["constrained_columns"],
            "unique": sorted(tuple(one["column_names"]) for one in found.get_unique_constraints(table)),
            "foreign": sorted(
                (tuple(one["constrained_columns"]), one["referred_table"], tuple(one["referred_columns"]))
                for one in found.get_foreign_keys(table)
            ),
            "indexes": sorted((one["name"], tuple(one["column_names"])) for one in found.get_indexes(table))
            if table == "nonces"
            else (),
        }
        for table in found.get_table_names()
        if table != "migrations"
    }


def test_the_steps_make_the_tables_of_the_program(bare: URL) -> None:
    """What all steps made differs in nothing from what `db.py` declares; if it does, a step is missing at the end."""
    with Ledger(bare) as ledger, ledger.reading() as connection:
        stepped = shape(connection)
    with engine_of(bare) as engine, engine.begin() as connection:
        for table in stepped:
            connection.execute(
                text(f"DROP TABLE {table} CASCADE" if "psycopg" in bare.drivername else f"DROP TABLE {table}")
            )
        METADATA.create_all(connection)
        declared = shape(connection)
    assert stepped == declared


def test_the_database_of_the_first_release_is_carried_forward(bare: URL) -> None:
    """Tables without a record of steps keep their rows, and get what came later."""
    with engine_of(bare) as engine, engine.begin() as connection:
        for statement in STEPS[0]:
            connection.exec_driver_sql(statement.format(bytes="BLOB" if engine.dialect.name == "sqlite" else "BYTEA"))
        connection.execute(insert(terminals).values(TERMINAL))
    with Ledger(bare) as ledger, ledger.reading() as connection:
        assert connection.execute(select(terminals.c.device)).scalar_one() == TERMINAL["device"]
        assert not are_missing(connection)


def test_each_step_is_taken_once_however_many_open_at_once(bare: URL) -> None:
    """Several processes that start on an empty database make it together, and a later start changes nothing."""
    with ThreadPoolExecutor(4) as pool:
        for ledger in pool.map(lambda _: Ledger(bare), range(4)):
            ledger.close()
    with Ledger(bare) as ledger, ledger.reading() as connection:
        recorded = connection.execute(text("SELECT step, digest FROM migrations ORDER BY step")).all()
    assert [tuple(row) for row in recorded] == [(number, digest_of(step)) for number, step in enumerate(STEPS, 1)]


def test_released_steps_do_not_change() -> None:
    """The first step is the text that was released; whoever changes it breaks every database that took it."""
    assert digest_of(STEPS[0]) == FIRST_STEP


def test_another_history_is_refused(ledger: Ledger, database: URL) -> None:
    """A database whose recorded step is not the released one is not written to."""
    spoil = text("UPDATE migrations SET digest = 'other' WHERE step = 1")
    ledger.write(lambda connection: connection.execute(spoil))
    with pytest.raises(DatabaseDiffers):
        Ledger(database)
    mend = text("UPDATE migrations SET digest = :digest WHERE step = 1")
    ledger.write(lambda connection: connection.execute(mend, {"digest": digest_of(STEPS[0])}))


def test_a_newer_database_stays_usable(bare: URL) -> None:
    """An older program works on what a newer one added to, beside it."""
    newer = (*STEPS, ("ALTER TABLE log_head ADD COLUMN later INTEGER NOT NULL DEFAULT 0",))
    with Ledger(bare) as ledger:
        ledger.write(lambda connection: migrate(connection, newer))
    with Ledger(bare) as older:
        older.write(lambda connection: connection.execute(insert(log_head).values(single=1, following=7)))
        with older.reading() as connection:
            assert connection.execute(select(log_head.c.following)).scalar_one() == 7


def test_a_step_that_fails_leaves_nothing(bare: URL) -> None:
    """Steps are taken together or not at all."""
    wrong = (*STEPS, ("CREATE TABLE half (one INTEGER)", "CREATE TABLE owner (again INTEGER)"))
    with Ledger(bare) as ledger:
        with pytest.raises(Exception, match=r"owner|DuplicateTable"):
            ledger.write(lambda connection: migrate(connection, wrong))
        with ledger.reading() as connection:
            assert not inspect(connection).has_table("half")


def test_a_database_belongs_to_one_insurer(ledger: Ledger) -> None:
    """Whose claims it holds is noted once; another insurer is refused, and a new one too."""
    ledger.must_be_free()
    ledger.belong_to("99999997")
    ledger.belong_to("99999997")
    with pytest.raises(DatabaseOfAnother):
        ledger.belong_to("99999998")
    with pytest.raises(DatabaseOfAnother):
        ledger.must_be_free()


def test_every_command_finds_its_database_the_same_way() -> None:
    """Only `databases` opens one: a command that opened the file in the folder would miss PostgreSQL."""
    folder = Path(module.__file__).parent
    opening = {
        str(path.relative_to(folder))
        for path in folder.rglob("*.py")
        if re.search(r"\bLedger(\.at)?\(", path.read_text())
    }
    assert opening == {"databases.py"}
