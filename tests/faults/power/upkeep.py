"""What is recorded besides a day: keys exchanged, a damaged home rebuilt, a backup made and restored.

Rules: each upkeep works on a folder with the home in `home`, a stick in `stick`, and `new` as the place of another
machine. What is done is the product's own act; a mark says when a person is told that it is done. A fault is planted
from outside, as in `planted`: the product has no switch for any of them.
"""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import sync.backup.making as making_module
import sync.backup.restoring as restoring_module
import sync.crypto.exchanges as exchanges_module
import sync.crypto.slotfile as slotfile_module
import sync.durable as durable_module
import sync.repair as repair_module
import sync.rotation as rotation_module
import sync.store.encrypted as encrypted_module
import sync.store.exchange as exchange_module
from hardware import private_file
from hardware.emulator import EmulatedSource
from hardware.keystore import open_file_secret
from sync.backup import make_backup, restore_home
from sync.crypto.recovery import RecoveryCode
from sync.crypto.signing import SigningKey
from sync.home import exchange_device_secret, exchange_store_key, open_home
from sync.queue import Chains
from sync.repair import rebuild
from terminal.bootstrap import open_desk
from tests.faults.power.day import Day, Job
from tests.faults.power.insurer import Insurer
from tests.faults.power.planted import Say
from tests.tui.real_shop import PIN, USER

HOME, STICK, NEW = "home", "stick", "new"
PAPER: Final = RecoveryCode("0123456789ABCDEFGHJKMNPQ")
"""An invented code: the judge types it, as the person would from the paper."""
FIRST_BACKUP: Final = datetime(2026, 11, 22, 18, 0, tzinfo=UTC)
SECOND_BACKUP: Final = datetime(2026, 11, 23, 18, 0, tzinfo=UTC)
STORE_KEY, DEVICE_SECRET, REBUILD, BACKUP, RESTORE = "store_key", "device_secret", "rebuild", "backup", "restore"

Faulty = Callable[[], None]


def keep_up(job: Job, mark: Say) -> None:
    """Do the job's upkeep, with its fault planted."""
    if job.fault:
        FAULTS[job.fault][1]()
    _UPKEEP[job.upkeep](Path(job.home), job, mark)


def _store_key(root: Path, job: Job, mark: Say) -> None:
    with open_desk(root / HOME, cards := EmulatedSource()) as desk:
        cards.insert("simple")
        desk.vault.unlock(USER, PIN)
        exchange_store_key(desk.home)
        mark("done", act=STORE_KEY)
        signing = SigningKey.from_bytes(bytes.fromhex(job.insurer))
        Day(desk, mark, Insurer(signing, desk.home.signer)).register()


def _device_secret(root: Path, _job: Job, mark: Say) -> None:
    exchange_device_secret(root / HOME, open_file_secret)
    mark("done", act=DEVICE_SECRET)


def _rebuild(root: Path, _job: Job, mark: Say) -> None:
    rebuild(root / HOME, open_file_secret)
    mark("done", act=REBUILD)


def _backup(root: Path, _job: Job, mark: Say) -> None:
    with open_home(root / HOME, open_file_secret) as home:
        for made_at in (FIRST_BACKUP, SECOND_BACKUP):
            made = make_backup(home, root / STICK, made_at)
            mark("done", act=made.path.name)


def _restore(root: Path, _job: Job, mark: Say) -> None:
    backup = next((root / STICK).glob(f"*{making_module.SUFFIX}"))
    restore_home(backup, root / NEW, PAPER.opening(), SECOND_BACKUP, open_file_secret)
    mark("done", act=RESTORE)


_UPKEEP: Final[dict[str, Callable[[Path, Job, Say], None]]] = {
    STORE_KEY: _store_key,
    DEVICE_SECRET: _device_secret,
    REBUILD: _rebuild,
    BACKUP: _backup,
    RESTORE: _restore,
}


def copy_not_flushed() -> None:
    """The new encrypted file is written without a flush, and the old one is marked as left."""
    true_connect, true_attached = encrypted_module.connect, exchange_module._attached

    @contextmanager
    def attached(connection: Any, path: Path, key: bytes) -> Iterator[None]:
        with true_attached(connection, path, key):
            connection.execute("PRAGMA next.synchronous = OFF")
            yield

    def connect(path: Path, key: bytes) -> Any:
        return true_connect(path, key) if path.name == "store.db" else _never_flushing(path, key)

    _put(exchange_module, "_attached", attached)
    _put(exchange_module, "connect", connect)


def forgotten_before_it_is_marked() -> None:
    """The old encrypted file is removed before the commit that marks it as left."""
    true_move = exchange_module.move_content

    def move(old: Any, new: Any, step: Any) -> None:
        def stepping(reached: str) -> None:
            if reached == "mark":
                exchange_module.forget_file(old[0])
            step(reached)

        true_move(old, new, stepping)

    _put(rotation_module, "move_content", move)


def keyslots_after_the_file() -> None:
    """The old encrypted file is removed before the keyslots name the new one."""
    true_end = exchanges_module.end_store_key

    def end(keyslots: Path, device_secret: bytes, *, moved: bool) -> None:
        if moved:
            exchange_module.forget_file(rotation_module.store_path(keyslots.parent, 1))
        true_end(keyslots, device_secret, moved=moved)

    _put(rotation_module, "end_store_key", end)


