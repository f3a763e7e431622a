"""The home: one folder with all that a terminal keeps.

    home.json        written last: a folder without it is no home, or one whose creation was interrupted
    keyslots.json    wrapped keys          store.db         the encrypted file (and its -wal, -shm)
    counterfoil.log  the souche            locks/           one file for each kind of process
    reserve          room kept for a full medium               sync.status      what the service last said of itself
    witnesses.json   the shop's own witnesses of insurers' logs, if it names any
    hosts            whom this terminal calls (`sync.calls`)
    (config.json and device.secret belong to the terminal and to the file provider of device secrets)

Rules: creation that was interrupted leaves nothing that anybody relied on, so it can simply be run again; a folder
whose counterfoil has entries is never begun anew. The device secret comes from the provider named in home.json, found
through the entry points of the group `comptoir.device_secret`. The folder is 0700. An exchange of keys that was cut
short is ended or taken back when the home is opened (`sync.rotation`). After an exchange of the store's key the
encrypted file is `store-2.db`, and so on: a new file never lies beside the write-ahead log of another.
"""

import fcntl
import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from sync.clock import Clock, Unguarded, clock_of
from sync.crypto.keyslots import DeviceKeys, create_keyslots, open_device_keys
from sync.crypto.signing import SigningKey
from sync.durable import OWNER_ONLY, flush_folder, medium_errors
from sync.errors import (
    DeviceSecretUnknown,
    DiskFull,
    HomeExists,
    HomeInUse,
    HomeMissing,
    KeyslotsInvalid,
    MediumFailed,
    StoreCorrupt,
)
from sync.inbox import Inbox
from sync.insurers import InsurerBook
from sync.logbook import LogBook
from sync.logwatch import LogWatch, own_quorum
from sync.marker import MARKER, read_marker, second_copy_of, write_marker
from sync.plugged import plugged
from sync.providers import DeviceSecret, Provider
from sync.queue import Counterfoil, Outbox
from sync.receipts import last_signed_time
from sync.rotation import (
    is_unsettled,
    rotate_device,
    rotate_store,
    settle_device,
    settle_store,
    store_path,
    whereabouts,
)
from sync.store import CheckLine, Store
from sync.store.exchange import Step, forget_file

ENTRY_POINTS: Final = "comptoir.device_secret"
_KEYSLOTS: Final = "keyslots.json"
_COUNTERFOIL: Final = "counterfoil.log"
_LOCKS: Final = "locks"
ROTATION: Final = "rotation"
_OWNER_FOLDER: Final = 0o700


@dataclass(frozen=True)
class OpenHome:
    """An open home.

    `tls_key` is a P-256 scalar; `device_secret` is needed to open a person's slot in `keyslots`.
    """

    path: Path
    store: Store = field(repr=False)
    counterfoil: Counterfoil = field(repr=False)
    outbox: Outbox = field(repr=False)
    logs: LogWatch = field(repr=False)
    insurers: InsurerBook = field(repr=False)
    inbox: Inbox = field(repr=False)
    signer: SigningKey
    tls_key: bytes = field(repr=False)
    device_secret: bytes = field(repr=False)
    device_secret_name: str
    device_secret_weak: bool
    ask_device_secret: Callable[[], bytes] = field(repr=False)
    """Asks the provider again: the secret may have been exchanged meanwhile."""
    clock: Clock = field(default_factory=Unguarded, repr=False)

    @property
    def keyslots(self) -> Path:
        """The keyslots file."""
        return self.path / _KEYSLOTS

    def check(self) -> tuple[CheckLine, ...]:
        """All checks at start, in the order of design §6: file, chain, counterfoil."""
        return self.store.check() + self.outbox.check(self.signer.public)

    def close(self) -> None:
        """Close the files."""
        self.store.close()
        self.counterfoil.close()

    def __enter__(self) -> "OpenHome":
        return self

    def __exit__(self, *raised: object) -> None:
        self.close()


