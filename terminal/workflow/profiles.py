"""Insurers' profiles as they are loaded, and kept by their digest so that a claim can be priced again years later.

    profiles/<digest>.jws    each profile that priced a claim, signature included; never changed

Rules: a profile that names a field which no claim has (a correction, a prescription, an image, anything else) is
refused when it is loaded, by that field; so is one that only counts from a later day. A field whose end date has passed
is not a defect: it is simply not sent any more. The signature is verified before the profile comes here.
"""

import hashlib
import re
from datetime import date
from pathlib import Path
from typing import Any, Final, get_args

import msgspec

from sync.contract.envelope import decode
from sync.contract.profile import OptionalField, Profile, check_profile
from sync.crypto import base64url
from sync.durable import medium_errors, replace_file
from terminal.domain.errors import ProfileFieldForbidden, ProfileNotYetEffective, ProfileUnknown

FOLDER: Final = "profiles"
MAX_NAME: Final = 60
ALLOWED: Final[tuple[str, ...]] = get_args(OptionalField)
_DIGEST: Final = re.compile("[0-9a-f]{64}", re.ASCII)


def load_profile(payload: bytes, day: date) -> Profile:
    """The profile in a verified payload, in force on `day`.

    Raises ProfileFieldForbidden with the field, ProfileNotYetEffective, or ContractError for any other defect.
    """
    for name in _fields_named(payload):
        if name not in ALLOWED:
            raise ProfileFieldForbidden("no claim has it", field=name[:MAX_NAME], accepted=", ".join(ALLOWED))
    profile = check_profile(decode(payload, Profile))
    if profile.effective > day:
        raise ProfileNotYetEffective("from a later day", effective=profile.effective.isoformat())
    return profile


def _fields_named(payload: bytes) -> list[str]:
    """The names of the optional fields, whatever else the payload is."""
    try:
        raw: Any = msgspec.json.decode(payload)
    except msgspec.MsgspecError:
        return []
    fields = raw.get("fields") if isinstance(raw, dict) else None
    named = fields if isinstance(fields, list) else []
    return [str(field.get("field", "")) for field in named if isinstance(field, dict)]


class KeptProfiles:
    """The profiles of a home, by the SHA-256 of their JWS, which is what claims record."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER

    def keep(self, jws: str) -> str:
        """Make a profile durable, once; its digest."""
        content = jws.encode("ascii")
        digest = hashlib.sha256(content).hexdigest()
        if not self._path(digest).exists():
            with medium_errors():
                self._folder.mkdir(mode=0o700, exist_ok=True)
            replace_file(self._path(digest), content)
        return digest

    def by_digest(self, digest: str) -> Profile:
        """The profile that a claim names; ProfileUnknown when it is not kept here or is not those bytes any more."""
        try:
            content = self._path(digest).read_bytes() if _DIGEST.fullmatch(digest) else b""
        except OSError:
            content = b""
        if hashlib.sha256(content).hexdigest() != digest:
            raise ProfileUnknown("not kept here", digest=digest)
        return decode(base64url.to_bytes(content.decode("ascii").split(".")[1]), Profile)

    def _path(self, digest: str) -> Path:
        return self._folder / f"{digest}.jws"
