"""Restoring a home on a blank machine: from one file and the paper code to a terminal that asks before it numbers.

Rules: the home is built beside its place and takes it whole, so that an interrupted restore leaves nothing and can be
run again; where its place takes no other folder's name (a mount point, a parent of root's), it is built inside and
moves up, what makes it a home last. The machine gets a device secret of its own. Before the home exists, every insurer
is in réconciliation: nothing is numbered until it confirmed where the chain stands (`sync.settling`). The terminal
keeps its device key, so insurers know it; a lost or stolen predecessor has the same, so it has to be reported to them.
"""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, Final

from sync.backup.form import content_key, read_pieces, skip_to_pieces
from sync.backup.manifest import FileEntry, Manifest, Unpacker
from sync.crypto.carrying import bind_to
from sync.crypto.sealing import OpeningKey
from sync.durable import OWNER_ONLY, flush_folder, medium_errors, write_flushed
from sync.errors import BackupInvalid, BackupUnreadable, HomeExists
from sync.home import OpenHome, home_from
from sync.marker import MARKER
from sync.providers import Provider
from sync.queue.standing import RESTORED

_OWNER_FOLDER: Final = 0o700
_INSIDE: Final = ".restoring"

Key = OpeningKey | bytes
"""What opens a backup: the paper code's key, or the content key of one that was just made."""


@dataclass(frozen=True)
class Restored:
    """What came back: when the backup was made, how many claims, which insurers have to confirm, what was repaired."""

    made_at: str
    claims: int
    insurers: tuple[str, ...]
    checks_ok: bool


def restore_home(backup: Path, path: Path, key: Key, now: datetime, provider: str | Provider = "file") -> Restored:
    """Make the home `path` of a backup file.

    HomeExists: something is there. BackupInvalid; MediumFailed, DiskFull, the provider's errors: there is no home.
    """
    inside = path.is_dir() and (path.is_mount() or not os.access(path.parent, os.W_OK))
    if inside:
        _forget_interrupted(path)
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise HomeExists("there is something in this folder already")
    with medium_errors():
        path.parent.mkdir(parents=True, exist_ok=True)
    aside = path / _INSIDE if inside else path.with_name(f".{path.name}.restoring")
    with built_home(backup, aside, key, now, provider) as (home, manifest):
        checks = home.check()
        insurers = tuple(one.insurer for one in home.outbox.chains.reconciling())
        home.close()
        with medium_errors():
            if inside:
                move_up(home.path, path)
            else:
                home.path.replace(path)
                flush_folder(path.parent)
    claims = sum(manifest.figures.states.values())
    return Restored(manifest.made_at, claims, insurers, all(line.ok for line in checks))


def move_up(aside: Path, path: Path) -> None:
    """Give `path`, an empty folder, all that is in `aside` below it; OSError: it is empty again.

    A cut leaves `aside` and no home, which the next restore removes, or the home.
    """
    names = sorted((entry.name for entry in aside.iterdir()), key=lambda name: name == MARKER)
    flush_folder(aside)
    try:
        for name in names:
            if name == MARKER:
                flush_folder(path)
            (aside / name).replace(path / name)
        flush_folder(path)
    except OSError:
        for name in reversed(names):
            _remove(path / name)
        raise


def _forget_interrupted(path: Path) -> None:
    """Remove what a restore that was cut short left: as long as its folder is there and no home, all is its own."""
    if not (path / _INSIDE).is_dir() or (path / MARKER).exists():
        return
    with medium_errors():
        for entry in sorted(path.iterdir(), key=lambda entry: entry.name == _INSIDE):
            _remove(entry)


def _remove(entry: Path) -> None:
    if entry.is_dir():
        shutil.rmtree(entry)
    else:
        entry.unlink(missing_ok=True)


@contextmanager
def built_home(
    backup: Path, aside: Path, key: Key, now: datetime, provider: str | Provider
) -> Iterator[tuple[OpenHome, Manifest]]:
    """The home of a backup in the folder `aside`, open; whatever is still there at the end is removed."""
    shutil.rmtree(aside, ignore_errors=True)
    try:
        with medium_errors():
            aside.mkdir(mode=_OWNER_FOLDER)
            manifest = _unpacked(backup, aside, key)
        home = home_from(aside, lambda slots, secret: bind_to(slots, manifest.keys, secret), provider)
        with home:
            home.outbox.reconcile()
            home.outbox.chains.stop([one.amc for one in home.insurers.all()], RESTORED, now, allowed=True)
            yield home, manifest
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _unpacked(backup: Path, folder: Path, key: Key) -> Manifest:
    with _readable(backup) as file:
        found = Unpacker(read_pieces(file, _content_key(file, key)))
        with _writers(folder) as target:
            found.unpack(target)
    flush_folder(folder)
    return found.manifest


def _readable(backup: Path) -> BinaryIO:
    try:
        return backup.open("rb")
    except OSError as error:
        raise BackupUnreadable("the backup cannot be read") from error


def _content_key(file: BinaryIO, key: Key) -> bytes:
    if isinstance(key, OpeningKey):
        return content_key(file, key)
    skip_to_pieces(file)
    return key


@contextmanager
def _writers(folder: Path) -> Iterator[Callable[[FileEntry], Callable[[bytes], object]]]:
    """Where each file goes: below the folder, new, private, flushed at the end."""
    made: list[int] = []

    def target(entry: FileEntry) -> Callable[[bytes], object]:
        place = folder / entry.name
        if not place.resolve().is_relative_to(folder.resolve()):
            raise BackupInvalid("a file of the backup would lie elsewhere", reason="form")
        place.parent.mkdir(mode=_OWNER_FOLDER, parents=True, exist_ok=True)
        descriptor = os.open(place, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
        made.append(descriptor)
        return lambda part: write_flushed(descriptor, part)

    try:
        yield target
    finally:
        for descriptor in made:
            os.close(descriptor)
