"""The intake's database: durable by its settings, one writer at a time, nothing of a parameter in an error."""

import pytest
from sqlalchemy import Connection, insert
from sqlalchemy.exc import IntegrityError

from sync.receiver.db import Ledger, invitations


def test_commits_are_durable(ledger: Ledger) -> None:
    """Every connection writes ahead and syncs at each commit, and keeps references true."""
    settings = ("SHOW synchronous_commit", "SHOW statement_timeout", "SHOW lock_timeout")
    pragmas = ("PRAGMA journal_mode", "PRAGMA synchronous", "PRAGMA foreign_keys")
    with ledger.reading() as connection:
        asked = settings if ledger.is_shared else pragmas
        found = [connection.exec_driver_sql(name).scalar_one() for name in asked]
    assert found == (["on", "0", "10s"] if ledger.is_shared else ["wal", 2, 1])


def test_an_error_does_not_quote_what_was_stored(ledger: Ledger) -> None:
    """A violated constraint is raised without its parameters, after the work was tried again."""
    tries: list[int] = []

    def twice(connection: Connection) -> None:
        tries.append(1)
        row = {"id": "SECRETID", "shop": "759999991", "expires_at": 1}
        connection.execute(insert(invitations).values(row))
        connection.execute(insert(invitations).values(row))

    with pytest.raises(IntegrityError) as caught:
        ledger.write(twice)
    assert "SECRETID" not in str(caught.value)
    assert len(tries) == 3


def test_work_that_fails_leaves_nothing(ledger: Ledger) -> None:
    """What was written before an error is not kept."""

    def half(connection: Connection) -> None:
        connection.execute(insert(invitations).values(id="00000000", shop="759999991", expires_at=1))
        raise RuntimeError

    with pytest.raises(RuntimeError):
        ledger.write(half)
    with ledger.reading() as connection:
        assert connection.execute(invitations.select()).all() == []
