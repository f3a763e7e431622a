"""The lock of Debian packages: which bytes an image is made of.

Rules: one line per package, `name version arch sha256 size`, sorted; no address, so the machine's own mirror serves it.
A line that says anything else is refused with its number.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

_LINE = re.compile(r"([a-z0-9][a-z0-9+.-]+) ([0-9][\w.+:~-]*) (all|amd64|arm64) ([0-9a-f]{64}) ([1-9][0-9]*)", re.ASCII)
_HEAD = "# name version arch sha256 size; written by `make image-lock`\n"


class LockInvalid(Exception):
    """A lock file that cannot be believed: `line` is its number, from 1."""

    def __init__(self, line: int, reason: str) -> None:
        super().__init__(f"line {line}: {reason}")
        self.line = line


@dataclass(frozen=True, order=True)
class Package:
    """One Debian package; `size` in bytes."""

    name: str
    version: str
    arch: str
    sha256: str
    size: int

    @property
    def wanted(self) -> str:
        """As apt names it: `name:arch=version`."""
        return f"{self.name}:{self.arch}={self.version}"

    @property
    def file(self) -> str:
        """The file's name in apt's form, where a colon cannot stand."""
        return f"{self.name}_{self.version.replace(':', '%3a')}_{self.arch}.deb"


def parse(text: str) -> list[Package]:
    """The packages of a lock file; LockInvalid for a bad line, a doubled name or a wrong order."""
    found: list[Package] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise LockInvalid(number, "not `name version arch sha256 size`")
        name, version, arch, digest, size = match.groups()
        if found and name <= found[-1].name:
            raise LockInvalid(number, f"{name} is doubled or not in order")
        found.append(Package(name, version, arch, digest, int(size)))
    return found


def render(packages: Iterable[Package]) -> str:
    """The lock file of these packages."""
    lines = (f"{one.name} {one.version} {one.arch} {one.sha256} {one.size}\n" for one in sorted(packages))
    return _HEAD + "".join(lines)


def difference(old: Iterable[Package], new: Iterable[Package]) -> list[str]:
    """What a new lock changes, one line per package: `+` came, `-` went, `~` another version or other bytes."""
    before, after = ({one.name: one for one in packages} for packages in (old, new))
    lines = [f"+ {name} {after[name].version}" for name in after.keys() - before.keys()]
    lines += [f"- {name} {before[name].version}" for name in before.keys() - after.keys()]
    both = (name for name in before.keys() & after.keys() if before[name] != after[name])
    lines += [f"~ {name} {before[name].version} -> {after[name].version}" for name in both]
    return sorted(lines, key=lambda line: line[2:])
