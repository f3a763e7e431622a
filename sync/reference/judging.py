"""From what python-tuf refused to what a person is told: pure, one code for each kind of attack or accident.

Rules: the library's exception, the file that came last and what had been verified until then decide; texts of
exceptions do not, because they are not an interface.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, cast

from tuf.api.exceptions import (
    BadVersionNumberError,
    DownloadError,
    DownloadHTTPError,
    DownloadLengthMismatchError,
    ExpiredMetadataError,
    LengthOrHashMismatchError,
    RepositoryError,
    UnsignedMetadataError,
)
from tuf.api.metadata import Metadata, Root, Signed, Snapshot
from tuf.api.serialization import DeserializationError

from sync.reference.refusals import (
    DataAltered,
    DataCut,
    DataEndless,
    DataExpired,
    DataFrozen,
    DataIncomplete,
    DataKeyUnknown,
    DataMixed,
    DataRefused,
    DataRolledBack,
    DataRootInvalid,
    DataSignaturesMissing,
    DataSignatureWrong,
    DataUnreachable,
)

_METADATA: Final = "metadata/"
_REMEMBERED: Final = 2 * 1024 * 1024


@dataclass
class Fetched:
    """The file that was asked for last: its path, how much came, how much was to come, and metadata's bytes."""

    path: str = ""
    received: int = 0
    expected: int | None = None
    data: bytearray = field(default_factory=bytearray, repr=False)

    def add(self, part: bytes) -> None:
        """One more part."""
        self.received += len(part)
        if self.path.startswith(_METADATA) and len(self.data) <= _REMEMBERED:
            self.data += part

    @property
    def role(self) -> str:
        """The role of a metadata file: `timestamp` of `timestamp.json`, `root` of `3.root.json`."""
        return self.path.removeprefix(_METADATA).removesuffix(".json").rpartition(".")[2]


@dataclass(frozen=True)
class Progress:
    """The roles that are loaded, by name; one of them may be past its date."""

    roles: Mapping[str, Signed]

    @property
    def root(self) -> Root:
        """The root in force."""
        return cast("Root", self.roles["root"])


def refusal(error: RepositoryError | DownloadError, last: Fetched, progress: Progress, moment: datetime) -> DataRefused:
    """What this error means, the file `last` having come last."""
    if not progress.roles:
        return DataRootInvalid("the root in place is none", reason="form")
    if isinstance(error, DownloadError):
        return _of_line(error, last)
    if isinstance(error, UnsignedMetadataError):
        return _of_signatures(last, progress)
    if isinstance(error, ExpiredMetadataError):
        return _of_dates(progress, moment)
    return _of_content(error, last, progress)


def day_text(moment: datetime) -> str:
    """The day of an instant, ISO."""
    return moment.date().isoformat()


def _of_line(error: DownloadError, last: Fetched) -> DataRefused:
    if isinstance(error, DownloadLengthMismatchError):
        return DataEndless("longer than what was signed", file=last.path)
    if isinstance(error, DownloadHTTPError):
        return DataIncomplete("not there", file=last.path)
    return DataUnreachable("no answer", file=last.path)


def _of_signatures(last: Fetched, progress: Progress) -> DataRefused:
    metadata = _read(last)
    assert metadata is not None
    role, signatures = last.role, metadata.signatures
    results = [progress.root.get_verification_result(role, metadata.signed_bytes, signatures)]
    if isinstance(metadata.signed, Root):
        results.append(metadata.signed.get_verification_result(role, metadata.signed_bytes, signatures))
    lacking = next(result for result in results if not result)
    if lacking.signed:
        facts = {"valid": len(lacking.signed), "needed": lacking.threshold}
        return DataSignaturesMissing("too few signatures", role=role, **facts)
    if lacking.unsigned.keys() & signatures.keys():
        return DataSignatureWrong("changed after signing", role=role)
    return DataKeyUnknown("signed by nobody who counts", role=role)


def _of_dates(progress: Progress, moment: datetime) -> DataRefused:
    """The first role that is past its date; only the timestamp's date is about somebody holding back news."""
    for role in ("root", "timestamp", "snapshot"):
        signed = progress.roles.get(role)
        if signed is not None and signed.is_expired(moment):
            day = day_text(signed.expires)
            if role == "timestamp":
                return DataFrozen("nobody vouches that this is the newest", expired=day)
            return DataExpired("past its date", role=role, expired=day)
    return DataExpired("past its date", role="targets", expired="")


def _of_content(error: RepositoryError, last: Fetched, progress: Progress) -> DataRefused:
    of_metadata = last.path.startswith(_METADATA)
    if isinstance(error, DeserializationError) or (of_metadata and _read(last) is None):
        return DataCut("cut or unreadable", file=last.path)
    if isinstance(error, LengthOrHashMismatchError):
        return _of_digest(last)
    if isinstance(error, BadVersionNumberError) and _goes_back(last, progress):
        return DataRolledBack("older than what was seen", file=last.path)
    return DataMixed("of different states", file=last.path)


def _of_digest(last: Fetched) -> DataRefused:
    if last.path.startswith(_METADATA):
        return DataMixed("not the one that was signed for", file=last.path)
    if last.expected is not None and last.received < last.expected:
        return DataCut("ends too early", file=last.path)
    return DataAltered("not the bytes that were signed", file=last.path)


def _goes_back(last: Fetched, progress: Progress) -> bool:
    """Whether the refused metadata are older than those that were seen, rather than out of step with each other."""
    if last.role == "timestamp":
        return True
    metadata, seen = _read(last), progress.roles.get("snapshot")
    if last.role != "snapshot" or metadata is None or not isinstance(seen, Snapshot):
        return False
    told = cast("Snapshot", metadata.signed).meta
    return any(name in told and told[name].version < known.version for name, known in seen.meta.items())


def _read(last: Fetched) -> Metadata[Any] | None:
    try:
        return Metadata[Any].from_bytes(bytes(last.data))
    except (RepositoryError, ValueError):
        return None
