"""The daily backup that nobody has to think of: the service makes it when the chosen medium is there.

Rules: one every `EVERY`, counted from the last good one whoever made it; what fails is recorded and tried again after
`AGAIN_SECONDS`. A medium that is not there is no failure: the age of the last good backup says it, amber, at the
counter. Nothing is opened for it: a backup is sealed to the paper code.
"""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sync.backup.making import make_backup
from sync.backup.records import BackupBook, BackupRecord
from sync.errors import SyncError
from sync.eventlog import event
from sync.home import OpenHome
from sync.marker import backup_folder, backup_place_of

EVERY: Final = timedelta(hours=20)
"""Less than a day, so that a shop that opens a little earlier has one that day too."""
LOOK_SECONDS: Final = 60.0
AGAIN_SECONDS: Final = 3600.0


class BackupTimer:
    """The timer of one home; `elapsed` counts seconds whatever the clock says."""

    def __init__(self, home: OpenHome, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._home = home
        self._book = BackupBook(home.store)
        self._elapsed = elapsed
        self._next = elapsed()

    def run(self, now: datetime) -> bool:
        """Make a backup if one is due and can be made; whether one was made. StoreError."""
        if self._elapsed() < self._next:
            return False
        self._next = self._elapsed() + LOOK_SECONDS
        folder = backup_folder(self._home.path)
        return folder is not None and self._due(now) and self._make(folder, now)

    def _due(self, now: datetime) -> bool:
        last = self._book.last("backup", good=True)
        return last is None or not timedelta() <= now - last.at < EVERY

    def _make(self, folder: Path, now: datetime) -> bool:
        try:
            made = make_backup(self._home, folder, now, chosen_settings(self._home.path))
        except SyncError as error:
            self._next = self._elapsed() + AGAIN_SECONDS
            self._book.add(BackupRecord("backup", now, ok=False, detail=error.code))
            event("backup_failed", error=error.code)
            return False
        self._book.add(BackupRecord("backup", now, ok=True, detail=made.path.name))
        event("backup_made", bytes=made.length, claims=made.claims)
        return True


def chosen_settings(home: Path) -> tuple[str, ...]:
    """The files that go along with a backup, as names below the home."""
    place = backup_place_of(home)
    chosen = [home / name for name in place.settings] if place else []
    files = [file for one in chosen for file in ((one, *sorted(one.rglob("*"))) if one.is_dir() else (one,))]
    return tuple(str(file.relative_to(home)) for file in files if file.is_file())
