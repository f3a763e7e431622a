"""Fixed statements of the hot path, given to the driver without a layer between.

Rules: only inside a transaction that the store began; the text is fixed (the driver keeps it prepared, on each
connection), values are bound. A registration runs five such statements: compiled expressions and their results cost
more than half of its processor time. Errors of the driver are named by the store (`sync.store.failures`).
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import Connection
from sqlcipher3 import dbapi2 as driver


class RowRefused(Exception):
    """A constraint of the table does not allow this row; no value is carried along."""


def run(
    connection: Connection, statement: str, values: Sequence[object] | Mapping[str, object] = ()
) -> list[tuple[Any, ...]]:
    """The rows that `statement` gives; RowRefused."""
    raw: Any = connection.connection.driver_connection
    try:
        rows: list[tuple[Any, ...]] = raw.execute(statement, values).fetchall()
    except driver.IntegrityError:
        raise RowRefused from None
    return rows
