"""Which steps each room's tables have taken.

Rules: forward only; a step is released text that never changes, so its digest is recorded and compared; a store of a
newer version stays readable, because a step may only add.
"""

import hashlib
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection

from sync.errors import StoreCorrupt
from sync.store.direct import run

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


Recorded = dict[tuple[str, int], str]
"""The digest of each step that was taken, by room and number."""


def recorded_in(connection: Connection) -> Recorded:
    """All steps of all rooms that were taken."""
    if not run(connection, "SELECT 1 FROM sqlite_master WHERE name = 'migration'"):
        return {}
    return {(room, step): digest for room, step, digest in run(connection, "SELECT room, step, digest FROM migration")}


def missing_from(recorded: Recorded, room: str, steps: Steps) -> bool:
    """Whether a step of `room` is still to be taken; StoreCorrupt when a recorded one is not the released one."""
    return len(_taken(recorded, room, steps)) < len(steps)


def apply(connection: Connection, room: str, steps: Steps) -> None:
    """Take the steps of `room` that are missing, inside the caller's transaction."""
    taken = _taken(recorded_in(connection), room, steps)
    for number, step in enumerate(steps, start=1):
        if number in taken:
            continue
        for statement in step:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("INSERT INTO migration VALUES (?, ?, ?)", (room, number, _digest(step)))


def _taken(recorded: Recorded, room: str, steps: Steps) -> set[int]:
    taken = {number for number in range(1, len(steps) + 1) if (room, number) in recorded}
    if any(recorded[room, number] != _digest(steps[number - 1]) for number in taken):
        raise StoreCorrupt("a recorded migration is not the released one", room=room)
    return taken


def _digest(step: Sequence[str]) -> str:
    return hashlib.sha256("\x00".join(step).encode("utf-8")).hexdigest()