def create_home(path: Path, provider: str | Provider = "file") -> OpenHome:
    """Make a new home and open it.

    HomeExists: there is one, or data that would be overwritten. DeviceSecretUnknown, and the provider's own errors;
    StoreError.
    """
    with medium_errors():
        path.mkdir(mode=_OWNER_FOLDER, parents=True, exist_ok=True)
        (path / _LOCKS).mkdir(mode=_OWNER_FOLDER, exist_ok=True)
    with home_lock(path, "creation"):
        _clear_interrupted(path)
        device_secret = _provider(provider)(path, create=True)
        keys = create_keyslots(path / _KEYSLOTS, device_secret.secret())
        opened = _open_parts(path, keys, device_secret, create=True, provider=provider)
        opened.store.reserve.make()
        write_marker(path, device_secret.name)
        with medium_errors():
            flush_folder(path.parent)
    return opened


def may_begin(path: Path) -> bool:
    """Whether there is neither a home in this folder nor what is left of one that somebody relied on."""
    return not (path / MARKER).exists() and not _has_entries(path / _COUNTERFOIL)


def home_from(path: Path, bind: Callable[[Path, bytes], DeviceKeys], provider: str | Provider = "file") -> OpenHome:
    """The home of files that a backup brought into `path`, open.

    `bind` puts the device keys under the new device secret that it is given. DeviceSecretUnknown, the provider's own
    errors, KeyslotsInvalid, StoreError.
    """
    with medium_errors():
        (path / _LOCKS).mkdir(mode=_OWNER_FOLDER, exist_ok=True)
    device_secret = _provider(provider)(path, create=True)
    keys = bind(path / _KEYSLOTS, device_secret.secret())
    opened = _open_parts(path, keys, device_secret, create=False, provider=provider)
    opened.store.reserve.make()
    write_marker(path, device_secret.name)
    return opened


def open_home(path: Path, provider: str | Provider | None = None) -> OpenHome:
    """Open a home; `provider` stands in for the one it names.

    HomeMissing (with `state`: absent or interrupted), DeviceSecretUnknown and the provider's own errors,
    KeyslotsInvalid, StoreCorrupt, StoreTooOld, CounterfoilCorrupt. Keys that were exchanged while they were read are
    read again.
    """
    read_marker(path)
    read = _content(path / _KEYSLOTS)
    try:
        return _with_reserve(_open(path, provider))
    except (KeyslotsInvalid, StoreCorrupt):
        if _content(path / _KEYSLOTS) == read:
            raise
        return _with_reserve(_open(path, provider))


def _with_reserve(opened: OpenHome) -> OpenHome:
    """The same, its reserve made again if there is room, or for the first time in a home that had none."""
    reserve = opened.store.reserve
    with suppress(DiskFull, MediumFailed):
        if reserve.kept:
            reserve.restore()
        else:
            reserve.make()
    return opened


def _open(path: Path, provider: str | Provider | None) -> OpenHome:
    device_secret = device_secret_of(path, provider)
    if is_unsettled(path):
        with suppress(HomeInUse), home_lock(path, ROTATION):
            _settle(path, provider)
        device_secret = device_secret_of(path, provider)
    keys = open_device_keys(path / _KEYSLOTS, device_secret.secret())
    return _open_parts(path, keys, device_secret, create=False, provider=provider, second=second_copy_of(path))


def device_secret_of(path: Path, provider: str | Provider | None = None) -> DeviceSecret:
    """The device secret that a home names, or that `provider` gives in its stead; HomeMissing, DeviceSecretUnknown."""
    named = read_marker(path).device_secret
    return _provider(provider or named)(path, create=False)


def exchange_store_key(home: OpenHome, step: Step = lambda _: None) -> None:
    """Bring the encrypted file under a new key while everybody works on.

    HomeInUse: another exchange runs. DiskFull, StoreBusy, StoreCorrupt: the former key counts as before.
    """
    with home_lock(home.path, ROTATION):
        rotate_store(home.keyslots, home.ask_device_secret(), step)
        with home.store.read():
            pass  # this process follows at once


