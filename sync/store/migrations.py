"""Which steps each room's tables have taken.

Rules: forward only; a step is released text that never changes, so its digest is recorded and compared; a store of a
newer version stays readable, because a step may only add.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from sync.errors import StoreCorrupt

Steps = Sequence[Sequence[str]]

OWN_STEPS: Final[Steps] = (
    (
        """CREATE TABLE migration (
            room TEXT NOT NULL,
            step INTEGER NOT NULL,
            digest TEXT NOT NULL,
            PRIMARY KEY (room, step)
        ) STRICT, WITHOUT ROWID""",
    ),
)


def missing_from(connection: Connection, room: str, steps: Steps) -> bool:
    """Whether a step of `room` is still to be taken; StoreCorrupt when a recorded one is not the released one."""
    return len(_taken(connection, room, steps)) < len(steps)


def apply(connection: Connection, room: str, steps: Steps) -> None:
    """Take the steps of `room` that are missing, inside the caller's transaction."""
    taken = _taken(connection, room, steps)
    for number, step in enumerate(steps, start=1):
        if number in taken:
            continue
        for statement in step:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("INSERT INTO migration VALUES (?, ?, ?)", (room, number, _digest(step)))


def _taken(connection: Connection, room: str, steps: Steps) -> set[int]:
    known = connection.exec_driver_sql("SELECT 1 FROM sqlite_master WHERE name = 'migration'").first()
    if known is None:
        return set()
    query = "SELECT step, digest FROM migration WHERE room = ? AND step <= ? ORDER BY step"
    recorded = {row.step: row.digest for row in connection.exec_driver_sql(query, (room, len(steps)))}
    if any(digest != _digest(steps[number - 1]) for number, digest in recorded.items()):
        raise StoreCorrupt("a recorded migration is not the released one", room=room)
    return set(recorded)


def _digest(step: Sequence[str]) -> str:
    return hashlib.sha256("\x00".join(step).encode("utf-8")).hexdigest()
