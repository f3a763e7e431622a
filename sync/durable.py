"""Writes that a power cut cannot undo, and locks between processes.

Rules: a file is replaced whole: readers see the former content or the new one, because the new one is flushed before it
takes the name, and the folder after. Files are 0600. A refusal of the medium has a name: DiskFull, else MediumFailed.
"""

import errno
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from sync.errors import DiskFull, MediumFailed

OWNER_ONLY: Final = 0o600
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def medium_errors() -> Iterator[None]:
    """Name what the operating system refused."""
    try:
        yield
    except OSError as error:
        if error.errno in _FULL:
            raise DiskFull("the medium has no room left") from error
        raise MediumFailed("the medium refused an operation", errno=error.errno or 0) from error


def write_flushed(descriptor: int, data: bytes) -> None:
    """One write and one flush; OSError (ENOSPC) when the medium took a part only."""
    if os.write(descriptor, data) < len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.fdatasync(descriptor)


def flush_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def replace_file(path: Path, content: bytes) -> None:
    """Give `path` this content, durably, or leave it as it was; one replacer at a time (`folder_lock`)."""
    part = path.with_name(f".{path.name}.new")
    with medium_errors():
        try:
            _write_new(part, content)
            part.replace(path)
        except BaseException:
            with suppress(OSError):
                part.unlink()
            raise
        flush_folder(path.parent)


@contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait until no other process or thread holds this lock of `folder`, and hold it."""
    with medium_errors():
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, OWNER_ONLY)
    try:
        write_flushed(descriptor, content)
    finally:
        os.close(descriptor)
