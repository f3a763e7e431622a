"""Making a backup: a consistent copy of a home that runs, in one encrypted file, read back before it counts.

Rules: the store is copied by `VACUUM INTO` (one snapshot, still encrypted), the counterfoil up to the place that this
very copy follows, so that both tell one story whatever the counter does meanwhile. The device secret stays behind. The
file is written beside its place, flushed, read back from the medium and compared, and only then takes its name; older
ones go after that, all but the newest `KEPT`. A name holds a time and the terminal's key id, never a person.
"""

import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from sync.backup.figures import figures_of
from sync.backup.form import new_content_key, read_pieces, skip_to_pieces, write_pieces
from sync.backup.manifest import FileEntry, Manifest, Unpacker, entry_of, manifest_bytes, parts_of
from sync.crypto.carrying import CarriedKeys, carried_keys
from sync.crypto.keyslots import recovery_public
from sync.durable import OWNER_ONLY, flush_folder, medium_errors
from sync.errors import BackupInvalid
from sync.home import ROTATION, OpenHome, home_lock
from sync.store import Store

KEPT: Final = 10
SUFFIX: Final = ".comptoir"
_PART: Final = ".part"
_KID_SHOWN: Final = 8


@dataclass(frozen=True)
class Backup:
    """A backup that was read back: where it lies, its length, when it was made, what was removed for it.

    `key` opens it for a rehearsal right after; it is stored nowhere but sealed, in the file itself.
    """

    path: Path
    length: int
    made_at: datetime
    claims: int
    removed: tuple[str, ...]
    key: bytes

    def __repr__(self) -> str:
        """Not the key."""
        return f"Backup({str(self.path)!r})"


def make_backup(home: OpenHome, folder: Path, now: datetime, settings: Sequence[str] = ()) -> Backup:
    """Back up a home into `folder`; `settings` are files of the home that go along where they exist.

    HomeInUse: keys are being exchanged.
    RecoveryMissing: no paper code was made yet. BackupInvalid: what was read back differs. DiskFull, MediumFailed,
    StoreError: there is no new backup, and the older ones are as they were.
    """
    recipient = recovery_public(home.keyslots, home.ask_device_secret())
    place = folder / _name(home, now)
    with medium_errors(), home_lock(home.path, ROTATION):
        keys = carried_keys(home.keyslots, home.ask_device_secret())
        folder.mkdir(parents=True, exist_ok=True)
        _forget_parts(folder)
        with tempfile.TemporaryDirectory(dir=folder, prefix=_PART) as aside:
            manifest, sources = _copied(home, Path(aside), keys, now, settings)
            part, key = Path(aside, place.name), new_content_key()
            with open(part, "xb", opener=_private) as file:
                write_pieces(file, recipient, key, _content(manifest, sources))
                file.flush()
                os.fsync(file.fileno())
                os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            _read_back(part, key, manifest)
            part.replace(place)
        flush_folder(folder)
        removed = _prune(folder, home)
    claims = sum(manifest.figures.states.values())
    return Backup(place, place.stat().st_size, now, claims, removed, key)


def _name(home: OpenHome, now: datetime) -> str:
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{home.signer.kid[:_KID_SHOWN]}{SUFFIX}"


def _private(path: str, flags: int) -> int:
    return os.open(path, flags, OWNER_ONLY)


def _forget_parts(folder: Path) -> None:
    """What a power cut left of an earlier try; it was never a backup."""
    for left in folder.glob(f"{_PART}*"):
        for path in left.glob("*"):
            path.unlink()
        left.rmdir()


def _copied(
    home: OpenHome, aside: Path, keys: CarriedKeys, now: datetime, settings: Sequence[str]
) -> tuple[Manifest, list[Path]]:
    """The manifest, and where each of its files is to be read."""
    copy = aside / home.store.path.name
    home.store.copy_into(copy)
    with closing(Store.open(copy, keys.store, create=False)) as store:
        figures = figures_of(store)
    named = [name for name in settings if (home.path / name).is_file()]
    files = [
        entry_of(copy.name, copy),
        entry_of(home.counterfoil.path.name, home.counterfoil.path, figures.counterfoil[0]),
        *(entry_of(name, home.path / name) for name in (home.keyslots.name, *named)),
    ]
    sources = [copy, home.counterfoil.path, home.keyslots, *(home.path / name for name in named)]
    made_at = f"{now.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
    about = Manifest(schema="comptoir/backup/v1", made_at=made_at, keys=keys, files=tuple(files), figures=figures)
    return about, sources


def _content(manifest: Manifest, sources: Sequence[Path]) -> Iterator[bytes]:
    yield manifest_bytes(manifest)
    for entry, source in zip(manifest.files, sources, strict=True):
        with source.open("rb") as file:
            yield from parts_of(file, entry.length)


def _read_back(path: Path, key: bytes, manifest: Manifest) -> None:
    """BackupInvalid unless the medium gives back a whole backup with these very files."""
    with path.open("rb") as file:
        skip_to_pieces(file)
        found = Unpacker(read_pieces(file, key))
        if found.manifest != manifest:
            raise BackupInvalid("the medium kept another manifest", reason="damaged")
        found.unpack(_nowhere)


def _nowhere(_entry: FileEntry) -> Callable[[bytes], object]:
    return len


def _prune(folder: Path, home: OpenHome) -> tuple[str, ...]:
    """Remove this terminal's backups but the newest KEPT; others' are not touched."""
    own = re.compile(rf"[0-9]{{8}}T[0-9]{{6}}Z-{re.escape(home.signer.kid[:_KID_SHOWN])}{re.escape(SUFFIX)}")
    found = sorted(path for path in folder.iterdir() if own.fullmatch(path.name))
    for path in found[:-KEPT]:
        path.unlink()
    return tuple(path.name for path in found[:-KEPT])
