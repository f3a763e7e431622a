"""Bringing a damaged home back to work: each of store and counterfoil is made again from what both of them still give.

Rules: nobody else works on the home meanwhile; what is damaged is set aside, never deleted, and every replacement is
complete and flushed before it takes the name, so that a power cut in the middle is put right by doing it again. What
comes back only from the counterfoil is blocked for a person to look at, because its dossier is gone; what both have
lost cannot be named here, but the insurers can (`GET /v1/state` names missing numbers).
"""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Final

from sync.durable import flush_folder, medium_errors, replace_file
from sync.errors import CounterfoilCorrupt
from sync.home import device_keys, home_lock, open_home
from sync.marker import second_copy_of
from sync.providers import Provider
from sync.queue import Counterfoil, Frame
from sync.queue import salvage as salvage_frames
from sync.rotation import store_path
from sync.store import is_whole, remove_store, salvage

_COUNTERFOIL: Final = "counterfoil.log"


@dataclass(frozen=True)
class Rebuilt:
    """What was done.

    `store` and `counterfoil`: whether each was made anew; `incomplete`: tables of the store that lost rows (`*`: all);
    `lost_bytes` of the counterfoil belong to no readable entry; `recovered` claims came from the counterfoil (blocked),
    `repaired` ones were written to it again from the store.
    """

    store: bool
    counterfoil: bool
    incomplete: tuple[str, ...]
    lost_bytes: int
    recovered: tuple[str, ...]
    repaired: tuple[str, ...]


def rebuild(path: Path, provider: str | Provider | None = None) -> Rebuilt:
    """Make the home whole again, as far as store, counterfoil and its second copy allow.

    HomeMissing, HomeInUse, KeyslotsInvalid, the provider's own errors, DiskFull, MediumFailed.
    """
    with ExitStack() as alone:
        for name in ("counter", "sync"):
            alone.enter_context(home_lock(path, name))
        keys = device_keys(path, provider)
        store, incomplete = _rebuild_store(store_path(path, keys.generation), keys.store_key)
        counterfoil, lost_bytes = _rebuild_counterfoil(path / _COUNTERFOIL, second_copy_of(path))
        with open_home(path, provider) as home:
            found = home.outbox.reconcile(wholly=store or counterfoil)
    return Rebuilt(store, counterfoil, incomplete, lost_bytes, found.recovered, found.repaired)


def _rebuild_store(path: Path, key: bytes) -> tuple[bool, tuple[str, ...]]:
    """Whether the store had to be made anew, and the tables that lost rows."""
    if is_whole(path, key):
        return False, ()
    new = path.with_name(f".{path.name}.new")
    remove_store(new)
    incomplete = salvage(path, key, new)
    _set_aside(path, ("", "-wal"))
    _take_place(new, path)
    return True, incomplete


def _rebuild_counterfoil(path: Path, second: Path | None) -> tuple[bool, int]:
    """Whether the counterfoil had to be made anew, and the bytes of it that say nothing any more."""
    try:
        Counterfoil.open(path, second).close()
    except CounterfoilCorrupt:
        with medium_errors():
            frames, lost = salvage_frames(path.read_bytes())
        _write_counterfoil(path, frames)
        return True, lost
    return False, 0


def _write_counterfoil(path: Path, frames: list[Frame]) -> None:
    new = path.with_name(f".{path.name}.new")
    with medium_errors():
        new.unlink(missing_ok=True)
    counterfoil = Counterfoil.open(new)
    try:
        if frames:
            counterfoil.append(frames)
    finally:
        counterfoil.close()
    _set_aside(path, ("",))
    _take_place(new, path)


def _set_aside(path: Path, endings: tuple[str, ...]) -> None:
    """Keep the file, and what belongs to it, under the first free name `NAME.damaged-N`; then drop what belongs to it.

    The file itself stays until another takes its name. A log that were left behind would be taken into the new file.
    """
    aside = next(name for name in _asides(path) if not name.exists())
    with medium_errors():
        for ending in reversed(endings):
            if (old := path.with_name(path.name + ending)).exists():
                replace_file(aside.with_name(aside.name + ending), old.read_bytes())
        for ending in ("-wal", "-shm"):
            path.with_name(path.name + ending).unlink(missing_ok=True)
        flush_folder(path.parent)


def _asides(path: Path) -> Iterator[Path]:
    return (path.with_name(f"{path.name}.damaged-{number}") for number in count(1))


def _take_place(new: Path, path: Path) -> None:
    with medium_errors():
        new.replace(path)
        flush_folder(path.parent)
