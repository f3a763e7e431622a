"""The log's part of an insurer's folder: `intake/log.key`, `intake/witnesses.json`, `intake/log/`, and the profile.

Rules: an insurer without the key has no log, and says so by leaving `log` out of its profile; who may cosign and how
many must is stated in the profile, signed, with a version of its own; the addresses of witnesses are nobody else's
business.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import msgspec

from sync.contract.envelope import PROFILE_TYP, encode
from sync.contract.profile import LogTerms, Profile, check_profile
from sync.crypto.signing import SigningKey
from sync.crypto.tlog import NoteKey, NoteSigner
from sync.crypto.tlog.notes import LOG_KEY, WITNESS_KEY
from sync.durable import folder_lock, medium_errors, replace_file
from sync.errors import ContractError, InsurerFolderMissing, KeyInvalid
from sync.receiver.cosigners import Cosigners, WitnessAddress
from sync.receiver.db import Ledger
from sync.receiver.folder import announced_in, open_intake
from sync.receiver.log_files import LogFiles
from sync.receiver.publisher import Now, Publisher

_INTAKE: Final = "intake"
_LOG: Final = "log"
_KEY: Final = "log.key"
_WITNESSES: Final = "witnesses.json"
_PROFILE: Final = "profile.jws"


@dataclass(frozen=True)
class LogMaterial:
    """What publishing needs: the log's key, what the profile says of it, where the witnesses are."""

    signer: NoteSigner = field(repr=False)
    terms: LogTerms
    witnesses: tuple[WitnessAddress, ...]


def log_files(folder: Path) -> LogFiles:
    """The published files of the insurer in `folder`."""
    return LogFiles(folder / _INTAKE / _LOG)


def open_log(folder: Path, ledger: Ledger, now: Now) -> Publisher | None:
    """The log of the insurer in `folder`, ready to publish; None when it has none. LogDamaged."""
    material = log_material(folder)
    if material is None:
        return None
    cosigners = Cosigners(material.witnesses, material.terms.quorum)
    return Publisher(log_files(folder), ledger, material.signer, cosigners, now)


def log_material(folder: Path) -> LogMaterial | None:
    """The log's material; None when this insurer has no log. ContractError when its parts contradict each other."""
    seed, terms = _read(folder, _KEY), _profile(folder).log
    if seed is None or terms is None:
        return None
    signer = NoteSigner(NoteKey.parse(terms.key).name, LOG_KEY, seed)
    witnesses = msgspec.json.decode(_read(folder, _WITNESSES) or b"[]", type=tuple[WitnessAddress, ...])
    if signer.public.vkey != terms.key or tuple(one.vkey for one in witnesses) != terms.witnesses:
        raise ContractError("the profile names another key or other witnesses")
    return LogMaterial(signer, terms, witnesses)


def set_witnesses(folder: Path, witnesses: Sequence[WitnessAddress], quorum: int, deadline_hours: int) -> Profile:
    """State who cosigns, in a new version of the profile; a log is begun where there was none. ContractError."""
    if any(NoteKey.parse(one.vkey).kind != WITNESS_KEY for one in witnesses):
        raise KeyInvalid("not a witness's key")
    settings = open_intake(folder).settings
    with folder_lock(folder / _INTAKE):
        seed = _read(folder, _KEY) or NoteSigner.new_seed()
        former = _profile(folder)
        if announced_in(folder).coming is not None:
            raise ContractError(
                "a coming profile waits for its day", effective=str(announced_in(folder).newest().effective)
            )
        name = NoteKey.parse(former.log.key).name if former.log else settings.log_origin()
        key = NoteSigner(name, LOG_KEY, seed).public.vkey
        named = tuple(one.vkey for one in witnesses)
        terms = LogTerms(key=key, deadline_hours=deadline_hours, quorum=quorum, witnesses=named)
        profile = check_profile(msgspec.structs.replace(former, log=terms, version=former.version + 1))
        _write(folder, _KEY, seed)
        _write(folder, _WITNESSES, msgspec.json.encode(list(witnesses)))
        _write(folder, _PROFILE, _signer(folder).sign(PROFILE_TYP, encode(profile)).encode("ascii"))
    return profile


def _profile(folder: Path) -> Profile:
    return announced_in(folder).profile


def _signer(folder: Path) -> SigningKey:
    return open_intake(folder).signer


def _read(folder: Path, name: str) -> bytes | None:
    try:
        return (folder / _INTAKE / name).read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InsurerFolderMissing("a part of the insurer cannot be read", part=name) from error


def _write(folder: Path, name: str, content: bytes) -> None:
    with medium_errors():
        replace_file(folder / _INTAKE / name, content)
