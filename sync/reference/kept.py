"""What a terminal keeps of reference data: whose signatures count, what was verified, and the last good set.

    reference/root.json        whose signatures count, put in place once by a person
    reference/trusted.json     the metadata verified so far, which is what newer ones are judged by; replaced whole
    reference/current.json     the last good set: versions, dates, and the digest of each file; replaced whole
    reference/files/<sha256>   the files of that set
    reference/source           where the service looks by itself, if anywhere
    reference/accepted.json    the files of sets that a person put in force: name and digest

Rules: a file is durable before the set names it, so an interrupted update changes nothing; a file is believed by its
digest when it is read, not only when it came; no expiry stops the use of the last good set: its age is said instead.
Kept metadata that are damaged end updates, because without them an older repository would pass.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Final, Literal

import msgspec

from sync.durable import folder_lock, medium_errors, replace_file
from sync.reference.refusals import DataDamaged, DataRootMissing

FOLDER: Final = "reference"
_OWNER_FOLDER: Final = 0o700


class KeptFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of the set."""

    sha256: str
    length: int


class GoodSet(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The last set that was verified wholly.

    `checked_at`: when a repository last confirmed it, by the terminal's clock; `expires`: until when that word was to
    hold; `taken_at`: when these files came; `versions` of the roles.
    """

    schema: Literal["comptoir/reference/v1"]
    checked_at: datetime
    taken_at: datetime
    expires: datetime
    source: str
    versions: dict[str, int]
    files: dict[str, KeptFile]


class _Trusted(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    schema: Literal["comptoir/reference-trusted/v1"]
    files: dict[str, bytes]


class Reference:
    """The reference data of the home `home`."""

    def __init__(self, home: Path) -> None:
        self.folder = home / FOLDER

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Be the only one that updates or replaces."""
        self._make()
        with folder_lock(self.folder):
            yield

    def root(self) -> bytes:
        """The root that was put in place; DataRootMissing."""
        try:
            return self._root.read_bytes()
        except OSError as error:
            raise DataRootMissing("no root is in place") from error

    @property
    def has_root(self) -> bool:
        """Whether a root is in place."""
        return self._root.is_file()

    def put_root(self, root: bytes, source: str | None) -> None:
        """Put a root in place, and the address to look at; what was verified under another root counts no more."""
        self._make()
        with self.alone():
            same = self.has_root and self.root() == root
            if not same:
                with medium_errors():
                    self._trusted.unlink(missing_ok=True)
            replace_file(self._root, root)
            if source is not None:
                replace_file(self.folder / "source", source.encode())

    def source(self) -> str | None:
        """The address or folder to look at, None where none was named."""
        with suppress(OSError, UnicodeDecodeError):
            return (self.folder / "source").read_bytes()[:2000].decode().strip() or None
        return None

    def trusted(self) -> Mapping[str, bytes]:
        """The metadata verified so far, by file name; empty before the first update. DataDamaged."""
        try:
            return msgspec.json.decode(self._trusted.read_bytes(), type=_Trusted).files
        except FileNotFoundError:
            return {}
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DataDamaged("the verified metadata cannot be read", file=self._trusted.name) from error

    def keep_trusted(self, files: Mapping[str, bytes]) -> None:
        """Keep what was verified, whether the update as a whole succeeded or not."""
        if files and files != self._known():
            kept = _Trusted(schema="comptoir/reference-trusted/v1", files=dict(sorted(files.items())))
            replace_file(self._trusted, msgspec.json.encode(kept))

    def current(self) -> GoodSet | None:
        """The last good set, None before the first; DataDamaged."""
        try:
            return msgspec.json.decode((self.folder / "current.json").read_bytes(), type=GoodSet)
        except FileNotFoundError:
            return None
        except (OSError, msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise DataDamaged("the record of the last good set cannot be read", file="current.json") from error

    def keep(self, good: GoodSet, contents: Mapping[str, bytes]) -> None:
        """Keep a set whose files, by name, were verified; files of the set before are removed afterwards."""
        self._make()
        for name, content in contents.items():
            replace_file(self._path(good.files[name]), content)
        replace_file(self.folder / "current.json", msgspec.json.format(msgspec.json.encode(good), indent=1) + b"\n")
        wanted = {kept.sha256 for kept in good.files.values()}
        for path in self._files.iterdir():
            if path.name not in wanted:
                with suppress(OSError):
                    path.unlink()

    def content(self, kept: KeptFile) -> bytes:
        """The bytes of a file of the set; DataDamaged when they are not those any more."""
        try:
            content = self._path(kept).read_bytes()
        except OSError as error:
            raise DataDamaged("a file of the last good set cannot be read", file=kept.sha256) from error
        if len(content) != kept.length or hashlib.sha256(content).hexdigest() != kept.sha256:
            raise DataDamaged("a file of the last good set is another one", file=kept.sha256)
        return content

    def holds(self, kept: KeptFile) -> bool:
        """Whether this very file is here already."""
        with suppress(DataDamaged):
            self.content(kept)
            return True
        return False

    def path_of(self, kept: KeptFile) -> Path:
        """Where a file of the set lies; its content is to be checked by `content`."""
        return self._path(kept)

    def accepted(self) -> Mapping[str, str]:
        """The digest of each file that was put in force last, by name."""
        with suppress(OSError, msgspec.MsgspecError, UnicodeDecodeError):
            return msgspec.json.decode(self._accepted.read_bytes(), type=dict[str, str])
        return {}

    def accept(self, name: str, kept: KeptFile) -> None:
        """Note that this file was put in force."""
        with self.alone():
            noted = {**self.accepted(), name: kept.sha256}
            replace_file(self._accepted, msgspec.json.format(msgspec.json.encode(noted), indent=1) + b"\n")

    @property
    def _accepted(self) -> Path:
        return self.folder / "accepted.json"

    @property
    def _root(self) -> Path:
        return self.folder / "root.json"

    @property
    def _trusted(self) -> Path:
        return self.folder / "trusted.json"

    @property
    def _files(self) -> Path:
        return self.folder / "files"

    def _path(self, kept: KeptFile) -> Path:
        return self._files / kept.sha256

    def _known(self) -> Mapping[str, bytes]:
        with suppress(DataDamaged):
            return self.trusted()
        return {}

    def _make(self) -> None:
        with medium_errors():
            self._files.mkdir(mode=_OWNER_FOLDER, parents=True, exist_ok=True)
            self.folder.chmod(_OWNER_FOLDER)