def exchange_device_secret(path: Path, provider: str | Provider | None = None, step: Step = lambda _: None) -> str:
    """Put another device secret under the keys, of the same provider or of `provider`; its name.

    Everybody keeps their PIN, and whoever has the home open goes on. HomeInUse: another exchange runs;
    DeviceSecretUnknown and the provider's own errors: the former secret counts as before.
    """
    with home_lock(path, ROTATION):
        former = device_secret_of(path)
        chosen = _provider(provider or former.name)
        return rotate_device(path, former.secret(), chosen, write_marker, step)


def device_keys(path: Path, provider: str | Provider | None = None) -> DeviceKeys:
    """The keys under the device secret, for whoever repairs what `open_home` cannot open; errors as `open_home`."""
    return open_device_keys(path / _KEYSLOTS, device_secret_of(path, provider).secret())


@contextmanager
def home_lock(path: Path, name: str) -> Iterator[None]:
    """Be the only process of the kind `name` (counter, sync…) on this home; HomeInUse. A killed holder lets go."""
    if not (path / _LOCKS).is_dir():
        raise HomeMissing("there is no home in this folder", state="absent")
    with medium_errors():
        descriptor = os.open(path / _LOCKS / f"{name}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, OWNER_ONLY)
    try:
        with _busy_named(name):
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _busy_named(name: str) -> Iterator[None]:
    try:
        yield
    except BlockingIOError as error:
        raise HomeInUse("another process of this kind works on this home", kind=name) from error


def _settle(path: Path, provider: str | Provider | None) -> None:
    """End what an exchange left; nobody else is at it."""
    secret = device_secret_of(path, provider).secret()
    settle_device(path, secret)
    settle_store(path / _KEYSLOTS, secret)


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.is_file() else None


def _open_parts(  # noqa: PLR0913 - each part of a home is named
    path: Path,
    keys: DeviceKeys,
    device_secret: DeviceSecret,
    *,
    create: bool,
    provider: str | Provider | None,
    second: Path | None = None,
) -> OpenHome:
    secret = device_secret.secret()

    def ask() -> bytes:
        return device_secret_of(path, provider).secret()

    with ExitStack() as undo:
        place = store_path(path, keys.generation)
        whereto = whereabouts(path / _KEYSLOTS, secret, ask)
        store = Store.open(place, keys.store_key, create=create, whereto=whereto)
        undo.callback(store.close)
        counterfoil = Counterfoil.open(path / _COUNTERFOIL, second)
        undo.callback(counterfoil.close)
        insurers, outbox = InsurerBook(store), Outbox(store, counterfoil)
        opened = OpenHome(
            path=path,
            store=store,
            counterfoil=counterfoil,
            outbox=outbox,
            insurers=insurers,
            inbox=Inbox(store),
            logs=LogWatch(LogBook(store), insurers.get, own_quorum(path)),
            signer=keys.signing,
            tls_key=keys.tls,
            device_secret=secret,
            device_secret_name=device_secret.name,
            device_secret_weak=device_secret.weak,
            ask_device_secret=ask,
            clock=clock_of(path, last_signed_time(outbox)),
        )
        undo.pop_all()
    return opened


def _clear_interrupted(path: Path) -> None:
    """Remove what an interrupted creation left; HomeExists when it is more than that."""
    if (path / MARKER).exists() or _has_entries(path / _COUNTERFOIL):
        raise HomeExists("there is a home in this folder already")
    with medium_errors():
        for name in (_KEYSLOTS, _COUNTERFOIL):
            (path / name).unlink(missing_ok=True)
    forget_file(store_path(path, 1))


def _has_entries(path: Path) -> bool:
    if not path.exists():
        return False
    counterfoil = Counterfoil.open(path)
    try:
        return any(True for _ in counterfoil.frames())
    finally:
        counterfoil.close()


def _provider(named: str | Provider) -> Provider:
    if not isinstance(named, str):
        return named
    for entry in plugged(ENTRY_POINTS, named):
        provider: Provider = entry.load()
        return provider
    raise DeviceSecretUnknown("no provider of device secrets has this name", provider=named)
