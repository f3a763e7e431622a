"""A store of release 0.1.0 opens, goes forward and keeps all it held; and 0.1.0 could still read what it became.

The counterfoil is not part of this: its format changed after 0.1.0, which was in no shop. It is written again from the
store, which is the product's own answer to a counterfoil that was lost.
"""

import json
import re
import shutil
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Connection

from sync import inbox, insurers, logbook
from sync.backup import records
from sync.crypto import SigningKey
from sync.queue import Counterfoil, Outbox, journal_head, tables
from sync.store import Store, migrations
from terminal.vault import accounts, dossiers, erasure, journal, requests, sent_fields, tries
from terminal.workflow import duplicates
from tests.vectors.store.generate import DEVICE_KEY, IDS, INSURER, KEY, NOW, SHOP_SEED

VECTORS = Path(__file__).parents[1] / "vectors" / "store"
ROOMS = {
    "store": migrations.OWN_STEPS,
    "outbox": tables.STEPS,
    journal_head.ROOM: journal_head.STEPS,
    "insurer": insurers._STEPS,
    "inbox": inbox._STEPS,
    "logbook": logbook._STEPS,
    "backup": records._STEPS,
    "account": accounts.SCHEMA,
    "dossier": dossiers.SCHEMA,
    "pin_try": tries.SCHEMA,
    erasure.ROOM: erasure.SCHEMA,
    "document_request": requests.SCHEMA,
    "sent_fields": sent_fields.SCHEMA,
    journal.ROOM: journal.SCHEMA,
    duplicates.ROOM: duplicates.SCHEMA,
}
IN_0_1_0 = {"store", "outbox", "insurer", "account", "dossier", duplicates.ROOM}
OLD_TABLES = {"outbox", "chain", "counterfoil_anchor", "insurer", "account", "dossier", "delivery", "migration"}
SIGNER = SigningKey.from_bytes(DEVICE_KEY)
ADDING = (
    r"CREATE TABLE \w+ \(",
    r"CREATE INDEX \w+ ON \w+",
    r"CREATE UNIQUE INDEX \w+ ON (?P<unique>\w+)",
    r"CREATE TRIGGER \w+ BEFORE (UPDATE|DELETE|INSERT) ON (?P<table>\w+)",
    r"ALTER TABLE \w+ ADD COLUMN \w+ \w+( NOT NULL DEFAULT \S+| .*(?<!NOT NULL))?$",
    r"INSERT INTO (?P<filled>\w+) ",
)


@pytest.fixture
def old(tmp_path: Path) -> Iterator[Store]:
    """The old store, opened by today's code."""
    shutil.copy(VECTORS / "store-0.1.0.db", tmp_path / "store.db")
    store = Store.open(tmp_path / "store.db", KEY, create=False)
    yield store
    store.close()


def migrate_all(store: Store) -> None:
    """Every room's steps, as its owner takes them when it begins to work."""
    for room, steps in ROOMS.items():
        store.migrate(room, steps)


def old_tables(connection: Connection) -> dict[str, list[str]]:
    """The columns by table."""
    names = connection.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name").scalars()
    return {
        name: [row.name for row in connection.exec_driver_sql(f"PRAGMA table_info({name})")] for name in names.all()
    }


def content(connection: Connection, columns: dict[str, list[str]]) -> dict[str, list[tuple[object, ...]]]:
    """The rows of these tables, as far as these columns."""
    return {
        table: sorted(map(tuple, connection.exec_driver_sql(f"SELECT {', '.join(names)} FROM {table}")), key=repr)
        for table, names in columns.items()
        if table != "migration"
    }


def test_all_that_an_old_store_held_is_there_after_migration(old: Store) -> None:
    """Row by row and column by column, in every table of 0.1.0; the second time there is nothing left to do."""
    with old.read() as connection:
        columns = old_tables(connection)
        before = content(connection, columns)
    migrate_all(old)
    migrate_all(old)
    with old.read() as connection:
        assert content(connection, columns) == before
        assert len(old_tables(connection)) > len(columns)
    assert [len(before[table]) for table in ("outbox", "dossier", "account")] == [3, 3, 1]
    assert all(line.ok for line in old.check())


def test_the_claims_of_an_old_store_leave_with_the_same_bytes(old: Store, tmp_path: Path) -> None:
    """What left before keeps its package, what waits leaves with its envelope as it was, and the chain goes on."""
    expected = json.loads((VECTORS / "expected.json").read_text("ascii"))
    counterfoil = Counterfoil.open(tmp_path / "counterfoil.log")
    outbox = Outbox(old, counterfoil)
    assert set(outbox.reconcile().repaired) == set(IDS)
    states = {row.claim_id: row.state for row in outbox.rows()}
    assert states == dict(zip(IDS, ("queued", "sending", "acknowledged"), strict=True))
    later = NOW + timedelta(days=1)
    again, first = outbox.dispatch(INSURER, [IDS[1], IDS[0]], SIGNER, later)
    assert again.decode() == expected["left"][IDS[1]]
    assert first.decode().endswith(f'"envelope":{expected["envelopes"][IDS[0]]}}}')
    assert outbox.get(IDS[0]).seq == 3
    assert all(line.ok for line in old.check() + outbox.check(SIGNER.public))
    counterfoil.close()


def test_the_dossiers_and_accounts_of_an_old_store_open(old: Store) -> None:
    """Under the same shop key, with numbers and content; the account is there and not closed."""
    migrate_all(old)
    found = dossiers.Dossiers(old, SHOP_SEED).many(IDS)
    assert [number for number, _ in found.values()] == ["2026-0001", "2026-0002", "2026-0003"]
    assert {dossier.amc for _, dossier in found.values()} == {2995}
    with old.read() as connection:
        assert connection.exec_driver_sql("SELECT id, name, disabled FROM account").all() == [("camille", "Camille", 0)]


@pytest.mark.parametrize("room", ROOMS)
def test_a_later_step_only_adds(room: str) -> None:
    """What the version before reads stays: later steps add, and rule and fill only what such a step made."""
    first = 1 if room in IN_0_1_0 else 0
    assert not [one for step in ROOMS[room][first:] for one in step if not only_adds(one)]


def only_adds(statement: str) -> bool:
    """Whether a statement leaves tables and columns that were there, and the writing of them, as they were."""
    lines = " ".join(statement.split())
    found = [match for pattern in ADDING if (match := re.match(pattern, lines))]
    ruled = {table for match in found for table in match.groupdict().values()}
    return bool(found) and not ruled & OLD_TABLES


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE chain",
        "ALTER TABLE outbox DROP COLUMN void",
        "ALTER TABLE outbox RENAME COLUMN void TO withdrawal",
        "ALTER TABLE outbox ADD COLUMN bucket INTEGER NOT NULL",
        "CREATE UNIQUE INDEX once ON outbox (digest)",
        "UPDATE outbox SET state = 'held'",
        "CREATE TRIGGER no_more BEFORE INSERT ON outbox BEGIN SELECT RAISE(ABORT, 'no'); END",
        "INSERT INTO chain SELECT insurer, 0, '', NULL FROM insurer",
    ],
)
def test_a_step_that_takes_something_away_is_seen(statement: str) -> None:
    """The rule above refuses each of these."""
    assert not only_adds(statement)
