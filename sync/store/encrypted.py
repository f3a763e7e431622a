"""One SQLCipher file under a raw 32-byte key (SQLCipher 4, AES-256-CBC and HMAC-SHA-512 per page).

Rules: a SQLite older than the WAL-reset fix (3.51.3) is refused, and so is a SQLCipher before 4.19 or a library that
would not encrypt; WAL with synchronous=FULL, a checkpoint after each commit (a flipped bit in a long log loses its
tail silently), overwriting of deleted content; every write is BEGIN IMMEDIATE … COMMIT, so a writer that cannot write
learns it first. The key is in no URL, no representation, no error. The library writes nothing to the terminal
(`cipher_log_level`): a screen may be there. A file whose content went to another one, under another key
(`sync.store.exchange`), is marked: every transaction looks at the mark first and goes on in the new file, so that
processes which had the old one open lose nothing.
"""

import os
import re
import shutil
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final, Self

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.pool import QueuePool
from sqlcipher3 import dbapi2 as driver

from sync.durable import OWNER_ONLY, flush_folder, medium_errors
from sync.errors import DiskFull, KeyInvalid, MediumFailed, StoreCorrupt, StoreMoved, StoreTooOld
from sync.memory import is_locked
from sync.store import direct, migrations
from sync.store.checks import CheckLine, check_file
from sync.store.failures import store_errors
from sync.store.reserve import Reserve

KEY_BYTES: Final = 32
OLDEST_SQLITE: Final = (3, 51, 3)
OLDEST_CIPHER: Final = (4, 19)
_BUSY_SECONDS: Final = 10.0
_ROOM_TO_OPEN: Final = 64 * 1024
"""The log's index needs 32 KiB; without them the library only says that the medium refused."""
_CONNECTIONS: Final = 8
_IDLE: Final = 3
"""So many connections stay open when nobody uses them: each keeps pages and up to 0.5 MiB of prepared statements."""
CACHE_KIB: Final = 256
"""Pages that each connection keeps opened. SQLite's own 2 MiB fill as the file grows, in each connection; with 64 pages
a registration reads one in 30 times a page again."""
_GUARD: Final = "cipher_memory_security = ON"
_SETTINGS: Final = (
    "cipher_log_level = NONE",
    _GUARD,
    "temp_store = MEMORY",
    f"cache_size = -{CACHE_KIB}",
    "journal_mode = WAL",
    "synchronous = FULL",
    "foreign_keys = ON",
    "wal_autocheckpoint = 1",
    "secure_delete = ON",
)
_READ_ONLY: Final = "comptoir_read"
MOVED: Final = 0x4D6F7665
"""The `user_version` of a file whose content is elsewhere."""

Place = tuple[Path, bytes]
"""Where the encrypted file is now, and its key."""


class Store:
    """An open encrypted file, for several threads and processes."""

    def __init__(self, path: Path, engine: Engine, whereto: Callable[[], Place] | None = None) -> None:
        self.path = path
        self.reserve = Reserve(path.parent)
        self._engine = engine
        self._whereto = whereto
        self._moving = threading.Lock()
        self._recorded: migrations.Recorded = {}
        """The steps of all rooms when they were looked at last; a step that was taken stays so."""

    @classmethod
    def open(cls, path: Path, key: bytes, *, create: bool = True, whereto: Callable[[], Place] | None = None) -> Self:
        """Open the file, or make a new one where `create` allows it; `whereto` tells where a moved one went.

        StoreTooOld (library), StoreCorrupt (damage, wrong key, or no file where there must be one), StoreMoved
        (without `whereto`), DiskFull, MediumFailed.
        """
        _require_library(driver.sqlite_version_info)
        if len(key) != KEY_BYTES:
            raise KeyInvalid("the store's key has 32 bytes")
        if not path.exists() or not path.stat().st_size:
            _require_creation(path, create=create)
        store = cls(path, _engine(path, key), whereto)
        try:
            store.migrate("store", migrations.OWN_STEPS)
        except BaseException:
            store.close()
            raise
        return store

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """One transaction that may write: begun at once, committed durably at the end, rolled back by an exception."""
        with self._transaction(reading=False) as connection:
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """One consistent view, beside writers of any process."""
        with self._transaction(reading=True) as connection:
            yield connection

    def migrate(self, room: str, steps: Sequence[Sequence[str]]) -> None:
        """Bring a room's tables up to `steps` (SQL statements each): every step once, in order, all or none.

        Steps of a newer version that are already there are left alone; StoreCorrupt when a recorded step was another
        one. A start on a full medium uses the reserve.
        """
        self.reserve.finish(lambda: self._migrate(room, steps))

    def check(self) -> tuple[CheckLine, ...]:
        """Whether the file is whole: `wal_checkpoint`, `cipher_integrity`, `integrity`, in this order."""
        with self.read():
            pass  # a file that was left is not the one to check
        with store_errors(), self._engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            return check_file(raw)

    def compact(self) -> None:
        """Rewrite the whole file without what was deleted, and empty the log; StoreBusy, DiskFull change nothing."""
        with store_errors(), self._engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("VACUUM").close()
            raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").close()

    def copy_into(self, path: Path) -> None:
        """Write a copy of one instant into a new file, under the same key, beside writers of any process.

        StoreError: there is no usable copy.
        """
        with self.read():
            pass  # a file that was left is not the one to copy
        with store_errors(), self._engine.connect() as connection:
            raw: Any = connection.connection.driver_connection
            raw.execute("VACUUM INTO ?", (str(path),)).close()

    def close(self) -> None:
        """Close all connections; the last one of all processes takes the log into the main file."""
        self._engine.dispose()

    def __repr__(self) -> str:
        return f"Store({str(self.path)!r})"

    def _migrate(self, room: str, steps: Sequence[Sequence[str]]) -> None:
        if not migrations.missing_from(self._recorded, room, steps):
            return
        with self.read() as connection:
            self._recorded = migrations.recorded_in(connection)
        if migrations.missing_from(self._recorded, room, steps):
            with self.write() as connection:
                migrations.apply(connection, room, steps)

    @contextmanager
    def _transaction(self, *, reading: bool) -> Iterator[Connection]:
        with store_errors(), ExitStack() as stack:
            yield self._begun(stack, reading=reading)

    def _begun(self, stack: ExitStack, *, reading: bool) -> Connection:
        """A begun transaction on the file that counts; the mark is read inside it, so it cannot come later.

        It ends: each move leads to a file of a higher number.
        """
        while True:
            engine = self._engine
            with suppress(Gone), ExitStack() as attempt:
                connection = attempt.enter_context(engine.connect())
                connection.execution_options(**{_READ_ONLY: reading})
                attempt.enter_context(connection.begin())
                if direct.run(connection, "PRAGMA user_version") != [(MOVED,)]:
                    stack.enter_context(attempt.pop_all())
                    return connection
            self._follow(engine)

    def _follow(self, left: Engine) -> None:
        """Go where the content went, unless another thread has been there."""
        if self._whereto is None:
            raise StoreMoved("the content of this encrypted file is elsewhere")
        with self._moving:
            if self._engine is left:
                path, key = self._whereto()
                if path == self.path:
                    raise StoreMoved("the content of this encrypted file is elsewhere, and nothing says where")
                self.path, self._engine = path, _engine(path, key)
                left.dispose()


