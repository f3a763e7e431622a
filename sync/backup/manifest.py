"""What a backup says it holds: the manifest that precedes the files, inside the encryption.

Rules: each file with its length and digest, so that what is restored is what was copied; the keys of the device, so
that another machine can be the same terminal; figures to compare a rehearsal with. Nothing of it names a person.
"""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import BinaryIO, Final, Literal

import msgspec

from sync.contract.envelope import decode, encode
from sync.crypto.carrying import CarriedKeys
from sync.errors import BackupInvalid, ContractError

_LENGTH_BYTES: Final = 8
_READ: Final = 1 << 18
_MOST: Final = 1 << 24


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the manifest."""


class FileEntry(_Part, frozen=True, kw_only=True):
    """One file: its path below the home, length, SHA-256 (hex)."""

    name: str
    length: int
    sha256: str


class Figures(_Part, frozen=True, kw_only=True):
    """What can be counted in a home: claims by state, the last number and head to each insurer, enrolments.

    `counterfoil` is where it ends for this store: its length, and the digest of all before (hex).
    """

    states: dict[str, int]
    heads: dict[str, tuple[int, str]]
    counterfoil: tuple[int, str]
    insurers: int


class Manifest(_Part, frozen=True, kw_only=True):
    """The whole."""

    schema: Literal["comptoir/backup/v1"]
    made_at: str
    keys: CarriedKeys
    files: tuple[FileEntry, ...]
    figures: Figures


def entry_of(name: str, path: Path, length: int | None = None) -> FileEntry:
    """The entry of a file, or of its first `length` bytes."""
    found, read = hashlib.sha256(), 0
    with path.open("rb") as file:
        for part in parts_of(file, path.stat().st_size if length is None else length):
            found.update(part)
            read += len(part)
    return FileEntry(name=name, length=read, sha256=found.hexdigest())


def parts_of(file: BinaryIO, length: int) -> Iterator[bytes]:
    """The next `length` bytes of a file in parts; BackupInvalid when there are fewer."""
    while length:
        part = file.read(min(length, _READ))
        if not part:
            raise BackupInvalid("a file became shorter while it was copied", reason="damaged")
        length -= len(part)
        yield part


def manifest_bytes(manifest: Manifest) -> bytes:
    """The manifest with its length before it."""
    body = encode(manifest)
    return len(body).to_bytes(_LENGTH_BYTES, "big") + body


class Unpacker:
    """Reads the content of a backup: the manifest first, then each of its files."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""
        length = int.from_bytes(b"".join(self._take(_LENGTH_BYTES)), "big")
        if length > _MOST:
            raise BackupInvalid("the manifest is too long", reason="form")
        try:
            self.manifest = decode(b"".join(self._take(length)), Manifest)
        except (ContractError, UnicodeDecodeError) as error:
            raise BackupInvalid("the manifest is not of this version", reason="form") from error

    def unpack(self, target: Callable[[FileEntry], Callable[[bytes], object]]) -> None:
        """Give each file's bytes to what `target` returns for it; BackupInvalid unless all is as the manifest says."""
        for entry in self.manifest.files:
            write, found = target(entry), hashlib.sha256()
            for part in self._take(entry.length):
                found.update(part)
                write(part)
            if found.hexdigest() != entry.sha256:
                raise BackupInvalid("a file of the backup is not what was copied", reason="damaged")
        if self._rest or next(self._pieces, b""):
            raise BackupInvalid("the backup holds more than it says", reason="damaged")

    def _take(self, length: int) -> Iterator[bytes]:
        while length:
            if not self._rest:
                self._rest = next(self._pieces, b"")
                if not self._rest:
                    raise BackupInvalid("the backup ends too early", reason="damaged")
            part, self._rest = self._rest[:length], self._rest[length:]
            length -= len(part)
            yield part
