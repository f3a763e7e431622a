"""Backups, as the shop makes, rehearses and restores them.

Rules: a backup needs nobody; what it holds opens with the paper recovery code alone. Each backup and each rehearsal is
recorded, failed ones too, so that the screen can say how old the last good one is, and noted in the access journal;
the journal of a restored home goes on with its restoring. A restored terminal belongs to the people it belonged to,
with their PINs.
"""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from sync.backup import (
    Backup,
    BackupBook,
    BackupRecord,
    Drill,
    Restored,
    make_backup,
    rehearse,
    restore_home,
)
from sync.backup.records import Kind
from sync.crypto.recovery import RecoveryCode
from sync.errors import BackupFolderInvalid, SyncError
from sync.home import open_home
from sync.marker import backup_folder, backup_place_of, keep_backup_place, require_outside
from terminal.catalogue.shelf import FOLDER as CATALOGUES
from terminal.config import FILE_NAME as CONFIG
from terminal.vault.acts import Act
from terminal.vault.journal import DONE, Deed, Journal
from terminal.workflow.access import MACHINE, attempt, note
from terminal.workflow.desk import Desk

LATE: Final[dict[Kind, timedelta]] = {"backup": timedelta(days=2), "drill": timedelta(days=35)}
"""After what time the last good one is too old."""
SETTINGS: Final = (CONFIG, CATALOGUES)
"""The shop's settings and its imported catalogues, as names below the home."""
_ASIDE: Final = ".drill"


def back_up(desk: Desk, folder: Path | None) -> Backup:
    """Make one backup, in `folder` or in the chosen one, and record it.

    BackupFolderInvalid (none was chosen, it is not there, or lies in the home), RecoveryMissing, errors of the medium.
    """
    book = BackupBook(desk.home.store)
    try:
        with attempt(desk, Act.BACKED_UP, "backup"):
            made = make_backup(desk.home, _place(desk, folder), desk.now(), _settings(desk.home.path))
    except SyncError as error:
        book.add(BackupRecord("backup", desk.now(), ok=False, detail=error.code))
        raise
    book.add(BackupRecord("backup", desk.now(), ok=True, detail=made.path.name))
    note(desk, Act.BACKED_UP, "backup")
    return made


def drill(desk: Desk, made: Backup, typed: str | None) -> Drill:
    """Rehearse the restore of a backup just made, with the paper code where it is `typed`, and record it.

    RecoveryCodeInvalid, BackupInvalid, and errors of the medium; `Drill.ok` says whether all is as it was.
    """
    book = BackupBook(desk.home.store)
    try:
        with attempt(desk, Act.RESTORED, "drill"):
            key = made.key if typed is None else RecoveryCode.parse(typed).opening()
            found = rehearse(made.path, desk.home.path / _ASIDE, key, desk.now())
    except SyncError as error:
        book.add(BackupRecord("drill", desk.now(), ok=False, detail=error.code))
        raise
    detail = ("paper" if typed is not None else "key") if found.ok else "differs"
    book.add(BackupRecord("drill", desk.now(), ok=found.ok, detail=detail))
    note(desk, Act.RESTORED, "drill", outcome=DONE if found.ok else "drill_differs")
    return found


def restore(backup: Path, home: Path, typed: str, now: datetime, provider: str) -> Restored:
    """Make a home of a backup with the paper code; RecoveryCodeInvalid, BackupInvalid, HomeExists and the like."""
    restored = restore_home(backup, home, RecoveryCode.parse(typed).opening(), now, provider)
    with open_home(home) as opened:
        Journal(opened.store).record(Deed(Act.RESTORED, now, "command_line", who=MACHINE, subject="backup"))
    return restored


def last_good(desk: Desk, kind: Kind) -> BackupRecord | None:
    """The newest backup or rehearsal that succeeded."""
    return BackupBook(desk.home.store).last(kind, good=True)


def is_late(desk: Desk, kind: Kind) -> bool:
    """Whether there is none, or the last good one is too old."""
    last = last_good(desk, kind)
    return last is None or desk.now() - last.at > LATE[kind]


def is_backup_due(desk: Desk) -> bool:
    """Whether the screen has to say so: claims have been there for longer than a backup may be old."""
    last = last_good(desk, "backup")
    first = None if last else next(iter(desk.home.outbox.rows(limit=1)), None)
    since = last.at if last else first.created_at if first else None
    return since is not None and desk.now() - since > LATE["backup"]


def choose_folder(home: Path, folder: Path | None, *, unplugged: bool = False) -> None:
    """Let the service put a backup there every day, or no more; BackupFolderInvalid, HomeMissing."""
    keep_backup_place(home, folder, SETTINGS, unplugged=unplugged)


def _place(desk: Desk, folder: Path | None) -> Path:
    path = desk.home.path
    found = folder or backup_folder(path)
    if found is None:
        raise BackupFolderInvalid("no folder for backups", reason="missing" if backup_place_of(path) else "none")
    require_outside(path, found)
    return found


def _settings(home: Path) -> tuple[str, ...]:
    catalogues = sorted(path for path in (home / CATALOGUES).rglob("*") if path.is_file())
    return (CONFIG, *(str(path.relative_to(home)) for path in catalogues))
