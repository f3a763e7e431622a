"""A relay on disk: its own authority and certificates, and the routes to the insurers that admitted it.

Rules: keys are 32-byte files, mode 0600, made once and never overwritten; a route is what an insurer answered to this
relay's offer and is replaced whole. Nothing of a terminal is kept but the packages of the spool.
"""

import os
import shutil
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from sync.contract.enrolment import Origin, Pem
from sync.contract.envelope import StrictRecord, decode, encode
from sync.contract.message import InsurerId, Routing
from sync.crypto.certificates import issue_server, make_authority, make_csr, new_tls_key
from sync.durable import OWNER_ONLY, flush_folder, folder_lock, medium_errors, replace_file, write_flushed
from sync.errors import ContractError, SyncError

_SETTINGS: Final = "relay.json"
_ROUTES: Final = "routes.json"
SPOOL: Final = "spool"


class RelayFolderMissing(SyncError):
    """There is no relay in this folder: `comptoir-insurer relay-init` was not run, or a part of it is not here."""

    code = "relay_folder_missing"
    environment = True


class RelayFolderExists(SyncError):
    """This folder already holds something; a relay's keys are never overwritten."""

    code = "relay_folder_exists"


class RelaySettings(StrictRecord, frozen=True, kw_only=True):
    """Who the relay is, and where terminals reach it."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]
    origin: Origin


class Offer(RelaySettings, frozen=True, kw_only=True):
    """What a relay gives an insurer: its authority, which terminals will pin, and a request for a certificate."""

    authority_pem: Pem
    certificate_request: Pem


class Route(StrictRecord, frozen=True, kw_only=True):
    """What an insurer gives a relay: which headers are its own, where it is, and the certificates of both sides.

    `clients_pem` is the authority of this insurer's terminals; `certificate` is the relay's, for its client key.
    """

    insurer: InsurerId
    convention: Routing
    endpoint: Origin
    authority_pem: Pem
    clients_pem: Pem
    certificate: Pem
    csr: Routing | None = None


class _Routes(StrictRecord, frozen=True, kw_only=True):
    routes: tuple[Route, ...] = ()


@dataclass(frozen=True)
class RelayMaterial:
    """What the relay works with."""

    folder: Path
    settings: RelaySettings
    server_pem: str
    routes: tuple[Route, ...]
    server_key: bytes = field(repr=False)
    client_key: bytes = field(repr=False)

    def port(self) -> int:
        """The port of the origin, 443 when it names none."""
        return urlsplit(self.settings.origin).port or 443


def create_relay(folder: Path, settings: RelaySettings, now: datetime) -> Offer:
    """Make a relay with new keys; its offer. RelayFolderExists unless the folder is absent or empty."""
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise RelayFolderExists("the folder is not empty")
    authority, server_key = make_authority(f"Comptoir relay {settings.name}", now), new_tls_key()
    host = urlsplit(settings.origin).hostname or ""
    files = {
        "authority.key": authority.key,
        "authority.pem": authority.certificate_pem,
        "server.key": server_key,
        "server.pem": issue_server(authority, [host], server_key, now),
        "client.key": new_tls_key(),
        _ROUTES: encode(_Routes()),
        _SETTINGS: encode(settings),
    }
    with medium_errors():
        partial = folder.with_name(f".{folder.name}.new")
        shutil.rmtree(partial, ignore_errors=True)
        (partial / SPOOL).mkdir(parents=True, mode=0o700)
        partial.chmod(0o700)
        for name, content in files.items():
            _write_new(partial / name, content)
        partial.rename(folder)
        flush_folder(folder.parent)
    return offer_of(folder)


def offer_of(folder: Path) -> Offer:
    """The offer of a relay; RelayFolderMissing."""
    settings = decode(_read(folder, _SETTINGS), RelaySettings)
    return Offer(
        name=settings.name,
        origin=settings.origin,
        authority_pem=_read(folder, "authority.pem").decode("ascii"),
        certificate_request=make_csr(_read(folder, "client.key"), settings.name).decode("ascii"),
    )


def open_relay(folder: Path) -> RelayMaterial:
    """What serving needs; RelayFolderMissing, ContractError."""
    return RelayMaterial(
        folder=folder,
        settings=decode(_read(folder, _SETTINGS), RelaySettings),
        server_pem=_read(folder, "server.pem").decode("ascii"),
        routes=decode(_read(folder, _ROUTES), _Routes).routes,
        server_key=_read(folder, "server.key"),
        client_key=_read(folder, "client.key"),
    )


def add_route(folder: Path, stated: bytes) -> Route:
    """Keep a route (JSON), in place of the one of the same insurer and convention; ContractError."""
    try:
        route = msgspec.json.decode(stated, type=Route)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError("not a route") from error
    with folder_lock(folder):
        known = decode(_read(folder, _ROUTES), _Routes).routes
        others = [one for one in known if key_of(one) != key_of(route)]
        replace_file(folder / _ROUTES, encode(_Routes(routes=(*others, route))))
    return route


def key_of(route: Route) -> tuple[str, str, str | None]:
    """What of a clear header decides."""
    return route.insurer, route.convention, route.csr


def _write_new(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, OWNER_ONLY)
    try:
        write_flushed(descriptor, content)
    finally:
        os.close(descriptor)


def _read(folder: Path, name: str) -> bytes:
    try:
        return (folder / name).read_bytes()
    except OSError as error:
        raise RelayFolderMissing("a part of the relay is not here", part=name) from error
