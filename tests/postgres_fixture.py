"""A PostgreSQL of the tests' own: one cluster for the run, on a Unix socket in a temporary folder.

Rules: nothing of the system's PostgreSQL is used but its programs; the server runs as an unprivileged user, because it
refuses root; it is not flushed to the medium (`fsync=off`), since what is tested here ends with the machine. Where the
programs are missing, a test that needs them is skipped and says so.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

DEBIAN = Path("/usr/lib/postgresql")
USER = "comptoir"
QUICK = ("fsync=off", "full_page_writes=off", "autovacuum=off")


def programs() -> Path | None:
    """The folder of the newest server programs on this machine, if there are any."""
    found = sorted(DEBIAN.glob("*/bin/initdb"), key=lambda path: int(path.parent.parent.name))
    if found:
        return found[-1].parent
    initdb = shutil.which("initdb")
    return Path(initdb).resolve().parent if initdb else None


class Cluster:
    """A server in `folder`, which belongs to whom it runs as."""

    def __init__(self, folder: Path, bin_folder: Path, settings: Sequence[str] = QUICK) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._bin = bin_folder
        place = ("listen_addresses=", f"unix_socket_directories={folder}")
        self._settings = (*place, "shared_buffers=32MB", *settings)
        self._user = _unprivileged()
        if self._user is not None:
            shutil.chown(folder, self._user)

    def initialise(self) -> "Cluster":
        """Make an empty cluster."""
        options = ("--auth=trust", f"--username={USER}", "--encoding=UTF8", "--locale=C", "--no-sync")
        self.run("initdb", f"--pgdata={self.data}", *options)
        return self

    def start(self, *settings: str) -> "Cluster":
        """Bring it up, with more settings than those it was made with; return when it accepts connections."""
        chosen = " ".join(f'-c "{setting}"' for setting in (*self._settings, *settings))
        self.run("pg_ctl", "start", "--wait", f"--pgdata={self.data}", f"--log={self.folder / 'log'}", f"-o {chosen}")
        return self

    def standby(self, folder: Path, name: str) -> "Cluster":
        """A copy of this running cluster that follows it as its standby `name`, once it is started."""
        copy = Cluster(folder, self._bin)
        source = f"host={self.folder} user={USER} application_name={name}"
        copy.run("pg_basebackup", f"--pgdata={copy.data}", "--write-recovery-conf", "--checkpoint=fast", "-d", source)
        return copy

    def promote(self) -> None:
        """Make a standby a server of its own."""
        self.run("pg_ctl", "promote", "--wait", f"--pgdata={self.data}")

    def stop(self, mode: str = "immediate") -> None:
        """Bring it down if it is up; `immediate` is a crash."""
        if not (self.data / "postmaster.pid").exists():
            return
        self.run("pg_ctl", "stop", f"--mode={mode}", f"--pgdata={self.data}")

    def run(self, program: str, *arguments: str) -> None:
        """Run one of the server's programs as the unprivileged user."""
        done = subprocess.run(
            [str(self._bin / program), *arguments],
            user=self._user,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if program != "pg_ctl" else subprocess.DEVNULL,
            stderr=subprocess.STDOUT,
            check=False,
        )
        assert done.returncode == 0, f"{program}: {done.stdout!r}; {self.log()}"

    def log(self) -> str:
        """The end of what the server wrote."""
        path = self.folder / "log"
        return path.read_text("utf-8", "replace")[-2000:] if path.exists() else ""

    def url(self, database: str) -> str:
        """How a program names a database of this cluster."""
        return f"postgresql://{USER}@/{database}?host={self.folder}"

    @contextmanager
    def session(self, database: str = "postgres") -> Iterator[psycopg.Connection]:
        """A connection whose statements count at once."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            yield connection

    def create(self, database: str) -> str:
        """Make an empty database; its URL."""
        with self.session() as connection:
            connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(database)))
        return self.url(database)


class Lender:
    """Databases of one cluster, empty when they are lent."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._made = 0
        self._free: list[str] = []

    @contextmanager
    def lend(self) -> Iterator[str]:
        """The URL of an empty database, perhaps one with the tables of the receiver."""
        if not self._free:
            self._made += 1
            self.cluster.create(f"test{self._made}")
            self._free.append(f"test{self._made}")
        name = self._free.pop()
        yield self.cluster.url(name)
        self._empty(name)
        self._free.append(name)

    @contextmanager
    def bare(self) -> Iterator[str]:
        """The URL of a database in which there is nothing, not even tables."""
        self._made += 1
        name = f"bare{self._made}"
        yield self.cluster.create(name)
        with self.cluster.session() as connection:
            connection.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _empty(self, name: str) -> None:
        with self.cluster.session(name) as connection:
            named = "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations'"
            tables = [sql.Identifier(row[0]) for row in connection.execute(named)]
            emptied = [sql.SQL("DELETE FROM {}").format(table) for table in tables]
            # As a replica no trigger and no reference is judged; TRUNCATE would make new files for each table.
            connection.execute(sql.SQL("; ").join([sql.SQL("SET session_replication_role = replica"), *emptied]))


def _unprivileged() -> str | None:
    """Whom a server runs as when the tests run as root."""
    if os.geteuid() != 0:
        return None
    names = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in names else "nobody"


@contextmanager
def cluster_folder() -> Iterator[Path]:
    """A folder that another user may be given, with a path short enough for a socket."""
    folder = Path(tempfile.mkdtemp(prefix="comptoir-pg-", dir="/tmp"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def server_programs() -> Path:
    """The folder of the server's programs; the test is skipped where there are none."""
    found = programs()
    if found is None:
        pytest.skip("PostgreSQL's server programs (initdb, pg_ctl) are missing")
    return found


@pytest.fixture(scope="session")
def postgres() -> Iterator[Lender]:
    """Databases of a cluster that lives as long as the run."""
    found = server_programs()
    with cluster_folder() as folder:
        cluster = Cluster(folder, found).initialise().start()
        yield Lender(cluster)
        cluster.stop()
