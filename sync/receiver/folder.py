"""An insurer on disk: three folders for three processes.

Rules: `intake/` holds what the open server needs, and no key that opens a claim; `opener/` holds the opening key and is
never read by the intake; `authority/` holds the key that made the server's certificate and is needed only to renew it.
Keys are 32-byte files, mode 0600 in folders of mode 0700, and are never overwritten. A new insurer appears whole or not
at all.
"""

import os
import secrets
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final
from urllib.parse import urlsplit

import msgspec

from sync.contract.enrolment import DirectoryEntry, Origin
from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, StrictRecord, decode, encode
from sync.contract.keys import Jwk, KeySet, SealingPublic, SigningPublic
from sync.contract.message import InsurerId, Routing
from sync.contract.profile import LogTerms, Profile, Text, check_profile
from sync.crypto import base64url
from sync.crypto.certificates import Authority, issue_server, make_authority, new_tls_key
from sync.crypto.sealing import XWING, OpeningKey
from sync.crypto.signing import SigningKey
from sync.crypto.tlog import NoteSigner
from sync.crypto.tlog.notes import LOG_KEY
from sync.errors import InsurerFolderExists, InsurerFolderMissing
from sync.receiver.announced import COMING_FILE, KEYS_FILE, PROFILE_FILE, Announced, announced
from sync.receiver.ways import AdmittedRelay, admitted_relays

_AUTHORITY: Final = "authority"
INTAKE: Final = "intake"
OPENER: Final = "opener"
DATABASE: Final = "intake.db"
LOG_DEADLINE_HOURS: Final = 24


class InsurerSettings(StrictRecord, frozen=True, kw_only=True):
    """Who this insurer is. `endpoint` is the origin terminals know; port 0 stands for the port that is bound."""

    amc: InsurerId
    name: Text
    convention: Routing
    endpoint: Origin
    hosting: Text
    csr: Routing | None = None

    def host(self) -> str:
        """The host name or address of the endpoint."""
        return urlsplit(self.endpoint).hostname or ""

    def log_origin(self) -> str:
        """The name of this insurer's log, for as long as the log lives: a host name without its port, and the AMC."""
        return f"{self.host()}/{self.amc}/log"

    def port(self) -> int:
        """The port of the endpoint, 443 when it names none."""
        port = urlsplit(self.endpoint).port
        return 443 if port is None else port

    def at_port(self, port: int) -> str:
        """The endpoint's origin; its port 0 is replaced by `port`."""
        return self.endpoint if self.port() else self.endpoint.removesuffix(":0") + f":{port}"


@dataclass(frozen=True)
class IntakeMaterial:
    """What the open server works with. `recipients` are the ids of the sealing keys claims may be sealed to."""

    settings: InsurerSettings
    database: Path
    authority_pem: str
    server_pem: str
    announced: Announced
    recipients: frozenset[str]
    clients: Authority
    signer: SigningKey
    server_key: bytes = field(repr=False)
    pseudonym_key: bytes = field(repr=False)
    relays: tuple[AdmittedRelay, ...] = ()

    def directory_entry(self, endpoint: str) -> DirectoryEntry:
        """What the directory says of this insurer, reachable at `endpoint`: its own, or that of a relay it admitted."""
        shared = {name: getattr(self.settings, name) for name in ("amc", "name", "convention", "csr", "hosting")}
        jwk = msgspec.convert(self.announced.announcer.jwk, Jwk)
        authority = next((one.authority_pem for one in self.relays if one.origin == endpoint), self.authority_pem)
        return DirectoryEntry(endpoint=endpoint, authority_pem=authority, signing=jwk, **shared)


