"""What a start finds when the power went during upkeep, and whether that keeps what had been promised by then.

Rules: the home is opened as the product opens it, in a folder laid out anew for each state, with every check of the
product; a home that was being rebuilt is first given to `rebuild` again, as its message says. Whatever the moment:
every claim that was told is there with its dossier; one device secret and one encrypted file are left, and the PIN
opens; what was damaged is still kept; every file that has a backup's name restores; a restored home is whole and waits
for its insurers, or is not there.
"""

import hashlib
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Final

from hardware.errors import HardwareError
from hardware.keystore import FILE_NAME, open_file_secret
from sync.backup import restore_home
from sync.backup.making import SUFFIX
from sync.crypto.keyslots import open_device_keys
from sync.crypto.shopslots import ShopSlots
from sync.crypto.signing import SigningKey
from sync.errors import KeyslotsInvalid, SyncError
from sync.home import OpenHome, open_home
from sync.repair import rebuild
from sync.rotation import is_unsettled
from terminal.config import ConfigInvalid
from tests.faults.power.judge import Found, Judge, Promised, violations
from tests.faults.power.medium import Files
from tests.faults.power.upkeep import (
    BACKUP,
    DEVICE_SECRET,
    HOME,
    NEW,
    PAPER,
    REBUILD,
    RESTORE,
    SECOND_BACKUP,
    STICK,
    STORE_KEY,
)
from tests.tui.real_shop import PIN, USER

_KEYSLOTS: Final = "keyslots.json"


@dataclass(frozen=True)
class Before:
    """The folder before an upkeep, what had been promised by then, and what a rebuild gives when nothing cuts it."""

    files: Files = field(repr=False)
    promised: Promised
    rebuilt: Found = field(repr=False, default_factory=Found)


