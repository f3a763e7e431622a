"""A synchronous standby of PostgreSQL that must have what receipts are signed for.

Rules: nothing is written while the standby is not connected as a synchronous one; a commit counts once the standby
itself has flushed it, whatever the server's settings make of commits; a wait is bounded, and ends by leaving the
connection: cancelling the wait would make the commit visible although the standby never had it. The database's user
must be allowed to see replication (`GRANT pg_read_all_stats`), or every standby is as good as gone.
"""

import os
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Timer
from typing import Any, Final

from sqlalchemy import Connection, text
from sqlalchemy.exc import OperationalError

from sync.receiver.errors import StandbyGone

WAIT_SECONDS: Final = 10.0
_PAUSE: Final = 0.005
_SYNCHRONOUS: Final = """FROM pg_stat_replication
    WHERE application_name = :name AND state = 'streaming' AND sync_state IN ('sync', 'quorum')"""
_IS_THERE: Final = text(f"SELECT count(*) {_SYNCHRONOUS}")
_REACHED: Final = text("SELECT CAST(pg_current_wal_flush_lsn() AS text)")
_HAS: Final = text(f"SELECT count(*) {_SYNCHRONOUS} AND flush_lsn >= CAST(:reached AS pg_lsn)")


@dataclass(frozen=True)
class Standby:
    """The standby with this `application_name`; it is waited for at most `seconds`."""

    name: str
    seconds: float = WAIT_SECONDS

    def require(self, connection: Connection) -> None:
        """StandbyGone unless it is connected and synchronous."""
        if not connection.execute(_IS_THERE, {"name": self.name}).scalar():
            raise self._gone("is not connected as a synchronous standby")

    @contextmanager
    def bounded(self, connection: Connection) -> Iterator[None]:
        """Give a commit this long; StandbyGone when it takes longer, and the connection is cut."""
        cut: list[bool] = []
        timer = Timer(self.seconds, _cut, (_socket_of(connection), cut))
        timer.start()
        try:
            yield
        except OperationalError as error:
            if cut:
                raise self._gone("did not confirm in time") from error
            raise
        finally:
            timer.cancel()
            timer.join()

    def confirm(self, connection: Connection) -> None:
        """Return once the standby has flushed what is committed here; StandbyGone when it does not in time."""
        reached = connection.execute(_REACHED).scalar_one()
        until = time.monotonic() + self.seconds
        while not connection.execute(_HAS, {"name": self.name, "reached": reached}).scalar():
            if time.monotonic() >= until:
                raise self._gone("has not what was committed")
            time.sleep(_PAUSE)

    def _gone(self, what: str) -> StandbyGone:
        return StandbyGone(f"the standby {what}", standby=self.name)


def _socket_of(connection: Connection) -> int:
    driver: Any = connection.connection.driver_connection
    return int(driver.fileno())


def _cut(descriptor: int, cut: list[bool]) -> None:
    cut.append(True)
    with socket.socket(fileno=os.dup(descriptor)) as line:
        line.shutdown(socket.SHUT_RDWR)
