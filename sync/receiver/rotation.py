"""New signing keys, sealing keys and profiles, announced so that every terminal can follow.

Rules: a new key set is signed by the key in use before, names the new key first and keeps the former ones, eight at
most: what they signed stays good. Each version is one more than the last. A key is retired only when it is known to
others than the insurer: terminals that did not follow meanwhile then need a new letter. A profile of a later day is
announced beside the one in force. An interrupted rotation is ended by the next one; a running intake reads all of this
when it starts.
"""

import datetime
from pathlib import Path
from typing import Final

import msgspec

from sync.contract.envelope import KEYS_TYP, PROFILE_TYP, encode
from sync.contract.keys import Jwk, KeySet, SealingPublic, SigningPublic
from sync.contract.profile import Profile, check_profile
from sync.crypto import base64url
from sync.crypto.sealing import XWING, OpeningKey
from sync.crypto.signing import SigningKey
from sync.durable import folder_lock, medium_errors, replace_file
from sync.errors import ContractError
from sync.receiver.announced import COMING_FILE, KEYS_FILE, PROFILE_FILE, Announced, kid_of
from sync.receiver.folder import INTAKE, OPENER, announced_in, open_intake, open_opener
from sync.receiver.terms import Terms

MOST_KEYS: Final = 8
_SIGNING: Final = "signing.key"
_NEXT: Final = "next-signing.key"


def rotate_signing(folder: Path) -> KeySet:
    """Put a new signing key in use; the key set that announces it."""
    with folder_lock(folder / INTAKE):
        found, former = announced_in(folder), open_intake(folder).signer
        if (ended := _end_interrupted(folder, found.keys)) is not None:
            return ended
        new = SigningKey.generate()
        signing = (_public(new), *found.keys.signing)[:MOST_KEYS]
        keys = msgspec.structs.replace(found.keys, version=found.keys.version + 1, signing=signing)
        _sign_again(folder, found, former, {one.kid for one in found.keys.signing if one not in signing})
        _write(folder, _NEXT, new.to_bytes())
        _write(folder, KEYS_FILE, _signed(former, KEYS_TYP, keys))
        _write(folder, _SIGNING, new.to_bytes())
        _forget(folder, _NEXT)
    return keys


def rotate_sealing(folder: Path) -> KeySet:
    """Let claims be sealed to a new key; the former ones still open theirs. Needs the opener's folder beside.

    InsurerFolderMissing without it. At each moment every announced key can be opened with, wherever the power goes.
    """
    with folder_lock(folder / INTAKE):
        found, former = announced_in(folder), open_opener(folder)
        new = OpeningKey.generate(XWING)
        public = base64url.to_text(new.public.public)
        first = SealingPublic(kid=new.public.kid, suite=new.public.suite, public=public)
        sealing = (first, *found.keys.sealing)[:MOST_KEYS]
        keys = msgspec.structs.replace(found.keys, version=found.keys.version + 1, sealing=sealing)
        _keep_opening(folder, _former_name(new), new)
        _write(folder, KEYS_FILE, _signed(open_intake(folder).signer, KEYS_TYP, keys))
        _keep_opening(folder, _former_name(former), former)
        _keep_opening(folder, "opening.key", new)
    return keys


def retire_signing(folder: Path, kid: str) -> KeySet:
    """Believe a former signing key no more, from now on; ContractError for the one in use or an unknown one."""
    with folder_lock(folder / INTAKE):
        found, signer = announced_in(folder), open_intake(folder).signer
        left = tuple(one for one in found.keys.signing if one.kid != kid)
        if kid == signer.kid or len(left) == len(found.keys.signing):
            raise ContractError("only a former key of the set can be retired", accepted=len(left))
        keys = msgspec.structs.replace(found.keys, version=found.keys.version + 1, signing=left)
        _sign_again(folder, found, signer, {kid})
        _write(folder, KEYS_FILE, _signed(signer, KEYS_TYP, keys))
    return keys


def set_profile(folder: Path, terms: Terms, today: datetime.date) -> Profile:
    """A new version of the profile with these terms, in force from their day on, today if they name none.

    What the terms do not say (name, code level, log, hosting) stays. ContractError.
    """
    with folder_lock(folder / INTAKE):
        found, signer = announced_in(folder), open_intake(folder).signer
        profile = check_profile(
            msgspec.structs.replace(
                found.newest(),
                version=found.newest().version + 1,
                effective=terms.effective or today,
                contracts=terms.contracts,
                fields=terms.fields,
                offline_ceiling=terms.offline_ceiling,
            )
        )
        in_force, _ = found.on(today)
        if profile.effective > today:
            _write(folder, COMING_FILE, _signed(signer, PROFILE_TYP, profile))
            _write(folder, PROFILE_FILE, in_force.encode("ascii"))
        else:
            _write(folder, PROFILE_FILE, _signed(signer, PROFILE_TYP, profile))
            _forget(folder, COMING_FILE)
    return profile


def _end_interrupted(folder: Path, keys: KeySet) -> KeySet | None:
    """Put a key in use that was announced before the power went; None when there is none."""
    try:
        waiting = (folder / INTAKE / _NEXT).read_bytes()
    except FileNotFoundError:
        return None
    announced = SigningKey.from_bytes(waiting).kid == keys.signing[0].kid
    if announced:
        _write(folder, _SIGNING, waiting)
    _forget(folder, _NEXT)
    return keys if announced else None


def _sign_again(folder: Path, found: Announced, signer: SigningKey, retired: set[str]) -> None:
    """The same profiles under the key in use, where one that leaves the set had signed them."""
    profiles = ((PROFILE_FILE, found.profile_jws, found.profile), (COMING_FILE, found.coming_jws, found.coming))
    for name, signed, profile in profiles:
        if signed is not None and profile is not None and kid_of(signed) in retired:
            _write(folder, name, _signed(signer, PROFILE_TYP, profile))


def _former_name(key: OpeningKey) -> str:
    return f"former-{key.public.kid}.key"


def _keep_opening(folder: Path, name: str, key: OpeningKey) -> None:
    with medium_errors():
        replace_file(folder / OPENER / name, key.seed)


def _public(key: SigningKey) -> SigningPublic:
    return SigningPublic(kid=key.kid, jwk=msgspec.convert(key.public.jwk, Jwk))


def _signed(signer: SigningKey, typ: str, record: msgspec.Struct) -> bytes:
    return signer.sign(typ, encode(record)).encode("ascii")


def _write(folder: Path, name: str, content: bytes) -> None:
    with medium_errors():
        replace_file(folder / INTAKE / name, content)


def _forget(folder: Path, name: str) -> None:
    with medium_errors():
        (folder / INTAKE / name).unlink(missing_ok=True)