class UpkeepJudge(Judge):
    """Judges the states of one upkeep."""

    def __init__(self, folder: Path, shop_seed: bytes, insurer: SigningKey, upkeep: str, before: Before) -> None:
        super().__init__(folder / "laid", shop_seed, insurer)
        self._root, self._restored = folder / "laid", folder / "restored"
        self._before, self._further = before, _FURTHER[upkeep]
        self._rebuilds = upkeep == REBUILD
        self._opens: dict[bytes, str] = {}

    def broken(self, files: Files, promised: Promised) -> list[str]:
        """Each promise that is broken in this state."""
        self.lay(files)
        done = self._rebuilds and REBUILD in promised.done
        found = self.started(again=self._rebuilds and not done)
        if found.error:
            return [f"P1 the start fails: {found.error}"]
        if self._rebuilds:
            return [*self._further(self, files, promised), *_differences(found, self._before.rebuilt)]
        return [*violations(found, promised), *self._further(self, files, promised)]

    def lay(self, files: Files) -> None:
        """Lay a state out in an empty folder."""
        self.close()
        self._opened = None
        shutil.rmtree(self._root)
        (self._home / "locks").mkdir(parents=True)
        for name, content in files.items():
            place = self._root / name
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
            place.chmod(0o600)

    def started(self, *, again: bool = False) -> Found:
        """What a start finds, after a rebuild where it is done `again`."""
        try:
            if again:
                rebuild(self._home, open_file_secret)
            self._opened = open_home(self._home, open_file_secret)
            return self._found(self._opened, wholly=True)
        except (SyncError, HardwareError, ConfigInvalid) as error:
            return Found(error=error.code)

    def keys_settled(self) -> Iterator[str]:
        """One device secret, one encrypted file, and the PIN opens the shop key."""
        if is_unsettled(self._home):
            yield "P1 the exchange is neither ended nor taken back"
        if len(list(self._home.glob("store*.db"))) != 1:
            yield "P6 there is not one encrypted file"
        if [file.name for file in self._home.glob("device.*")] != [FILE_NAME]:
            yield "P6 there is not one device secret"
        secret = (self._home / FILE_NAME).read_bytes()
        if ShopSlots(self._home / _KEYSLOTS, secret).open_pin(USER, PIN) != self._seed:
            yield "P1 the PIN does not open"

    def former(self, name: str) -> bytes:
        """A file of the home as it was before."""
        return self._before.files[f"{HOME}/{name}"]

    def exchanged_store_key(self, _files: Files, promised: Promised) -> Iterator[str]:
        """The encrypted file is the next one once that was told."""
        yield from self.keys_settled()
        keys = open_device_keys(self._home / _KEYSLOTS, (self._home / FILE_NAME).read_bytes())
        if STORE_KEY in promised.done and keys.generation != 2:
            yield "P1 the former key counts again"

    def exchanged_device_secret(self, _files: Files, promised: Promised) -> Iterator[str]:
        """The former secret opens nothing once that was told."""
        yield from self.keys_settled()
        if DEVICE_SECRET in promised.done:
            try:
                open_device_keys(self._home / _KEYSLOTS, self.former(FILE_NAME))
            except KeyslotsInvalid:
                return
            yield "P6 the former device secret opens the keyslots"

    def kept_what_was_damaged(self, files: Files, _promised: Promised) -> Iterator[str]:
        """Each damaged file is in its place or set aside."""
        for name in ("store.db", "counterfoil.log"):
            if not any(path.startswith(f"{HOME}/{name}") and files[path] == self.former(name) for path in files):
                yield f"P6 the damaged {name} is kept nowhere"

    def backups(self, files: Files, promised: Promised) -> Iterator[str]:
        """Each file with a backup's name restores; the one that was told of is there, or a later one."""
        there = (PurePosixPath(name) for name in files)
        names = sorted(str(name) for name in there if str(name.parent) == STICK and name.suffix == SUFFIX)
        for name in names:
            if wrong := self._restores(files[name]):
                yield f"P1 {name}: {wrong}"
        if promised.done and not names:
            yield "P1 there is no backup any more"
        if promised.done and max(promised.done) > max(names, default="").removeprefix(f"{STICK}/"):
            yield "P1 the backup that was told is gone"

    def restored(self, files: Files, promised: Promised) -> Iterator[str]:
        """The new home is whole and waits for its insurers, or is not there; then the restore can be done again."""
        there = any(name.startswith(f"{NEW}/") for name in files)
        if there:
            yield from self._waiting(self._root / NEW)
        elif RESTORE in promised.done:
            yield "P1 the restored home is gone"

    def _restores(self, backup: bytes) -> str:
        """What is wrong with a backup, nothing when it restores every claim; each content is tried once."""
        key = hashlib.sha256(backup).digest()
        if key not in self._opens:
            shutil.rmtree(self._restored, ignore_errors=True)
            place = self._root / "backup"
            place.write_bytes(backup)
            try:
                restore_home(place, self._restored, PAPER.opening(), SECOND_BACKUP, open_file_secret)
                wrong = list(self._waiting(self._restored))
            except SyncError as error:
                wrong = [error.code]
            self._opens[key] = "; ".join(wrong)
        return self._opens[key]

    def _waiting(self, path: Path) -> Iterator[str]:
        """What is wrong with a restored home."""
        try:
            with open_home(path, open_file_secret) as home:
                yield from _restored_wrong(home, self._before.promised)
        except SyncError as error:
            yield f"P1 the restored home does not open: {error.code}"


def _restored_wrong(home: OpenHome, promised: Promised) -> Iterator[str]:
    if {row.claim_id for row in home.outbox.rows()} != promised.digests.keys():
        yield "P1 the restored home lacks claims"
    if not all(line.ok for line in home.check()):
        yield "P6 the restored home fails its checks"
    enrolled = {record.amc for record in home.insurers.all()}
    if {one.insurer for one in home.outbox.chains.reconciling()} != enrolled:
        yield "P2 the restored home would number claims at once"


def _differences(found: Found, expected: Found) -> Iterator[str]:
    yield from (f"P6 {finding}" for finding in found.findings)
    told = {row.claim_id: row.state for row in found.rows}
    for row in expected.rows:
        if told.get(row.claim_id) != row.state:
            yield f"P1 {row.claim_id} is {told.get(row.claim_id)} and would be {row.state}"
    if found.numbers != expected.numbers:
        yield "P1 other dossiers are left"


_Further = Callable[[UpkeepJudge, Files, Promised], Iterator[str]]
_FURTHER: Final[dict[str, _Further]] = {
    STORE_KEY: UpkeepJudge.exchanged_store_key,
    DEVICE_SECRET: UpkeepJudge.exchanged_device_secret,
    REBUILD: UpkeepJudge.kept_what_was_damaged,
    BACKUP: UpkeepJudge.backups,
    RESTORE: UpkeepJudge.restored,
}
