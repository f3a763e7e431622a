"""apt with settings of its own: resolves a list of packages into a lock, and fetches what a lock names.

Rules: the machine's package database is neither read nor written. A fetched file counts only when its size and SHA-256
are those of the lock; the cache is keyed by that digest, so an older image can be built again while its files are kept.
"""

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote

from image.builder.lock import Package
from image.builder.run import StepFailed, passed_through, run
from image.builder.sources import host_settings, sources

SUITE = "trixie"
_URI = re.compile(r"^'[^']+' (\S+)_(\S+)_(all|amd64|arm64)\.deb (\d+) SHA256:([0-9a-f]{64})$", re.MULTILINE)


class Apt:
    """One architecture of the image's suite, seen through the machine's mirror; `folder` holds its lists."""

    def __init__(self, folder: Path, arch: str) -> None:
        self._folder = folder / f"apt-{arch}"
        self._arch = arch
        for inner in ("lists/partial", "archives/partial", "etc"):
            (self._folder / inner).mkdir(parents=True, exist_ok=True)
        (self._folder / "status").touch()

    def update(self) -> None:
        """Fetch the lists of packages."""
        texts, host = host_settings()
        (self._folder / "etc" / "sources.list").write_text(sources(texts, host, SUITE), "utf-8")
        self._get("update", "-qq")

    def resolve(self, names: Sequence[str]) -> list[Package]:
        """The named packages and all that they and every Debian system need."""
        told = self._get("install", "--print-uris", "-qq", "?essential", *names)
        return [
            Package(name, unquote(version), arch, digest, int(size))
            for name, version, arch, size, digest in _URI.findall(told)
        ]

    def fetch(self, packages: Sequence[Package], cache: Path) -> list[Path]:
        """The packages' files, from the cache or the mirror; StepFailed names those that nobody has any more."""
        cache.mkdir(parents=True, exist_ok=True)
        missing = [one for one in packages if not _holds(cache / f"{one.sha256}.deb", one)]
        if missing:
            self.update()
            self._download(missing, cache)
        return [cache / f"{one.sha256}.deb" for one in packages]

    def _download(self, missing: Sequence[Package], cache: Path) -> None:
        told = self._get("download", "--print-uris", "-qq", *(one.wanted for one in missing))
        offered = {digest for *_, digest in _URI.findall(told)}
        gone = [one.wanted for one in missing if one.sha256 not in offered]
        if gone:
            raise StepFailed(f"the mirror has not these bytes (any more): {' '.join(gone)}; see `make image-lock`")
        arrivals = self._folder / "archives"
        self._get("download", "-qq", *(one.wanted for one in missing), cwd=arrivals)
        for one in missing:
            arrived = arrivals / one.file
            if not _holds(arrived, one):
                raise StepFailed(f"{one.wanted} is not what the lock says")
            arrived.rename(cache / f"{one.sha256}.deb")

    def _get(self, *words: str, cwd: Path | None = None) -> str:
        here = self._folder
        settings = {
            "APT::Architecture": self._arch,
            "APT::Architectures": self._arch,
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::ForceHash": "SHA256",
            "Dir::State::Lists": here / "lists",
            "Dir::State::Status": here / "status",
            "Dir::Cache": here,
            "Dir::Etc::SourceList": here / "etc" / "sources.list",
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
        }
        options = [word for name, value in settings.items() for word in ("-o", f"{name}={value}")]
        command: list[str | Path] = ["env", "--chdir", cwd or here, "apt-get", *options, *words]
        return run(command, env=passed_through())


def _holds(file: Path, package: Package) -> bool:
    """Whether `file` is exactly the package's bytes."""
    if not file.is_file() or file.stat().st_size != package.size:
        return False
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest() == package.sha256
