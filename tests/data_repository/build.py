"""`make data-repository`: a folder that is a repository of reference data, for tests and demonstrations.

Rules: signed with the demonstration's keys, which are no secret; the first root never changes, so that the one the
program carries is it; run again on the same folder it publishes the next state. The nomenclature is invented unless a
file is named.
"""

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
from tuf.api.metadata import Metadata

from sync.contract.enrolment import DirectoryEntry
from sync.reference.documents import DIRECTORY, Directory
from tests.data_repository.repository import Repository
from tests.vectors.lpp.codes import BASE
from tests.vectors.lpp.nx import nx_file

FIRST: Final = datetime(2026, 11, 1, tzinfo=UTC)
ROOT_EXPIRES: Final = datetime(2036, 11, 1, tzinfo=UTC)


def demo_repository(now: datetime) -> Repository:
    """The demonstration's repository, nothing published yet."""
    repository = Repository(FIRST, root_expires=ROOT_EXPIRES)
    repository.now = now
    return repository


def directory_document(entries: Sequence[DirectoryEntry]) -> bytes:
    """The directory of these insurers."""
    return msgspec.json.encode(Directory(schema="comptoir/directory/v1", insurers=tuple(entries)))


def build(folder: Path, contents: dict[str, bytes], now: datetime) -> dict[str, int]:
    """Publish the next state into `folder`; the versions of the roles."""
    repository = demo_repository(now)
    timestamp = folder / "metadata" / "timestamp.json"
    if timestamp.exists():
        version = Metadata.from_bytes(timestamp.read_bytes()).signed.version
        for signed in (repository.targets, repository.snapshot, repository.timestamp):
            signed.version = version
    repository.publish(contents)
    for path, content in repository.files.items():
        place = folder / path
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return {"root": repository.root.version, "timestamp": repository.timestamp.version}


def main(arguments: Sequence[str] | None = None) -> int:
    """Build from the command line."""
    parser = argparse.ArgumentParser(prog="make data-repository", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--catalogue", type=Path, help="a nomenclature that `comptoir lpp import` reads")
    parser.add_argument("--insurer", type=Path, action="append", default=[], help="an insurer's directory file (JSON)")
    parser.add_argument(
        "--profile", action="append", default=[], metavar="AMC=FILE", help="an insurer's signed profile"
    )
    asked = parser.parse_args(arguments)
    named = asked.catalogue
    contents = {f"lpp/{named.name.lower()}": named.read_bytes()} if named else {"lpp/lpptot": nx_file(BASE)}
    entries = [msgspec.json.decode(path.read_bytes(), type=DirectoryEntry) for path in asked.insurer]
    contents[DIRECTORY] = directory_document(entries)
    for pair in asked.profile:
        amc, _, path = pair.partition("=")
        contents[f"profiles/{amc}.jws"] = Path(path).read_bytes()
    versions = build(asked.folder, contents, datetime.now(UTC))
    sys.stdout.write(f"{asked.folder}: state {versions['timestamp']}, {len(contents)} files, signed with demo keys\n")
    sys.stdout.write(f"comptoir data trust --demo --accept; comptoir data update --from {asked.folder}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
