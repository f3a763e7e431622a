"""When the last backups and rehearsals were, and what came of them: rows of the store, without anybody's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Literal

from sync.store import Store

Kind = Literal["backup", "drill"]
_STEPS: Final[Sequence[Sequence[str]]] = (
    (
        """CREATE TABLE backup_record (
            entry INTEGER PRIMARY KEY,
            kind TEXT NOT NULL CHECK (kind IN ('backup', 'drill')),
            at TEXT NOT NULL,
            ok INTEGER NOT NULL,
            detail TEXT NOT NULL
        ) STRICT""",
    ),
)


@dataclass(frozen=True)
class BackupRecord:
    """One backup or rehearsal: when, whether it succeeded, and a short detail (a file's name, or a code)."""

    kind: Kind
    at: datetime
    ok: bool
    detail: str


class BackupBook:
    """The records of a store."""

    def __init__(self, store: Store) -> None:
        self._store = store
        store.migrate("backup", _STEPS)

    def add(self, record: BackupRecord) -> None:
        """Keep one more."""
        values = (record.kind, record.at.isoformat(), int(record.ok), record.detail)
        with self._store.write() as connection:
            connection.exec_driver_sql("INSERT INTO backup_record (kind, at, ok, detail) VALUES (?, ?, ?, ?)", values)

    def last(self, kind: Kind, *, good: bool = False) -> BackupRecord | None:
        """The newest of a kind, or the newest that succeeded."""
        query = "SELECT kind, at, ok, detail FROM backup_record WHERE kind = ? AND ok >= ? ORDER BY entry DESC LIMIT 1"
        with self._store.read() as connection:
            found = connection.exec_driver_sql(query, (kind, int(good))).first()
        if found is None:
            return None
        return BackupRecord(found.kind, datetime.fromisoformat(found.at), bool(found.ok), found.detail)
