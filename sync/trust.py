"""Which keys speak for an insurer, and what a document signed by one of them says.

Rules: the root is the signing key pinned at enrolment (from the directory, not from the insurer's own answer); a key
set counts only when that key signed it; a `kid` that does not follow from its key is a lie and ends it.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress

import msgspec

from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, decode
from sync.contract.keys import KeySet
from sync.contract.profile import Profile, check_profile
from sync.crypto.signing import VerifyingKey
from sync.errors import SignatureInvalid
from sync.insurers import InsurerRecord


def trusted_keys(record: InsurerRecord) -> tuple[VerifyingKey, ...]:
    """The signing keys of an enrolled insurer; SignatureInvalid, ContractError or KeyInvalid otherwise."""
    return keys_in(pinned_key(record.signing_jwk), record.keys_jws, record.amc)


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
