"""Backups of a home: made without anybody's help, opened with the paper recovery code, rehearsed."""

from sync.backup.drill import Drill, rehearse
from sync.backup.making import Backup, make_backup
from sync.backup.records import BackupBook, BackupRecord
from sync.backup.restoring import Restored, restore_home
from sync.backup.timer import BackupTimer

__all__ = [
    "Backup",
    "BackupBook",
    "BackupRecord",
    "BackupTimer",
    "Drill",
    "Restored",
    "make_backup",
    "rehearse",
    "restore_home",
]
