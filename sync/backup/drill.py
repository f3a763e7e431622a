"""Rehearsing a restore: the backup becomes a home aside, is checked, compared and erased.

Rules: the rehearsed home's device secret is only in memory, so what a power cut leaves of it opens nothing. The
figures are those of the manifest, which were taken from the living home. Nothing of it is sent, numbered or kept.
"""

import secrets
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sync.backup.figures import figures_of
from sync.backup.restoring import Key, built_home
from sync.store import CheckLine


@dataclass(frozen=True)
class Drill:
    """What a rehearsal found; `different` names the figures that are not those of the backup's manifest."""

    checks: tuple[CheckLine, ...]
    claims: int
    different: tuple[str, ...]
    insurers_to_confirm: int

    @property
    def ok(self) -> bool:
        """Whether all checks held and nothing differs."""
        return not self.different and all(line.ok for line in self.checks)


@dataclass(frozen=True)
class _Passing:
    """A device secret for one rehearsal."""

    name: str = "drill"
    weak: bool = False
    kept: bytes = field(default_factory=lambda: secrets.token_bytes(32), repr=False)

    def secret(self) -> bytes:
        """The 32 bytes."""
        return self.kept


def rehearse(backup: Path, aside: Path, key: Key, now: datetime) -> Drill:
    """Restore `backup` into the folder `aside`, look at it, and erase it; BackupInvalid, StoreError and the like."""
    passing = _Passing()

    def provider(home: Path, *, create: bool = False) -> _Passing:
        del home, create
        return passing

    with built_home(backup, aside, key, now, provider) as (home, manifest):
        checks, told, found = home.check(), manifest.figures, figures_of(home.store)
        different = tuple(name for name in told.__struct_fields__ if getattr(told, name) != getattr(found, name))
        return Drill(checks, sum(found.states.values()), different, len(home.outbox.chains.reconciling()))
