"""Room kept for the end of what was begun: a file that is given up when the medium is full.

Rules: a new claim never uses it, and none is registered while it is spent: what was promised comes first. Acts that
finish work (a dispatch, receipts, a withdrawal, the access journal, a start) give it up once when the medium is full,
and are tried again: each of them is whole or nothing. It is really allocated (`posix_fallocate`) and flushed. Given
up, the file stays with no length, which is how every process sees it; it is made again as soon as there is room for
it twice, so that it is not taken and given up in turns. A folder without the file keeps no reserve.

Size: a claim of 1 KiB that leaves and is settled makes the files 2.2 KiB longer, and a batch of a hundred takes
0.45 MiB of write-ahead log (measured; about three times that when all are of 8 KiB). 4 MiB hold such a batch and more
than a thousand waiting claims, a week of a busy counter, and are a two-thousandth of the smallest card in use.
"""

import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import Concatenate, Final, ParamSpec, Protocol, TypeVar

from sync.durable import OWNER_ONLY, flush_folder, medium_errors
from sync.errors import DiskFull

FILE_NAME: Final = "reserve"
SIZE: Final = 4 << 20


class _WithReserve(Protocol):
    @property
    def reserve(self) -> "Reserve": ...


class _InStore(Protocol):
    @property
    def _store(self) -> _WithReserve: ...


_S = TypeVar("_S", bound=_InStore)
_P = ParamSpec("_P")
_T = TypeVar("_T")


class Reserve:
    """The reserve of one folder, for several threads and processes."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE_NAME

    @property
    def kept(self) -> bool:
        """Whether a reserve is kept here, spent or not."""
        return self._path.exists()

    @property
    def spent(self) -> bool:
        """Whether it was given up and is not there again; False where none is kept."""
        try:
            return self._path.stat().st_size < SIZE
        except FileNotFoundError:
            return False

    def make(self) -> None:
        """Keep a reserve here from now on; DiskFull: it is spent from the beginning, MediumFailed."""
        with medium_errors():
            descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
            try:
                _allocate(descriptor)
            finally:
                os.close(descriptor)
            flush_folder(self._path.parent)

    def restore(self) -> bool:
        """Make a spent one again if there is room for it twice; whether it is there (or none is kept)."""
        if self.spent and shutil.disk_usage(self._path.parent).free >= 2 * SIZE:
            with suppress(DiskFull):
                self.make()
        return not self.spent

    def require(self) -> None:
        """DiskFull while it is spent and cannot be made again: what is left is for work that was begun."""
        if not self.restore():
            raise DiskFull("the reserve is spent: what is left is for what was begun")

    def release(self) -> bool:
        """Give it up; whether there was one."""
        if self.spent or not self.kept:
            return False
        with medium_errors():
            descriptor = os.open(self._path, os.O_RDWR | os.O_CLOEXEC)
            try:
                _empty(descriptor)
            finally:
                os.close(descriptor)
        return True

    def finish(self, act: Callable[[], _T]) -> _T:
        """What `act` gives; when the medium is full, once more with the reserve given up. DiskFull: that was all."""
        try:
            return act()
        except DiskFull:
            if not self.release():
                raise
        return act()


def finishing(method: Callable[Concatenate[_S, _P], _T]) -> Callable[Concatenate[_S, _P], _T]:
    """A method of what works in a store, one act that is whole or nothing, as one that may use the reserve."""

    @wraps(method)
    def finished(self: _S, /, *arguments: _P.args, **named: _P.kwargs) -> _T:
        return self._store.reserve.finish(lambda: method(self, *arguments, **named))

    return finished


def _allocate(descriptor: int) -> None:
    try:
        os.posix_fallocate(descriptor, 0, SIZE)
    except OSError:
        _empty(descriptor)
        raise
    os.fsync(descriptor)


def _empty(descriptor: int) -> None:
    os.ftruncate(descriptor, 0)
    os.fsync(descriptor)