def create_insurer(
    folder: Path,
    settings: InsurerSettings,
    profile: Profile,
    now: datetime,
    beside: Mapping[str, bytes] = MappingProxyType({}),
) -> None:
    """Make an insurer with new keys in `folder`; InsurerFolderExists unless it is absent or empty.

    `beside` are more files of the intake, by name.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise InsurerFolderExists("the folder is not empty")
    check_profile(profile)
    folder.parent.mkdir(parents=True, exist_ok=True)
    partial = folder.parent / f".{folder.name}.{secrets.token_hex(4)}"
    try:
        more = {f"{INTAKE}/{name}": content for name, content in beside.items()}
        for name, content in {**_new_files(settings, profile, now), **more}.items():
            _write_private(partial / name, content)
        partial.rename(folder)
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def open_intake(folder: Path) -> IntakeMaterial:
    """What the intake needs of `folder`; InsurerFolderMissing when there is none. Reads `intake/` only."""
    intake = folder / INTAKE
    settings = settings_of(folder)
    signer = SigningKey.from_bytes(_read(intake / "signing.key"))
    found = announced_in(folder)
    return IntakeMaterial(
        settings=settings,
        database=intake / DATABASE,
        authority_pem=_read(intake / "authority.pem").decode("ascii"),
        server_pem=_read(intake / "server.pem").decode("ascii"),
        announced=found,
        recipients=frozenset(key.kid for key in found.keys.sealing),
        clients=Authority(_read(intake / "clients.pem"), _read(intake / "clients.key")),
        signer=signer,
        server_key=_read(intake / "server.key"),
        pseudonym_key=_read(intake / "pseudonym.key"),
        relays=admitted_relays(intake),
    )


def announced_in(folder: Path) -> Announced:
    """What the insurer in `folder` announces; InsurerFolderMissing, ContractError, SignatureInvalid."""
    intake = folder / INTAKE
    coming = intake / COMING_FILE
    return announced(
        _read(intake / KEYS_FILE).decode("ascii"),
        _read(intake / PROFILE_FILE).decode("ascii"),
        _read(coming).decode("ascii") if coming.exists() else None,
    )


def database_of(folder: Path) -> Path:
    """Where the intake keeps its claims; InsurerFolderMissing when there is no insurer."""
    _read(folder / INTAKE / "insurer.json")
    return folder / INTAKE / DATABASE


def settings_of(folder: Path) -> InsurerSettings:
    """Who the insurer is; InsurerFolderMissing when there is none."""
    return decode(_read(folder / INTAKE / "insurer.json"), InsurerSettings)


def intake_of(folder: Path) -> Path:
    """The intake's folder; InsurerFolderMissing when there is no insurer."""
    _read(folder / INTAKE / "insurer.json")
    return folder / INTAKE


def opener_of(folder: Path) -> Path:
    """The opener's folder; InsurerFolderMissing when this machine does not have it."""
    _read(folder / OPENER / "opening.key")
    return folder / OPENER


def open_opener(folder: Path) -> OpeningKey:
    """The key that opens claims, with its former ones; InsurerFolderMissing when this machine does not have it."""
    seeds = [_read(path) for path in sorted((folder / OPENER).glob("former-*.key"))]
    former = [OpeningKey.from_seed(seed, XWING) for seed in seeds]
    return OpeningKey(_read(folder / OPENER / "opening.key"), XWING, former)


def _new_files(settings: InsurerSettings, profile: Profile, now: datetime) -> Mapping[str, bytes]:
    authority = make_authority(f"Comptoir {settings.amc} servers", now)
    clients = make_authority(f"Comptoir {settings.amc} terminals", now)
    opening, signer, server_key = OpeningKey.generate(XWING), SigningKey.generate(), new_tls_key()
    keys = _key_set(settings.amc, signer, opening)
    log_seed = NoteSigner.new_seed()
    profile = msgspec.structs.replace(profile, log=_log_terms(settings, log_seed))
    return {
        f"{_AUTHORITY}/authority.key": authority.key,
        f"{OPENER}/opening.key": opening.seed,
        f"{INTAKE}/insurer.json": encode(settings),
        f"{INTAKE}/authority.pem": authority.certificate_pem,
        f"{INTAKE}/server.key": server_key,
        f"{INTAKE}/server.pem": issue_server(authority, [settings.host()], server_key, now),
        f"{INTAKE}/clients.key": clients.key,
        f"{INTAKE}/clients.pem": clients.certificate_pem,
        f"{INTAKE}/signing.key": signer.to_bytes(),
        f"{INTAKE}/log.key": log_seed,
        f"{INTAKE}/pseudonym.key": secrets.token_bytes(32),
        f"{INTAKE}/{KEYS_FILE}": signer.sign(KEYS_TYP, encode(keys)).encode("ascii"),
        f"{INTAKE}/{PROFILE_FILE}": signer.sign(PROFILE_TYP, encode(profile)).encode("ascii"),
    }


def _log_terms(settings: InsurerSettings, seed: bytes) -> LogTerms:
    key = NoteSigner(settings.log_origin(), LOG_KEY, seed).public
    return LogTerms(key=key.vkey, deadline_hours=LOG_DEADLINE_HOURS, quorum=0)


def _key_set(amc: str, signer: SigningKey, opening: OpeningKey) -> KeySet:
    public = opening.public
    sealing = SealingPublic(kid=public.kid, suite=public.suite, public=base64url.to_text(public.public))
    signing = SigningPublic(kid=signer.kid, jwk=msgspec.convert(signer.public.jwk, Jwk))
    return KeySet(schema="comptoir/keys/v1", insurer=amc, version=1, signing=(signing,), sealing=(sealing,))


def _write_private(path: Path, content: bytes) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise InsurerFolderMissing("a part of the insurer is not here", part=path.name) from error
