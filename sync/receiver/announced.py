"""What an insurer announces of itself: its key set and its profiles, and by which key each was signed.

    intake/keys.jws              the key set, signed by a key that it names
    intake/profile.jws           the profile in force
    intake/coming-profile.jws    the one that follows it, from its own first day on

Rules: a key set is believed only under a key that stands in it, a profile only under a key of the set. This is the
insurer's own folder: what does not hold is a damage to tell, not an attack to survive.
"""

import datetime
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, decode
from sync.contract.keys import KeySet
from sync.contract.profile import Profile, check_profile
from sync.crypto import base64url
from sync.crypto.signing import VerifyingKey
from sync.errors import ContractError

KEYS_FILE: Final = "keys.jws"
PROFILE_FILE: Final = "profile.jws"
COMING_FILE: Final = "coming-profile.jws"


@dataclass(frozen=True)
class Announced:
    """Key set and profiles as they were signed, and read. `announcer` signed the key set: a directory names it."""

    keys_jws: str = field(repr=False)
    profile_jws: str = field(repr=False)
    coming_jws: str | None = field(repr=False)
    keys: KeySet
    announcer: VerifyingKey
    profile: Profile
    coming: Profile | None

    def on(self, day: datetime.date) -> tuple[str, str | None]:
        """The profile (JWS) in force on `day`, and the one that follows it."""
        if self.coming is not None and self.coming.effective <= day:
            return str(self.coming_jws), None
        return self.profile_jws, self.coming_jws

    def newest(self) -> Profile:
        """The profile with the highest version."""
        return self.coming or self.profile


def announced(keys_jws: str, profile_jws: str, coming_jws: str | None) -> Announced:
    """Read what an insurer announces; ContractError or SignatureInvalid where its parts do not hold together."""
    keys, announcer = _key_set(keys_jws)
    by_kid = {one.kid: VerifyingKey.from_jwk(msgspec.to_builtins(one.jwk)) for one in keys.signing}
    coming = None if coming_jws is None else _profile(by_kid, coming_jws)
    return Announced(keys_jws, profile_jws, coming_jws, keys, announcer, _profile(by_kid, profile_jws), coming)


def kid_of(signed: str) -> str:
    """The key id that a JWS states; nothing is verified. ContractError."""
    try:
        header: Any = msgspec.json.decode(base64url.to_bytes(signed.partition(".")[0]))
        return str(header["kid"])
    except (ContractError, msgspec.MsgspecError, KeyError, TypeError) as error:
        raise ContractError("not a signed document") from error


def _key_set(keys_jws: str) -> tuple[KeySet, VerifyingKey]:
    parts = keys_jws.split(".")
    stated = decode(base64url.to_bytes(parts[1] if len(parts) == 3 else ""), KeySet)
    for one in stated.signing:
        if one.kid == kid_of(keys_jws):
            key = VerifyingKey.from_jwk(msgspec.to_builtins(one.jwk))
            return decode(key.verify(KEYS_TYP, keys_jws), KeySet), key
    raise ContractError("the key set is signed by none of its keys")


def _profile(keys: dict[str, VerifyingKey], profile_jws: str) -> Profile:
    key = keys.get(kid_of(profile_jws))
    if key is None:
        raise ContractError("the profile is signed by no key of the set")
    return check_profile(decode(key.verify(PROFILE_TYP, profile_jws), Profile))
