"""The encrypted file: what it keeps, whom it refuses, and that it is encrypted."""

import math
import stat
import threading
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.pool import QueuePool
from sqlcipher3 import dbapi2 as driver

from sync.errors import KeyInvalid, MediumFailed, StoreBusy, StoreCorrupt, StoreTooOld
from sync.store import Store, encrypted

KEY = bytes(range(32))
STEPS = (("CREATE TABLE note (id INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT",),)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where the store of a test is."""
    return tmp_path / "store.db"


@pytest.fixture
def store(path: Path) -> Store:
    """An open store with one table."""
    opened = Store.open(path, KEY)
    opened.migrate("note", STEPS)
    return opened


def put(store: Store, body: str) -> None:
    """Write one row."""
    with store.write() as connection:
        connection.execute(text("INSERT INTO note (body) VALUES (:body)"), {"body": body})


def bodies(store: Store) -> list[str]:
    """All rows."""
    with store.read() as connection:
        return list(connection.execute(text("SELECT body FROM note ORDER BY id")).scalars())


def test_what_was_written_is_read_after_reopening(store: Store, path: Path) -> None:
    """A committed row is there in the next life."""
    put(store, "kept")
    store.close()
    again = Store.open(path, KEY, create=False)
    assert bodies(again) == ["kept"]
    again.close()


def test_a_failed_act_leaves_nothing(store: Store) -> None:
    """An exception in the middle rolls all of it back."""

    def fail() -> None:
        with store.write() as connection:
            connection.execute(text("INSERT INTO note (body) VALUES ('lost')"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert bodies(store) == []


def test_nothing_is_readable_in_the_files(store: Store, path: Path) -> None:
    """Neither the file nor its log holds a planted text, and both look random."""
    for number in range(200):
        put(store, f"VERDIERE-LANTELME {number}" * 20)
    store.close()
    for file in path.parent.iterdir():
        content = file.read_bytes()
        assert b"VERDIERE" not in content
        assert b"SQLite format" not in content
        counts = Counter(content[:200_000])
        entropy = -sum(n / len(content[:200_000]) * math.log2(n / len(content[:200_000])) for n in counts.values())
        assert len(content) < 100_000 or entropy > 7.9


def test_the_file_is_its_owners_alone(store: Store, path: Path) -> None:
    """Store, log and shared memory have mode 0600."""
    put(store, "x")
    files = list(path.parent.iterdir())
    assert len(files) == 3
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}


def test_a_wrong_key_is_corruption_and_changes_nothing(
    store: Store, path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Another key is StoreCorrupt, the file keeps its bytes, and the library prints nothing on the screen."""
    put(store, "kept")
    store.close()
    before = path.read_bytes()
    with pytest.raises(StoreCorrupt) as caught:
        Store.open(path, bytes(32))
    assert path.read_bytes() == before
    assert capfd.readouterr() == ("", "")
    assert "00" * 8 not in str(caught.value) + repr(caught.value.__cause__)
    again = Store.open(path, KEY)
    assert bodies(again) == ["kept"]
    again.close()


def test_a_missing_or_empty_file_is_not_silently_begun_anew(path: Path) -> None:
    """Where a store must be, none or an empty one is StoreCorrupt."""
    with pytest.raises(StoreCorrupt):
        Store.open(path, KEY, create=False)
    path.touch()
    with pytest.raises(StoreCorrupt):
        Store.open(path, KEY, create=False)


def test_what_is_no_store_is_corruption(path: Path) -> None:
    """A plain text and a plain SQLite file are StoreCorrupt."""
    path.write_bytes(b"not a database" * 1000)
    with pytest.raises(StoreCorrupt):
        Store.open(path, KEY)


def test_a_folder_that_is_not_there_has_a_name(tmp_path: Path) -> None:
    """A store in no folder is MediumFailed."""
    with pytest.raises(MediumFailed):
        Store.open(tmp_path / "absent" / "store.db", KEY)


def test_a_key_has_32_bytes(path: Path) -> None:
    """A shorter key is refused before a file is made."""
    with pytest.raises(KeyInvalid):
        Store.open(path, bytes(16))
    assert not path.exists()


def test_an_old_library_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A SQLite with the WAL-reset bug opens nothing, and the error says which is needed."""
    monkeypatch.setattr(driver, "sqlite_version_info", (3, 51, 2))
    with pytest.raises(StoreTooOld) as caught:
        Store.open(path, KEY)
    assert caught.value.facts == {"found": "3.51.2", "needed": "3.51.3"}
    assert caught.value.environment


def test_a_library_that_does_not_encrypt_is_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plain SQLite ignores the key: it is refused before anything is written in clear."""
    import sqlite3  # noqa: PLC0415 - stands in for a library without SQLCipher, here only

    monkeypatch.setattr(driver, "connect", sqlite3.connect)
    with pytest.raises(StoreTooOld):
        Store.open(path, KEY)


