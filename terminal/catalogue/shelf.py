"""The catalogues of a home: each accepted version one file for ever, and a small record of which is in force.

    catalogues/<digest>.zip    the files of one version; never changed, never removed
    catalogues/current         the accepted versions, newest first; replaced whole

Rules: a version is durable before the record names it, so an interrupted acceptance changes nothing. Rolling back takes
the newest version out of force and keeps its file: claims that were priced with it name it by its digest. The data that
the program carries are the oldest version, and are kept as a file too, for the next program may carry others.
"""

import json
import re
from collections.abc import Iterable
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Final
from zipfile import BadZipFile

from sync.durable import folder_lock, medium_errors, replace_file
from terminal.catalogue.catalogue import Catalogue, seed_folder
from terminal.catalogue.proposal import Proposal
from terminal.catalogue.tables import MANIFEST
from terminal.catalogue.version import Version
from terminal.catalogue.version_files import unzipped, zipped
from terminal.domain.errors import CatalogueChanged, CatalogueInvalid, CatalogueUnknown, NothingToRollBack

FOLDER: Final = "catalogues"
CURRENT: Final = "current"
SCHEMA: Final = "comptoir/catalogues/v1"
_DIGEST: Final = re.compile("[0-9a-f]{64}", re.ASCII)


class Shelf:
    """The catalogues below `home`. `seed` is what the program carries."""

    def __init__(self, home: Path, seed: Traversable | None = None) -> None:
        self._folder = home / FOLDER
        self._seed = seed if seed is not None else seed_folder()

    def current(self) -> Catalogue:
        """The catalogue in force: the newest accepted version, which knows those before it."""
        accepted = self.accepted()
        if not accepted:
            return self.seed()
        return Catalogue(self._version(accepted[0]), earlier=lambda: self._versions(accepted[1:]))

    def accepted(self) -> tuple[str, ...]:
        """The digests of the accepted versions, newest first. Raises CatalogueInvalid for a damaged record."""
        try:
            said = json.loads((self._folder / CURRENT).read_bytes())
            digests = tuple(said["accepted"])
            whole = said["schema"] == SCHEMA and all(_DIGEST.fullmatch(digest) for digest in digests)
        except FileNotFoundError:
            return ()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise CatalogueInvalid("the record cannot be read", file=CURRENT) from error
        if not whole:
            raise CatalogueInvalid("the record is not whole", file=CURRENT)
        return digests

    def seed(self) -> Catalogue:
        """The data that the program carries."""
        return Catalogue(Version(self._seed))

    def by_digest(self, digest: str) -> Catalogue:
        """The version that a claim names; CatalogueUnknown when it is not kept here, CatalogueInvalid when damaged."""
        seed = Version(self._seed)
        version = seed if seed.digest == digest else self._version(digest)
        assert version.digest == digest
        return Catalogue(version)

    def accept(self, proposal: Proposal) -> str:
        """Keep the proposal and put it in force; its digest. Accepting the version in force again changes nothing.

        Raises CatalogueChanged when another version came into force since the proposal was made.
        """
        digest = proposal.catalogue.digest
        self._make()
        with folder_lock(self._folder):
            now = self.current().digest
            if now not in (digest, proposal.before):
                raise CatalogueChanged("another import came in between")
            if now != digest:
                self._keep(digest, proposal.content)
                self._record((digest, *(other for other in self.accepted() if other != digest)))
        return digest

    def roll_back(self) -> Catalogue:
        """Take the newest accepted version out of force; NothingToRollBack when only the program's data are left."""
        self._make()
        with folder_lock(self._folder):
            accepted = self.accepted()
            if not accepted:
                raise NothingToRollBack("no import is in force")
            self._record(accepted[1:])
        return self.current()

    def keep_seed(self) -> None:
        """Make the program's own data durable here, once, so that later programs can still name them."""
        seed = Version(self._seed)
        if not self._path(seed.digest).exists():
            self._make()
            names = (MANIFEST, *seed.manifest.rows)
            self._keep(seed.digest, zipped({name: self._seed.joinpath(name).read_bytes() for name in names}))

    def _make(self) -> None:
        with medium_errors():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)

    def _keep(self, digest: str, content: bytes) -> None:
        if not self._path(digest).exists():
            replace_file(self._path(digest), content)

    def _record(self, accepted: Iterable[str]) -> None:
        said = json.dumps({"schema": SCHEMA, "accepted": list(accepted)}, indent=2)
        replace_file(self._folder / CURRENT, said.encode() + b"\n")

    def _versions(self, digests: Iterable[str]) -> Iterable[Version]:
        """The versions before the newest, then the program's own; each is read when it is reached."""
        yield from (self._version(digest) for digest in digests)
        yield Version(self._seed)

    def _version(self, digest: str) -> Version:
        try:
            return Version(unzipped(self._path(digest).read_bytes()), digest)
        except FileNotFoundError:
            raise CatalogueUnknown("not kept here", digest=digest) from None
        except (OSError, BadZipFile) as error:
            raise CatalogueInvalid("the version cannot be read", file=self._path(digest).name) from error

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.zip"
