"""Which keys speak for an insurer, and what a document signed by one of them says.

Rules: the root is the signing key pinned at enrolment (from the directory, not from the insurer's own answer); a key
set counts only when that key signed it; a `kid` that does not follow from its key is a lie and ends it. A later key set
counts when a key of the present one signed it, and that key is then the root; versions only grow. What was verified
under former keys stays verifiable: they are kept, for that alone.
"""

import datetime
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace

import msgspec

from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, decode
from sync.contract.keys import KeySet
from sync.contract.profile import Profile, check_profile
from sync.crypto.signing import VerifyingKey
from sync.errors import SignatureInvalid, TermsRolledBack
from sync.insurers import FormerKeys, InsurerRecord


@dataclass(frozen=True)
class Told:
    """What an insurer says of itself, as it was signed: key set, profile in force, and the next one if there is one."""

    keys: str = field(repr=False)
    profile: str = field(repr=False)
    coming: str | None = field(repr=False, default=None)


def trusted_keys(record: InsurerRecord) -> tuple[VerifyingKey, ...]:
    """The signing keys of an enrolled insurer; SignatureInvalid, ContractError or KeyInvalid otherwise."""
    return keys_in(pinned_key(record.signing_jwk), record.keys_jws, record.amc)


def known_keys(record: InsurerRecord) -> tuple[VerifyingKey, ...]:
    """The present signing keys and the former ones: for what was accepted before, never for what comes in."""
    former = (keys_in(pinned_key(one.signing_jwk), one.keys_jws, record.amc) for one in record.former_keys)
    return tuple(dict.fromkeys((*trusted_keys(record), *(key for keys in former for key in keys))))


def followed(record: InsurerRecord, told: Told, today: datetime.date) -> InsurerRecord:
    """The enrolment as it is after what the insurer says now; `record` itself when that is nothing new.

    SignatureInvalid when no trusted key announced it, TermsRolledBack for an older version, ContractError, KeyInvalid.
    """
    new = _with_keys(record, told.keys)
    keys = trusted_keys(new)
    present = profile_in(known_keys(new), record.profile_jws, record.amc)
    offered = {signed: profile_in(keys, signed, record.amc) for signed in (told.profile, told.coming) if signed}
    if max(one.version for one in offered.values()) < present.version:
        raise TermsRolledBack("an older profile", part="profile")
    if any(one.version == present.version and one != present for one in offered.values()):
        raise TermsRolledBack("another profile under the same version", part="profile")
    newer = {signed: one for signed, one in offered.items() if one.version >= present.version}
    in_force = _newest({signed: one for signed, one in newer.items() if one.effective <= today})
    later = (signed for signed, one in newer.items() if one.effective > today and one.version > present.version)
    coming = _newest({signed: newer[signed] for signed in later})
    if in_force is None or (offered[in_force].version == present.version and _speaks(keys, record.profile_jws)):
        in_force = record.profile_jws
    verified(keys, PROFILE_TYP, in_force)
    return replace(new, profile_jws=in_force, coming_profile_jws=coming)


def profile_jws_on(record: InsurerRecord, day: datetime.date) -> str:
    """The profile (JWS) in force on `day`: the coming one from its first day on, whether or not there is a line."""
    if record.coming_profile_jws is None:
        return record.profile_jws
    coming = profile_in(trusted_keys(record), record.coming_profile_jws, record.amc)
    return record.coming_profile_jws if coming.effective <= day else record.profile_jws


def _with_keys(record: InsurerRecord, keys_jws: str) -> InsurerRecord:
    """The record under the key set `keys_jws`, which a trusted key signed; `record` itself when it says the same."""
    present = _key_set(pinned_key(record.signing_jwk), record.keys_jws, record.amc)
    for key in trusted_keys(record):
        with suppress(SignatureInvalid):
            new = _key_set(key, keys_jws, record.amc)
            break
    else:
        raise SignatureInvalid("no trusted key signed the key set")
    if new == present:
        return record
    if new.version <= present.version:
        raise TermsRolledBack("an older key set, or another under the same version", part="keys")
    former = (FormerKeys(record.signing_jwk, record.keys_jws), *record.former_keys)
    return replace(record, keys_jws=keys_jws, signing_jwk=key.jwk, former_keys=former)


def _key_set(pinned: VerifyingKey, keys_jws: str, insurer: str) -> KeySet:
    keys_in(pinned, keys_jws, insurer)
    return decode(pinned.verify(KEYS_TYP, keys_jws), KeySet)


def _newest(profiles: Mapping[str, Profile]) -> str | None:
    return max(profiles, key=lambda signed: profiles[signed].version, default=None)


def _speaks(keys: Iterable[VerifyingKey], profile_jws: str) -> bool:
    with suppress(SignatureInvalid):
        verified(keys, PROFILE_TYP, profile_jws)
        return True
    return False


def pinned_key(jwk: Mapping[str, str]) -> VerifyingKey:
    """The key of a directory's JWK; KeyInvalid."""
    return VerifyingKey.from_jwk(dict(jwk))


def keys_in(pinned: VerifyingKey, keys_jws: str, insurer: str) -> tuple[VerifyingKey, ...]:
    """The signing keys a key set names, `pinned` having signed it for `insurer`."""
    keys = decode(pinned.verify(KEYS_TYP, keys_jws), KeySet)
    found = tuple(VerifyingKey.from_jwk(msgspec.to_builtins(key.jwk)) for key in keys.signing)
    if keys.insurer != insurer or [key.kid for key in found] != [key.kid for key in keys.signing]:
        raise SignatureInvalid("the key set is another insurer's, or misnames a key")
    return found


def keys_signed_by(trusted: Iterable[VerifyingKey], keys_jws: str, insurer: str) -> str:
    """`keys_jws` itself, when one of the trusted keys signed it for `insurer`; SignatureInvalid otherwise."""
    for key in trusted:
        with suppress(SignatureInvalid):
            keys_in(key, keys_jws, insurer)
            return keys_jws
    raise SignatureInvalid("no trusted key signed the key set")


def profile_in(keys: Iterable[VerifyingKey], profile_jws: str, insurer: str) -> Profile:
    """The profile in a JWS that one of `keys` signed for `insurer`."""
    profile = check_profile(decode(verified(keys, PROFILE_TYP, profile_jws), Profile))
    if profile.insurer != insurer:
        raise SignatureInvalid("the profile is another insurer's")
    return profile


def verified(keys: Iterable[VerifyingKey], typ: str, signed: str) -> bytes:
    """The payload of a JWS that one of `keys` made for `typ`; SignatureInvalid otherwise."""
    for key in keys:
        with suppress(SignatureInvalid):
            return key.verify(typ, signed)
    raise SignatureInvalid("no trusted key made this signature")