class Says:
    """A connection that answers one thing."""

    def __init__(self, answer: str) -> None:
        self._answer = answer

    def execute(self, _statement: str) -> "Says":
        """Whatever is asked."""
        return self

    def fetchone(self) -> tuple[str]:
        """The answer."""
        return (self._answer,)


@pytest.mark.parametrize("version", ["4.18.9 community", "3.53.0", "unknown"])
def test_an_old_cipher_is_refused(version: str) -> None:
    """SQLCipher before 4.19, or one that does not say which it is."""
    with pytest.raises(StoreTooOld):
        encrypted._require_cipher(Says(version))
    encrypted._require_cipher(Says("4.19.0 community"))
    encrypted._require_cipher(Says("5.0.1 community"))


def test_the_settings_that_durability_needs_are_on(store: Store) -> None:
    """WAL, FULL, a checkpoint after each commit, foreign keys, overwriting: asked of the library itself."""
    expected = {
        "journal_mode": "wal",
        "synchronous": 2,
        "wal_autocheckpoint": 1,
        "foreign_keys": 1,
        "secure_delete": 1,
        "temp_store": 2,
        "cipher_memory_security": "1",
    }
    with store.read() as connection:
        found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in expected}
    assert found == expected


def test_what_connections_keep_of_the_file_has_a_bound(store: Store) -> None:
    """Two MiB together, however large the file: not two for each, which fill as it grows."""
    with store.read() as connection:
        kib = -int(connection.exec_driver_sql("PRAGMA cache_size").scalar() or 0)
    assert 0 < kib * encrypted._CONNECTIONS <= 2048


def test_connections_of_a_busy_moment_are_closed_after_it(store: Store) -> None:
    """As many views at once as are allowed; three connections stay."""
    pool = store._engine.pool
    assert isinstance(pool, QueuePool)
    with ExitStack() as stack:
        for _ in range(encrypted._CONNECTIONS):
            stack.enter_context(store.read())
        assert pool.checkedout() == encrypted._CONNECTIONS
    assert (pool.checkedout(), pool.checkedin()) == (0, 3)


def test_a_broken_constraint_says_nothing_of_the_row(store: Store) -> None:
    """A driver error that is the program's own passes, without the values."""
    put(store, "first")
    with store.write() as connection:
        twice = text("INSERT INTO note (id, body) VALUES (1, :body)")
        with pytest.raises(IntegrityError) as caught:
            connection.execute(twice, {"body": "VERDIERE"})
    assert "VERDIERE" not in str(caught.value)


def test_a_second_writer_waits_and_then_has_a_name(path: Path, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one writes, another process's writer is told StoreBusy after its wait; readers are not disturbed."""
    monkeypatch.setattr(encrypted, "_BUSY_SECONDS", 0.05)
    other = Store.open(path, KEY)
    with store.write() as connection:
        connection.execute(text("INSERT INTO note (body) VALUES ('first')"))
        assert bodies(other) == []
        begun = False
        with pytest.raises(StoreBusy), other.write():
            begun = True
        assert not begun, "a writer that cannot write must learn it before it does anything"
    put(other, "second")
    assert bodies(store) == ["first", "second"]
    other.close()


def test_many_threads_lose_nothing(store: Store) -> None:
    """Sixteen threads write and read at once, and all is there."""

    def work(name: int) -> None:
        for number in range(5):
            put(store, f"{name}-{number}")
            bodies(store)

    threads = [threading.Thread(target=work, args=(name,)) for name in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(bodies(store)) == sorted(f"{name}-{number}" for name in range(16) for number in range(5))


def test_a_whole_file_passes_its_checks_in_order(store: Store) -> None:
    """The three findings come in the order that gives no false alarm."""
    put(store, "x")
    assert [(line.name, line.ok) for line in store.check()] == [
        ("wal_checkpoint", True),
        ("cipher_integrity", True),
        ("integrity", True),
    ]


def test_a_reader_elsewhere_does_not_make_it_corrupt(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While another connection reads, the check says so and still finds every page whole."""
    monkeypatch.setattr(encrypted, "_BUSY_SECONDS", 0.05)
    store = Store.open(path, KEY)
    store.migrate("note", STEPS)
    put(store, "x")
    other = Store.open(path, KEY)
    with other.read() as connection:
        connection.execute(text("SELECT * FROM note")).all()
        put(store, "y")
        lines = {line.name: line.ok for line in store.check()}
    assert lines == {"wal_checkpoint": False, "cipher_integrity": True, "integrity": True}
    other.close()
    store.close()


def test_the_key_is_never_shown(store: Store) -> None:
    """Neither the store nor its engine shows the key."""
    shown = repr(store) + repr(store._engine) + str(store._engine.url)
    assert KEY.hex() not in shown
    assert repr(KEY) not in shown
