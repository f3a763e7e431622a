"""Taking reference data from a repository by TUF (specification 1.0), with python-tuf's client workflow.

Rules: the workflow, the threshold of signatures and every version check are python-tuf's; what is ours is where bytes
come from, what time it is judged at, what a refusal is called, and that nothing counts before all of it is verified.
Metadata that were verified are kept even when the update ends with a refusal: a key that was revoked stays revoked.
The instant is the caller's: a clock that lies before what is known to be past never decides an expiry.
"""

import hashlib
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from tuf.api.exceptions import DownloadError, DownloadHTTPError, RepositoryError
from tuf.api.metadata import Metadata, Root, TargetFile
from tuf.ngclient import FetcherInterface, Updater, UpdaterConfig

from sync.durable import medium_errors
from sync.reference.judging import Fetched, Progress, day_text, refusal
from sync.reference.kept import GoodSet, KeptFile, Reference
from sync.reference.refusals import DataRootInvalid, DataUnusable
from sync.reference.sources import FileMissing, Source

MAX_FILES: Final = 2000
MAX_BYTES: Final = 256 * 1024 * 1024
"""Of all files of a set together: several times the largest nomenclature and every insurer's documents."""
_CONFIG: Final = UpdaterConfig(
    max_root_rotations=64,
    root_max_length=128 * 1024,
    timestamp_max_length=16 * 1024,
    snapshot_max_length=256 * 1024,
    targets_max_length=2 * 1024 * 1024,
)
_NAME: Final = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}(/[a-z0-9][a-z0-9._-]{0,99}){0,3}", re.ASCII)
_NOT_FOUND: Final = 404
_ROLES: Final = ("root", "timestamp", "snapshot", "targets")


@dataclass(frozen=True)
class RootFacts:
    """What a person compares before trusting a root: digest of the file, signers, how many must sign, last day."""

    sha256: str
    signers: int
    needed: int
    version: int
    expires: datetime


def examine_root(root: bytes, moment: datetime) -> RootFacts:
    """What a root says, its own keys having signed it; DataRootInvalid."""
    try:
        metadata = Metadata[Root].from_bytes(root)
        metadata.signed.verify_delegate(Root.type, metadata.signed_bytes, metadata.signatures)
    except (RepositoryError, ValueError, KeyError, AttributeError) as error:
        raise DataRootInvalid("not a root signed by its own keys", reason="form") from error
    signed = metadata.signed
    if signed.is_expired(moment):
        raise DataRootInvalid("past its date", reason="expired", expired=day_text(signed.expires))
    role = signed.roles[Root.type]
    digest = hashlib.sha256(root).hexdigest()
    return RootFacts(digest, len(role.keyids), role.threshold, signed.version, signed.expires)


def update(reference: Reference, source: Source, moment: datetime) -> GoodSet:
    """Take the newest set of `source` as of `moment`; the set, which is the one kept before when nothing is newer.

    DataRefused, and then the last good set is what it was; StoreError of the medium.
    """
    with reference.alone(), tempfile.TemporaryDirectory(prefix=".work-", dir=reference.folder) as folder:
        cache, fetcher = Path(folder, "metadata"), _Fetcher(source)
        _lay_out(cache, reference.trusted())
        try:
            good, contents = _taken(reference, fetcher, cache, moment)
        finally:
            reference.keep_trusted(_verified(cache))
        reference.keep(good, contents)
        return good


def _taken(
    reference: Reference, fetcher: "_Fetcher", cache: Path, moment: datetime
) -> tuple[GoodSet, Mapping[str, bytes]]:
    """The newest set and the files of it that are not here yet."""
    before = reference.current()
    updater = None
    try:
        with medium_errors():
            updater = _DatedUpdater(cache, fetcher, reference.root(), moment)
            updater.refresh()
        listed = updater.listed()
        files = {name: _kept_file(name, target) for name, target in listed.items()}
        contents = {
            name: updater.taken(listed[name], fetcher) for name, kept in files.items() if not reference.holds(kept)
        }
    except (RepositoryError, DownloadError) as error:
        progress = updater.progress() if updater else Progress({})
        raise refusal(error, fetcher.last, progress, moment) from error
    good = GoodSet(
        schema="comptoir/reference/v1",
        checked_at=moment,
        taken_at=moment if contents or before is None else before.taken_at,
        expires=updater.expires(),
        source=fetcher.source.name,
        versions=updater.versions(),
        files=files,
    )
    return good, contents


class _DatedUpdater(Updater):
    """python-tuf's client, judging dates at a given instant instead of the system's clock."""

    def __init__(self, cache: Path, fetcher: "_Fetcher", root: bytes, moment: datetime) -> None:
        super().__init__(
            str(cache), "metadata/", target_base_url="targets/", fetcher=fetcher, config=_CONFIG, bootstrap=root
        )
        self._trusted_set.reference_time = moment.astimezone(UTC)

    def listed(self) -> dict[str, TargetFile]:
        """The files of the set; DataUnusable for names or sizes that no set of ours has."""
        listed = self._trusted_set.targets.targets
        strange = next((name for name in listed if not _NAME.fullmatch(name)), None)
        if strange is not None or len(listed) > MAX_FILES:
            raise DataUnusable("names that no set has", file="targets.json")
        if sum(target.length for target in listed.values()) > MAX_BYTES:
            raise DataUnusable("too much", file="targets.json")
        return dict(sorted(listed.items()))

    def taken(self, target: TargetFile, fetcher: "_Fetcher") -> bytes:
        """The verified bytes of a file."""
        fetcher.expected = target.length
        return Path(self.download_target(target, str(Path(self._dir).parent / "target"))).read_bytes()

    def progress(self) -> Progress:
        """How far it came."""
        loaded = self._trusted_set
        return Progress({role: loaded[role] for role in _ROLES if role in loaded})

    def expires(self) -> datetime:
        """Until when the word that this is the newest set was to hold."""
        return self._trusted_set.timestamp.expires

    def versions(self) -> dict[str, int]:
        """The versions of the four roles."""
        loaded = self._trusted_set
        return {
            "root": loaded.root.version,
            "timestamp": loaded.timestamp.version,
            "snapshot": loaded.snapshot.version,
            "targets": loaded.targets.version,
        }


class _Fetcher(FetcherInterface):
    """Reads from a source, and remembers the last file for whoever has to say what was wrong with it."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.expected: int | None = None
        self.last = Fetched()

    def _fetch(self, url: str) -> Iterator[bytes]:
        self.last = Fetched(url, expected=self.expected)
        self.expected = None
        try:
            for part in self.source.stream(url):
                self.last.add(part)
                yield part
        except FileMissing:
            raise DownloadHTTPError("missing", _NOT_FOUND) from None


def _kept_file(name: str, target: TargetFile) -> KeptFile:
    try:
        return KeptFile(target.hashes["sha256"], target.length)
    except KeyError as error:
        raise DataUnusable("no SHA-256 was signed", file=name) from error


def _lay_out(cache: Path, files: Mapping[str, bytes]) -> None:
    """Give python-tuf its cache as it left it."""
    with medium_errors():
        (cache / "root_history").mkdir(parents=True)
        for name, content in files.items():
            (cache / name).write_bytes(content)


def _verified(cache: Path) -> dict[str, bytes]:
    """What python-tuf keeps: only what it verified."""
    with medium_errors():
        found = [path for path in (*cache.glob("*.json"), *cache.glob("root_history/*.json")) if not path.is_symlink()]
        return {str(path.relative_to(cache)): path.read_bytes() for path in found}
