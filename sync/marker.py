"""`home.json`: what says that a folder is a home, and what its owner chose for it.

Rules: written last, so that a folder without it is no home; replaced whole. It names the provider of the device secret,
where the second copy of the counterfoil lies, and where the service puts a backup every day. No secret, no person.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from sync.contract.envelope import decode, encode
from sync.durable import replace_file
from sync.errors import BackupFolderInvalid, ContractError, HomeMissing

MARKER: Final = "home.json"


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the file."""


class BackupPlace(_Part, frozen=True, kw_only=True):
    """Where the service puts backups by itself.

    `other_medium`: the folder lay on another medium when it was chosen, so that without that medium there is no folder,
    only the place where it would be mounted. `settings`: files of the home, or folders, that go along.
    """

    folder: str
    other_medium: bool
    settings: tuple[str, ...] = ()


class Marker(_Part, frozen=True, kw_only=True):
    """The whole."""

    schema: Literal["comptoir/home/v1"]
    device_secret: str
    second_counterfoil: str | None = None
    backup: BackupPlace | None = None


def read_marker(path: Path) -> Marker:
    """What the home says of itself; HomeMissing (with `state`: absent or interrupted)."""
    try:
        return decode((path / MARKER).read_bytes(), Marker)
    except (OSError, ContractError, UnicodeDecodeError) as error:
        state = "interrupted" if (path / "keyslots.json").exists() else "absent"
        raise HomeMissing("there is no home in this folder", state=state) from error


def write_marker(path: Path, device_secret: str) -> None:
    """Name the provider of the device secret; what else was chosen stays."""
    known = read_marker(path) if (path / MARKER).exists() else None
    marker = Marker(schema="comptoir/home/v1", device_secret=device_secret)
    if known is not None:
        marker = msgspec.structs.replace(known, device_secret=device_secret)
    replace_file(path / MARKER, encode(marker))


def second_copy_of(path: Path) -> Path | None:
    """Where the second copy of the counterfoil lies, None where there is none; HomeMissing."""
    named = read_marker(path).second_counterfoil
    return None if named is None else Path(named)


def keep_second_copy(path: Path, second: Path | None) -> None:
    """Keep a second copy of the counterfoil in the file `second`, on another medium, from the next opening on."""
    named = None if second is None else str(second.absolute())
    replace_file(path / MARKER, encode(msgspec.structs.replace(read_marker(path), second_counterfoil=named)))


def backup_place_of(path: Path) -> BackupPlace | None:
    """Where the service puts backups, None where nowhere was chosen; HomeMissing."""
    return read_marker(path).backup


def keep_backup_place(
    path: Path, folder: Path | None, settings: Sequence[str] = (), *, unplugged: bool = False
) -> None:
    """Let the service put a backup into `folder` every day, or no more; BackupFolderInvalid, HomeMissing.

    `unplugged`: the folder may be missing, because it lies on another medium that is not there now.
    """
    marker = read_marker(path)
    place = None if folder is None else _place(path, folder, settings, unplugged=unplugged)
    replace_file(path / MARKER, encode(msgspec.structs.replace(marker, backup=place)))


def backup_folder(path: Path) -> Path | None:
    """The folder chosen for backups, if its medium is there now; None while it is not, or none was chosen."""
    place = backup_place_of(path)
    if place is None or not (folder := Path(place.folder)).is_dir():
        return None
    return folder if not place.other_medium or _on_other_medium(path, folder) else None


def require_outside(path: Path, folder: Path) -> None:
    """BackupFolderInvalid for a folder of the home itself: what is in it is lost with it."""
    if folder.resolve().is_relative_to(path.resolve()):
        raise BackupFolderInvalid("a backup in the home is lost with it", reason="inside")


def _place(path: Path, folder: Path, settings: Sequence[str], *, unplugged: bool) -> BackupPlace:
    chosen = folder.resolve()
    require_outside(path, chosen)
    if not (there := chosen.is_dir()) and not unplugged:
        raise BackupFolderInvalid("there is no such folder", reason="missing")
    other = _on_other_medium(path, chosen) if there else True
    return BackupPlace(folder=str(chosen), other_medium=other, settings=tuple(settings))


def _on_other_medium(path: Path, folder: Path) -> bool:
    return folder.stat().st_dev != path.stat().st_dev
