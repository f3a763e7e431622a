"""The hosts that this terminal calls, in the file `hosts` of its home: the card's firewall opens to them, to no other.

Rules: a host is in the file, durably, before its first call; a line is `host port`, in small letters, sorted, at most
MOST of them. What the file says is judged again by whoever opens a firewall for it; elsewhere nobody reads it. An
address that is none (a folder of reference data) is no host.
"""

import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from sync.durable import folder_lock, medium_errors, replace_file
from sync.home import OpenHome
from sync.reference import Reference

HOSTS: Final = "hosts"
MOST: Final = 40
_HOST: Final = re.compile("[a-z0-9.:-]{1,253}")
_PORTS: Final = {"https": 443, "http": 80}


def announce_known(home: OpenHome) -> None:
    """Write down whom a home calls, and nobody else: its insurers, and where its reference data are; StoreError."""
    source = Reference(home.path).source()
    addresses = [record.endpoint for record in home.insurers.all()] + ([source] if source else [])
    with folder_lock(home.path):
        _write(home.path, _lines(addresses))


def announce(home: Path, address: str) -> None:
    """Write down that this address is about to be called; DiskFull, MediumFailed."""
    with folder_lock(home):
        _write(home, _read(home) | _lines([address]))


def _lines(addresses: Iterable[str]) -> set[str]:
    return {line for address in addresses if (line := _line(address))}


def _line(address: str) -> str | None:
    """`host port`, or None for what is no address of a host."""
    try:
        parts = urlsplit(address)
        port = parts.port or _PORTS.get(parts.scheme)
        host = (parts.hostname or "").encode("idna").decode("ascii")
    except ValueError:  # of a port, a bracket, or a name that has no form for the wire
        return None
    return f"{host} {port}" if _HOST.fullmatch(host) and port and parts.scheme in _PORTS else None


def _read(home: Path) -> set[str]:
    with medium_errors(), suppress(FileNotFoundError, UnicodeDecodeError):
        return set((home / HOSTS).read_text("ascii").splitlines())
    return set()


def _write(home: Path, lines: set[str]) -> None:
    if lines != _read(home):
        replace_file(home / HOSTS, "".join(f"{line}\n" for line in sorted(lines)[:MOST]).encode("ascii"))
