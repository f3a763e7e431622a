"""What can be wrong with the insurer's own database and processes; only the insurer's operator is told these."""

from sync.errors import SyncError


class DatabaseDiffers(SyncError):
    """The database was made by steps that are not those of this program."""

    code = "database_differs"


class DatabaseUnavailable(SyncError):
    """The database does not answer, or refuses this user."""

    code = "database_unavailable"
    environment = True


class DatabaseUrlInvalid(SyncError):
    """Not the address of a PostgreSQL database. The address is never quoted: it may hold a password."""

    code = "database_url_invalid"


class DatabaseUrlTellsPassword(SyncError):
    """A password stands where everybody on the machine can read it: on the command line, or in the settings."""

    code = "database_url_tells_password"


class DatabaseOfAnother(SyncError):
    """The database holds the claims of another insurer."""

    code = "database_of_another"


class WorkersNeedPostgres(SyncError):
    """SQLite has one writer and its file one process: several workers need PostgreSQL."""

    code = "workers_need_postgresql"


class StandbyNeedsPostgres(SyncError):
    """Only a PostgreSQL database has a standby."""

    code = "standby_needs_postgresql"


class StandbyGone(SyncError):
    """The synchronous standby that receipts depend on did not confirm: nothing is signed."""

    code = "standby_gone"
    environment = True


class WorkerLost(SyncError):
    """A worker ended before it served; its own log line says why."""

    code = "worker_lost"
