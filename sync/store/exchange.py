"""Another key for the encrypted file: its content goes to a new file, and whoever has the old one open follows.

Rules: not `PRAGMA rekey`, which changes the key under the feet of other processes, and not a rename over the old file,
whose write-ahead log would then lie beside a file it is not of. Instead: the write lock of the old file is held (its
readers go on, its writers wait), the content is exported into a new file under the new key, compared row by row,
checked page by page and flushed, and then *one commit in the old file* marks it as left. Before that commit the old
file counts and the new one is nothing; after it the new file counts, for every process, at its next transaction.
"""

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sync.durable import flush_folder, medium_errors
from sync.errors import StoreCorrupt
from sync.store.checks import check_file
from sync.store.encrypted import MOVED, Gone, Place, connect
from sync.store.failures import store_errors

_NEXT: Final = "next"

Step = Callable[[str], None]
"""Told before each step; a test cuts there."""


def move_content(old: Place, new: Place, step: Step) -> None:
    """Bring the content of the old file under the new file's key, and mark the old one as left.

    StoreCorrupt when the copy is not the same; DiskFull, MediumFailed, StoreBusy: then the old file counts as before.
    """
    forget_file(new[0])
    with store_errors(), closing(connect(*old)) as holding:
        holding.execute("BEGIN IMMEDIATE")
        step("export")
        with closing(connect(*old)) as reading:
            _export(reading, *new)
        step("check")
        _check(*new)
        step("flush")
        with medium_errors():
            flush_folder(new[0].parent)
        step("mark")
        holding.execute(f"PRAGMA user_version = {MOVED}")
        holding.execute("COMMIT")


def is_left(place: Place) -> bool:
    """Whether this file was marked as left, or is gone already."""
    with suppress(Gone), store_errors(), closing(connect(*place)) as connection:
        return bool(connection.execute("PRAGMA user_version").fetchone()[0] == MOVED)
    return True


def forget_file(path: Path) -> None:
    """Remove an encrypted file and what lies beside it, if it is there."""
    with medium_errors():
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm", f"{path.name}-journal"):
            path.with_name(name).unlink(missing_ok=True)


def _export(reading: Any, path: Path, key: bytes) -> None:
    with _attached(reading, path, key):
        reading.execute("SELECT sqlcipher_export(?)", (_NEXT,)).fetchall()
        if _schema(reading, "main") != _schema(reading, _NEXT):
            raise StoreCorrupt("the copy has other tables")
        for name in _tables(reading):
            _require_same(reading, name)


@contextmanager
def _attached(connection: Any, path: Path, key: bytes) -> Iterator[None]:
    connection.execute("ATTACH DATABASE ? AS next KEY ?", (str(path), f"x'{key.hex()}'"))
    try:
        yield
    finally:
        connection.execute("DETACH DATABASE next")


def _schema(connection: Any, database: str) -> list[tuple[str, ...]]:
    query = f"SELECT type, name, tbl_name, coalesce(sql, '') FROM {database}.sqlite_master ORDER BY 1, 2"  # noqa: S608
    return [tuple(row) for row in connection.execute(query)]


def _tables(connection: Any) -> list[str]:
    return [name for kind, name, *_ in _schema(connection, "main") if kind == "table"]


def _require_same(connection: Any, table: str) -> None:
    """Every row is in both, as often."""
    quoted = '"' + table.replace('"', '""') + '"'
    ours, theirs = f"SELECT * FROM main.{quoted}", f"SELECT * FROM next.{quoted}"  # noqa: S608 - names of our own tables
    counts = [connection.execute(f"SELECT count(*) FROM ({side})").fetchone()[0] for side in (ours, theirs)]  # noqa: S608
    missing = connection.execute(f"SELECT count(*) FROM ({ours} EXCEPT {theirs})").fetchone()[0]  # noqa: S608
    if missing or counts[0] != counts[1]:
        raise StoreCorrupt("the copy has other rows")


def _check(path: Path, key: bytes) -> None:
    path.chmod(0o600)
    with closing(connect(path, key)) as connection:
        if not all(line.ok for line in check_file(connection)):
            raise StoreCorrupt("the copy fails its checks")
