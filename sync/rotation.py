"""Exchanging the store's key and the device secret, so that a power cut at any step loses nothing and stops nobody.

Rules: every step leaves a home that opens, with the former or with the new key, and at no instant with neither. What
was begun is found again in the keyslots file: an exchange that had not come to its point of no return is taken back at
the next start, one that had is ended. The point of no return is one durable act: for the store, the commit that marks
the old file as left (`sync.store.exchange`); for the device secret, the name under which the provider finds it.
"""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Final

from sync.crypto.exchanges import admit_device, begin_store_key, end_store_key, keep_device
from sync.crypto.keyslots import DeviceKeys, open_device_keys
from sync.crypto.slotfile import glance
from sync.durable import flush_folder, medium_errors
from sync.errors import KeyslotsInvalid
from sync.providers import Provider
from sync.store.encrypted import Place
from sync.store.exchange import Step, forget_file, is_left, move_content

STAGING: Final = "rotation"
SECRETS: Final = "device.*"
"""What the providers call their files."""
_OWNER_FOLDER: Final = 0o700


def store_path(home: Path, generation: int) -> Path:
    """The encrypted file of this number."""
    return home / ("store.db" if generation == 1 else f"store-{generation}.db")


def whereabouts(keyslots: Path, device_secret: bytes, again: Callable[[], bytes]) -> Callable[[], Place]:
    """Tells where the encrypted file is that counts, for a process that found the one it had open left."""

    def whereto() -> Place:
        try:
            keys = open_device_keys(keyslots, device_secret)
        except KeyslotsInvalid:
            keys = open_device_keys(keyslots, again())
        place = _place(keyslots, keys)
        return _next_place(keyslots, keys) if keys.next_store_key and is_left(place) else place

    return whereto


def rotate_store(keyslots: Path, device_secret: bytes, step: Step) -> None:
    """Bring the store under a new key; called under the lock of exchanges. A failure changes nothing."""
    step("begin")
    begin_store_key(keyslots, device_secret)
    keys = open_device_keys(keyslots, device_secret)
    old, new = _place(keyslots, keys), _next_place(keyslots, keys)
    try:
        move_content(old, new, step)
    except Exception:
        settle_store(keyslots, device_secret)
        raise
    step("end")
    end_store_key(keyslots, device_secret, moved=True)
    step("forget")
    forget_file(old[0])


def is_unsettled(home: Path) -> bool:
    """Whether an exchange is under way, or was cut short; looked at without a key."""
    file = glance(home / "keyslots.json")
    beside = [store_path(home, file.generation + step) for step in (-1, 1) if file.generation + step > 0]
    exchanging = len(file.devices) > 1 or any(part.next_store for part in file.devices)
    return exchanging or (home / STAGING).exists() or any(path.exists() for path in beside)


def settle_store(keyslots: Path, device_secret: bytes) -> None:
    """End or take back an exchange of the store's key that was cut short, and forget the file that does not count.

    Nothing is forgotten unless the file that counts is there.
    """
    keys = open_device_keys(keyslots, device_secret)
    if not _place(keyslots, keys)[0].exists():
        return
    if keys.next_store_key is not None:
        moved = is_left(_place(keyslots, keys))
        if not moved:  # first, because the medium may be full of it
            forget_file(_next_place(keyslots, keys)[0])
        end_store_key(keyslots, device_secret, moved=moved)
        keys = open_device_keys(keyslots, device_secret)
    for generation in (keys.generation - 1, keys.generation + 1):
        if generation > 0:
            forget_file(store_path(keyslots.parent, generation))


def rotate_device(
    home: Path, former: bytes, provider: Provider, name_it: Callable[[Path, str], None], step: Step
) -> str:
    """Put a new device secret of this provider under the keys; called under the lock of exchanges."""
    staging = home / STAGING
    keyslots = home / "keyslots.json"
    _clear(staging)
    with medium_errors():
        staging.mkdir(mode=_OWNER_FOLDER)
    step("make")
    made = provider(staging, create=True)
    secret = made.secret()
    step("admit")
    admit_device(keyslots, former, secret)
    step("place")
    placed = _place_files(staging, home)
    step("name")
    name_it(home, made.name)
    step("check")
    if provider(home, create=False).secret() != secret:
        raise KeyslotsInvalid("the new device secret is not there")
    open_device_keys(keyslots, secret)
    step("keep")
    keep_device(keyslots, secret)
    step("forget")
    _forget_others(home, placed)
    _clear(staging)
    return made.name


def settle_device(home: Path, device_secret: bytes) -> None:
    """Keep the device secret that the home names now, whichever it is, as the only one."""
    keyslots = home / "keyslots.json"
    if open_device_keys(keyslots, device_secret).devices > 1:
        keep_device(keyslots, device_secret)
    _clear(home / STAGING)


def _place(keyslots: Path, keys: DeviceKeys) -> Place:
    return store_path(keyslots.parent, keys.generation), keys.store_key


def _next_place(keyslots: Path, keys: DeviceKeys) -> Place:
    if keys.next_store_key is None:
        raise KeyslotsInvalid("there is no key for the next encrypted file")
    return store_path(keyslots.parent, keys.generation + 1), keys.next_store_key


def _place_files(staging: Path, home: Path) -> set[str]:
    """The provider's file takes its name in the home: for the provider in use, this is the exchange."""
    with medium_errors():
        placed = {file.replace(home / file.name).name for file in sorted(staging.glob(SECRETS))}
        flush_folder(home)
    return placed


def _forget_others(home: Path, placed: set[str]) -> None:
    with medium_errors():
        for file in home.glob(SECRETS):
            if file.name not in placed:
                file.unlink()
        flush_folder(home)


def _clear(staging: Path) -> None:
    if staging.exists():
        with medium_errors():
            shutil.rmtree(staging)
            flush_folder(staging.parent)