def keyslots_not_flushed() -> None:
    """The keyslots are replaced without a flush."""

    def replace_file(path: Path, content: bytes) -> None:
        part = path.with_name(f".{path.name}.new")
        part.write_bytes(content)
        part.chmod(0o600)
        part.replace(path)

    _put(slotfile_module, "replace_file", replace_file)


def secret_placed_before_it_is_admitted() -> None:
    """The new device secret takes its name before the keyslots know it."""
    true_admit, waiting = exchanges_module.admit_device, list[tuple[Path, bytes, bytes]]()
    true_place = rotation_module._place_files

    def place(staging: Path, home: Path) -> set[str]:
        placed = true_place(staging, home)
        true_admit(*waiting.pop())
        return placed

    _put(rotation_module, "admit_device", lambda *given: waiting.append(given))
    _put(rotation_module, "_place_files", place)


def former_secret_dropped_first() -> None:
    """The keyslots forget the former device secret before the new one has its name."""
    true_place = rotation_module._place_files

    def place(staging: Path, home: Path) -> set[str]:
        exchanges_module.keep_device(home / "keyslots.json", (staging / "device.secret").read_bytes())
        return true_place(staging, home)

    _put(rotation_module, "_place_files", place)


def secret_not_flushed() -> None:
    """The file of the new device secret is not flushed before it takes its name."""
    _put(private_file, "os", _Os(fsync=lambda _descriptor: None))


def damaged_removed_first() -> None:
    """The damaged counterfoil is taken from the medium while what it still gives is in memory only."""
    true_rebuild = repair_module._rebuild_counterfoil

    def rebuild_counterfoil(path: Path, second: Path | None) -> tuple[bool, int]:
        content = path.read_bytes()
        path.unlink()
        durable_module.flush_folder(path.parent)
        path.write_bytes(content)
        return true_rebuild(path, second)

    _put(repair_module, "_rebuild_counterfoil", rebuild_counterfoil)


def damaged_kept_without_a_flush() -> None:
    """The copy of what is damaged is not flushed before the new file takes the name."""

    def replace_file(path: Path, content: bytes) -> None:
        path.write_bytes(content)

    _put(repair_module, "replace_file", replace_file)


def backup_not_flushed() -> None:
    """A backup takes its name without a flush of its content."""
    _put(making_module, "os", _Os(fsync=lambda _descriptor: None))


def older_backup_removed_first() -> None:
    """The older backup goes before the new one has its name."""
    true_read_back = making_module._read_back

    def read_back(path: Path, key: bytes, manifest: Any) -> None:
        for old in path.parent.parent.glob(f"*{making_module.SUFFIX}"):
            old.unlink()
        durable_module.flush_folder(path.parent.parent)
        true_read_back(path, key, manifest)

    _put(making_module, "_read_back", read_back)


def restored_before_it_asks() -> None:
    """The restored home takes its place before its insurers are in réconciliation."""
    true_stop, waiting = Chains.stop, list[tuple[Any, ...]]()

    def flush_folder(folder: Path) -> None:
        durable_module.flush_folder(folder)
        if (folder / NEW).exists():
            with open_home(folder / NEW, open_file_secret) as home:
                true_stop(home.outbox.chains, *waiting.pop(), allowed=True)

    _put(Chains, "stop", lambda _self, *given, **_named: waiting.append(given))
    _put(restoring_module, "flush_folder", flush_folder)


def restored_not_flushed() -> None:
    """What a backup brought takes its place without a flush."""
    _put(restoring_module, "write_flushed", os.write)


def _never_flushing(path: Path, key: bytes) -> Any:
    """A connection as the product makes it, but for its flushes."""
    settings = encrypted_module._SETTINGS
    others = (one for one in settings if not one.startswith("synchronous"))
    try:
        _put(encrypted_module, "_SETTINGS", ("synchronous = OFF", *others))
        return encrypted_module.connect(path, key)
    finally:
        _put(encrypted_module, "_SETTINGS", settings)


class _Os:
    """The module `os`, but for what is given."""

    def __init__(self, **instead: object) -> None:
        self.__dict__.update(vars(os) | instead)


def _put(owner: object, name: str, fault: object) -> None:
    """Put a fault in the place of what is called so."""
    setattr(owner, name, fault)


def _of(upkeep: str, faults: Sequence[Faulty]) -> dict[str, tuple[str, Faulty]]:
    return {fault.__name__: (upkeep, fault) for fault in faults}


FAULTS: Final[dict[str, tuple[str, Faulty]]] = (
    _of(STORE_KEY, (copy_not_flushed, forgotten_before_it_is_marked, keyslots_after_the_file, keyslots_not_flushed))
    | _of(DEVICE_SECRET, (secret_placed_before_it_is_admitted, former_secret_dropped_first, secret_not_flushed))
    | _of(REBUILD, (damaged_removed_first, damaged_kept_without_a_flush))
    | _of(BACKUP, (backup_not_flushed, older_backup_removed_first))
    | _of(RESTORE, (restored_before_it_asks, restored_not_flushed))
)
"""The faults, each with the upkeep it harms."""
UPKEEP: Final = tuple(_UPKEEP)
