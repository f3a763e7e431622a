"""Small files that only their owner reads, and that a power cut leaves whole.

Rules: mode 0600; the content is flushed before it has its name, and the folder after. What is published once is never
overwritten; what is replaced is the former content or the new one, never a mixture. OSError is left to the caller,
who knows what the file means.
"""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from pathlib import Path


def publish_once(path: Path, content: bytes) -> None:
    """Make the file, unless there is one; two makers at once keep the first one's content."""
    part = _part(path)
    try:
        _write(part, content)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(part)
            _flush_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


def replace(path: Path, content: bytes) -> None:
    """Give the file this content, durably."""
    part = _part(path)
    try:
        _write(part, content)
        part.replace(path)
        _flush_folder(path.parent)
    finally:
        part.unlink(missing_ok=True)


@contextlib.contextmanager
def folder_lock(folder: Path) -> Iterator[None]:
    """Wait until no other process or thread holds this lock of `folder`, and hold it."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _part(path: Path) -> Path:
    return path.with_name(f"{path.name}.{secrets.token_hex(8)}")


def _write(path: Path, content: bytes) -> None:
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _flush_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