def _require_library(found: tuple[int, ...]) -> None:
    if found < OLDEST_SQLITE:
        raise StoreTooOld("this SQLite has a known corruption bug", found=".".join(map(str, found)), needed="3.51.3")


def _require_creation(path: Path, *, create: bool) -> None:
    if not create:
        raise StoreCorrupt("the encrypted file is missing or empty")
    create_file(path)


def create_file(path: Path) -> None:
    """An empty file in which a store may begin, for its owner alone, its name durable; DiskFull, MediumFailed."""
    with medium_errors():
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY))
        flush_folder(path.parent)


def _engine(path: Path, key: bytes) -> Engine:
    def connected() -> Any:
        return connect(path, key)

    # hide_parameters: values never reach an error text. QueuePool: the dialect's default pool crashes with threads.
    engine = create_engine(
        "sqlite://",
        module=driver,
        creator=connected,
        poolclass=QueuePool,
        pool_size=_IDLE,
        max_overflow=_CONNECTIONS - _IDLE,
        pool_use_lifo=True,
        pool_timeout=_BUSY_SECONDS,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


class Gone(Exception):
    """The file is not there any more: its content is elsewhere."""


def connect(path: Path, key: bytes) -> Any:
    """A driver connection with this project's settings; Gone when the file is not there, and none is made.

    The name is looked for once more when the write-ahead log is open: a file is forgotten before its log is, so the
    log that was opened is the file's own, with the mark in it.
    """
    connection = _opened(path)
    try:
        with store_errors():
            connection.execute(f"PRAGMA key = \"x'{key.hex()}'\"")
            for setting in _settings():
                connection.execute(f"PRAGMA {setting}")
            _require_cipher(connection)
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        _require_name(path)
    except MediumFailed as error:
        connection.close()
        _require_name(path)
        if shutil.disk_usage(path.parent).free < _ROOM_TO_OPEN:
            raise DiskFull("the encrypted file has no room left to be opened") from error
        raise
    except BaseException:
        connection.close()
        raise
    return connection


def _settings() -> Iterator[str]:
    """The settings of a connection.

    SQLCipher's guard locks each piece of memory and unlocks it when it is freed, and with it the page it lies on:
    in a process whose memory is locked as a whole that would make holes, so there the guard stays off.
    """
    return (setting for setting in _SETTINGS if setting != _GUARD or not is_locked())


def _opened(path: Path) -> Any:
    try:
        return driver.connect(
            f"{path.absolute().as_uri()}?mode=rw",
            uri=True,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
    except driver.OperationalError:
        if not path.exists():
            raise Gone from None
        raise


def _require_name(path: Path) -> None:
    if not path.exists():
        raise Gone


def _require_cipher(connection: Any) -> None:
    """A SQLite without SQLCipher ignores `PRAGMA key` and would write in clear."""
    found = connection.execute("PRAGMA cipher_version").fetchone()
    if not found:
        raise StoreTooOld("this library does not encrypt", found="sqlite", needed="sqlcipher")
    version = re.match(r"(\d+)\.(\d+)", str(found[0]))
    if version is None or tuple(map(int, version.groups())) < OLDEST_CIPHER:
        raise StoreTooOld("this SQLCipher is too old", found=str(found[0]), needed="4.19")


def _begin(connection: Connection) -> None:
    reading = connection.get_execution_options().get(_READ_ONLY, False)
    direct.run(connection, "BEGIN" if reading else "BEGIN IMMEDIATE")
