"""Two real PostgreSQL servers: a primary, and a synchronous standby that streams from it."""

import os
import signal
from dataclasses import dataclass
from pathlib import Path

from psycopg import sql

from sync.receiver.databases import public_url
from sync.receiver.db import Ledger
from sync.receiver.standby import Standby
from tests.postgres_fixture import QUICK, Cluster

NAME = "second"
PATIENCE = 1.0
_IN_STEP = "SELECT count(*) FROM pg_stat_replication WHERE sync_state = 'sync'"
_TURNS = 3000
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'SyncRep'"


@dataclass
class Pair:
    """Both servers. The primary's own default would not even flush a commit: the receiver has to ask for it."""

    primary: Cluster
    second: Cluster
    _made: int = 0

    @classmethod
    def make(cls, first: Path, second: Path, programs: Path) -> "Pair":
        """A primary and its standby in these folders, both up."""
        primary = Cluster(first, programs, (*QUICK, "synchronous_commit=off")).initialise().start()
        made = cls(primary, primary.standby(second, NAME).start())
        made.name_standby(NAME)
        return made

    def name_standby(self, name: str) -> None:
        """Say for which standby commits wait; for none when the name is empty."""
        with self.primary.session() as connection:
            connection.execute(sql.SQL("ALTER SYSTEM SET synchronous_standby_names = {}").format(sql.Literal(name)))
            connection.execute("SELECT pg_reload_conf()")

    def stop(self) -> None:
        """Bring both down."""
        for cluster in (self.second, self.primary):
            cluster.stop()

    def new_database(self) -> str:
        """The URL of a new database on the primary."""
        self._made += 1
        return self.primary.create(f"insurer{self._made}")

    def new_ledger(self) -> Ledger:
        """A new database of a receiver on the primary, which needs the standby."""
        return Ledger(public_url(self.new_database()), Standby(NAME, PATIENCE))

    def ledger_after(self) -> Ledger:
        """The last database, on the standby that was promoted."""
        return Ledger(public_url(self.second.url(f"insurer{self._made}")))

    def wait_until_in_step(self) -> None:
        """Return once the standby is a synchronous one."""
        self._wait(_IN_STEP, 1)

    def wait_until_alone(self) -> None:
        """Return once the primary has no synchronous standby any more."""
        self._wait(_IN_STEP, 0)

    def wait_until_nobody_waits(self) -> None:
        """Return once no commit waits for the standby any more."""
        self._wait(_WAITING, 0)

    def _wait(self, question: str, answer: int) -> None:
        with self.primary.session() as connection:
            for _ in range(_TURNS):
                if connection.execute(question).fetchone() == (answer,):
                    return
                connection.execute("SELECT pg_sleep(0.02)")
        raise AssertionError(f"not {answer}: {question}; {self.primary.log()}; {self.second.log()}")

    def freeze(self) -> None:
        """Let the standby stop answering without going away: commits wait for it."""
        os.kill(self._receiver(), signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it answer again."""
        os.kill(self._receiver(), signal.SIGCONT)

    def _receiver(self) -> int:
        with self.second.session() as connection:
            row = connection.execute("SELECT pid FROM pg_stat_wal_receiver").fetchone()
        assert row is not None
        return int(row[0])
