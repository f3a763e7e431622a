"""Where a repository is read from: a folder (a USB stick), or an address through a client that is given.

Rules: a source is not trusted: it gives bytes, whole or not, right or not. Only plain files below the folder are read:
no link out of it, no pipe that would wait for ever.
"""

import os
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from sync.reference.refusals import DataUnreachable

_CHUNK: Final = 65_536


class FileMissing(Exception):
    """The source has no such file."""


class Source(Protocol):
    """Gives the files of a repository by their path in it (`metadata/…`, `targets/…`)."""

    @property
    def name(self) -> str:
        """What a person calls it: an address or a folder."""

    def stream(self, path: str) -> Iterator[bytes]:
        """The bytes of a file, in parts; FileMissing, DataUnreachable, DataSlow."""


class FolderSource:
    """A repository in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.name = str(folder)

    def stream(self, path: str) -> Iterator[bytes]:
        """The bytes of a file; FileMissing, DataUnreachable."""
        if not self._folder.is_dir():
            raise DataUnreachable("no such folder", source=self.name)
        try:
            with os.fdopen(self._opened(path), "rb") as file:
                while part := file.read(_CHUNK):
                    yield part
        except FileNotFoundError:
            raise FileMissing(path) from None
        except OSError as error:
            raise DataUnreachable("the medium does not read", source=self.name, file=path) from error

    def _opened(self, path: str) -> int:
        descriptor = os.open(self._folder / path, os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise FileNotFoundError(path)
        return descriptor
