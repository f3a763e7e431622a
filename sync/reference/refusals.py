"""Why reference data were not taken. Each attack has its own code, because each asks for another act of a person.

Rules: whatever is refused, the last good data stay. Facts name files, versions and dates of the repository; nothing
here is about a person. Source of the attacks: TUF specification 1.0, section 1.5.2.
"""

from sync.errors import SyncError


class DataRefused(SyncError):
    """Base of what can be wrong with reference data or where they come from."""

    code = "data"


class DataRootMissing(DataRefused):
    """Nobody said yet whose signatures count for reference data."""

    code = "data_root_missing"


class DataRootInvalid(DataRefused):
    """A file that is no root of a repository: not signed by its own keys, expired, or of another form."""

    code = "data_root_invalid"


class DataSourceMissing(DataRefused):
    """No address and no folder to take data from was named, now or when the root was put in place."""

    code = "data_source_missing"


class DataUnreachable(DataRefused):
    """The folder or the address does not answer."""

    code = "data_unreachable"
    environment = True


class DataIncomplete(DataRefused):
    """The repository names a file that it has not; `file`."""

    code = "data_incomplete"


class DataCut(DataRefused):
    """A file that ends too early or cannot be read: a copy that was cut short; `file`."""

    code = "data_cut"


class DataEndless(DataRefused):
    """A file that goes on beyond the length that was signed; `file`."""

    code = "data_endless"


class DataSlow(DataRefused):
    """A file that comes so slowly that it would never end; `file`."""

    code = "data_slow"


class DataRolledBack(DataRefused):
    """A repository older than what this terminal has seen already (rollback); `file`."""

    code = "data_rolled_back"


class DataFrozen(DataRefused):
    """Nobody vouched for a long time that this is the newest state (freeze, or an abandoned repository); `expired`."""

    code = "data_frozen"


class DataExpired(DataRefused):
    """Metadata that are past their date; `role` and `expired`."""

    code = "data_expired"


class DataMixed(DataRefused):
    """Metadata of different states of the repository together (mix and match); `file`."""

    code = "data_mixed"


class DataAltered(DataRefused):
    """A file that is not the one whose digest was signed; `file`."""

    code = "data_altered"


class DataSignaturesMissing(DataRefused):
    """Fewer signatures than needed; `role`, `valid` and `needed`."""

    code = "data_signatures_missing"


class DataSignatureWrong(DataRefused):
    """A known key's signature over other bytes: the metadata were changed after signing; `role`."""

    code = "data_signature_wrong"


class DataKeyUnknown(DataRefused):
    """Signed, but by nobody this terminal knows; `role`."""

    code = "data_key_unknown"


class DataDamaged(DataRefused):
    """What was kept here is damaged: it is not used, and nothing newer is judged by it; `file`."""

    code = "data_damaged"


class DataUnusable(DataRefused):
    """Rightly signed, but not of the form that this program knows; `file`."""

    code = "data_unusable"
