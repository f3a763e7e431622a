"""Reading what a damaged encrypted file still gives, into a new one.

Rules: the damaged file is only read; every page stands for itself (it has its own HMAC), so a table is read from both
ends until the damage. Tables and their rows come before indexes and triggers, so that a rule about new rows stops no
old one. The new file is complete and flushed when this returns.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from sqlcipher3 import dbapi2 as driver

from sync.durable import medium_errors
from sync.errors import StoreError
from sync.store.encrypted import Store, connect, create_file

_OBJECTS: Final = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"


def is_whole(path: Path, key: bytes) -> bool:
    """Whether the file is there, opens under this key and passes all its checks."""
    try:
        store = Store.open(path, key, create=False)
    except StoreError:
        return False
    try:
        return all(line.ok for line in store.check())
    except StoreError:
        return False
    finally:
        store.close()


def salvage(damaged: Path, key: bytes, into: Path) -> tuple[str, ...]:
    """Write the new file `into` with all that `damaged` gives; the tables that are not complete (`*`: all)."""
    create_file(into)
    target = connect(into, key)
    try:
        objects, incomplete = _objects(damaged, key), []
        for _, name, sql in (found for found in objects if found[0] == "table"):
            target.execute(sql)
            if not _copy_table(damaged, key, name, target):
                incomplete.append(name)
        for _, _, sql in (found for found in objects if found[0] != "table"):
            _attempt(target, sql)
        target.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        target.close()
    return tuple(incomplete) if objects and _opens(into, key) else _begun_anew(into, key)


def _begun_anew(path: Path, key: bytes) -> tuple[str, ...]:
    """An empty store: the damage reached what says which tables there are, or which steps they took."""
    remove_store(path)
    Store.open(path, key).close()
    return ("*",)


def remove_store(path: Path) -> None:
    """Remove an encrypted file, and what belongs to it, where there is any."""
    with medium_errors():
        for ending in ("", "-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)


def _opens(path: Path, key: bytes) -> bool:
    try:
        Store.open(path, key, create=False).close()
    except (StoreError, DBAPIError):
        return False
    return True


def _objects(damaged: Path, key: bytes) -> list[tuple[str, str, str]]:
    if not damaged.exists():
        return []
    try:
        source = connect(damaged, key)
    except StoreError:
        return []
    try:
        return [(str(kind), str(name), str(sql)) for kind, name, sql in source.execute(_OBJECTS)]
    except driver.Error:
        return []
    finally:
        source.close()


def _copy_table(damaged: Path, key: bytes, name: str, target: Any) -> bool:
    """Copy the rows of one table; whether all of them could be read."""
    by_rowid = _attempt(target, f'SELECT rowid FROM "{name}" LIMIT 1')  # noqa: S608 - a name of our own schema
    orders = ("ORDER BY rowid", "ORDER BY rowid DESC") if by_rowid else ("",)
    for order in orders:
        source = connect(damaged, key)
        try:
            if _copy_rows(source, name, order, target):
                return True
        finally:
            source.close()
    return False


def _copy_rows(source: Any, name: str, order: str, target: Any) -> bool:
    rows = _rows(source, f'SELECT * FROM "{name}" {order}')  # noqa: S608 - a name of our own schema
    target.execute("BEGIN IMMEDIATE")
    whole = True
    for row in rows:
        if row is None:
            whole = False
            break
        places = ", ".join("?" * len(row))
        target.execute(f'INSERT OR IGNORE INTO "{name}" VALUES ({places})', row)  # noqa: S608 - a name of our own schema
    target.execute("COMMIT")
    return whole


def _rows(source: Any, query: str) -> Iterator[tuple[object, ...] | None]:
    """The rows, and None where the damage begins."""
    try:
        yield from source.execute(query)
    except driver.Error:
        yield None


def _attempt(target: Any, sql: str) -> bool:
    try:
        target.execute(sql)
    except driver.Error:
        return False
    return True
