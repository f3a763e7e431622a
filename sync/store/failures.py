"""What SQLite answers becomes an error of this project.

Rules: the primary result code decides, never the text; the text of a statement and its values are not carried along.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlcipher3 import dbapi2 as driver

from sync.errors import DiskFull, MediumFailed, StoreBusy, StoreCorrupt, StoreError

_BY_CODE: Final[dict[int, tuple[type[StoreError], str]]] = {
    driver.SQLITE_FULL: (DiskFull, "the encrypted file has no room left"),
    driver.SQLITE_CORRUPT: (StoreCorrupt, "the encrypted file is damaged"),
    driver.SQLITE_NOTADB: (StoreCorrupt, "the encrypted file is damaged, or the key is not its key"),
    driver.SQLITE_BUSY: (StoreBusy, "another process holds the encrypted file"),
    driver.SQLITE_LOCKED: (StoreBusy, "another connection holds the encrypted file"),
    driver.SQLITE_IOERR: (MediumFailed, "the medium refused an operation"),
    driver.SQLITE_CANTOPEN: (MediumFailed, "the encrypted file cannot be opened"),
    driver.SQLITE_READONLY: (MediumFailed, "the encrypted file cannot be written"),
}


@contextmanager
def store_errors() -> Iterator[None]:
    """Turn driver errors into StoreError leaves; others (a broken constraint) pass as they are."""
    try:
        yield
    except DBAPIError as error:
        _raise_named(error.orig)
        raise
    except driver.Error as error:
        _raise_named(error)
        raise
    except PoolTimeout:
        raise StoreBusy("no connection to the encrypted file was free") from None


def _raise_named(error: Any) -> None:
    code: int = getattr(error, "sqlite_errorcode", 0)
    if code & 0xFF in _BY_CODE:
        kind, message = _BY_CODE[code & 0xFF]
        raise kind(message, sqlite=code) from None
