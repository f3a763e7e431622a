"""The documents of a set: which files there are, and the insurers' directory.

    lpp/<name>                  the nomenclature: one file in a form that `comptoir lpp import` reads
    insurers.json               the directory: every insurer's address, authority, signing key, declared hosting
    profiles/<amc>.jws          an insurer's profile, as that insurer signed it

Rules: a file of another name is kept and not used, so that a newer publisher stops no older terminal. That the set is
rightly signed says who published it; a profile counts only under its insurer's own signature besides.
"""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from sync.contract.enrolment import DirectoryEntry
from sync.reference.kept import GoodSet, KeptFile, Reference
from sync.reference.refusals import DataUnusable

DIRECTORY: Final = "insurers.json"
_CATALOGUE: Final = "lpp/"
_PROFILE: Final = ("profiles/", ".jws")
MAX_PROFILE: Final = 131_072


class Directory(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All insurers that a shop can enrol with."""

    schema: Literal["comptoir/directory/v1"]
    insurers: Annotated[tuple[DirectoryEntry, ...], msgspec.Meta(max_length=2000)]


def catalogue_file(good: GoodSet) -> tuple[str, KeptFile] | None:
    """Name and file of the nomenclature, None when the set has none; DataUnusable for more than one."""
    found = [(name, kept) for name, kept in good.files.items() if name.startswith(_CATALOGUE)]
    if len(found) > 1:
        raise DataUnusable("more than one nomenclature", file=_CATALOGUE)
    return found[0] if found else None


def directory(reference: Reference, good: GoodSet) -> Mapping[str, DirectoryEntry]:
    """The insurers by AMC number, empty when the set has no directory; DataUnusable, DataDamaged."""
    kept = good.files.get(DIRECTORY)
    if kept is None:
        return {}
    try:
        entries = msgspec.json.decode(reference.content(kept), type=Directory).insurers
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise DataUnusable("not a directory", file=DIRECTORY) from error
    found = {entry.amc: entry for entry in entries}
    if len(found) != len(entries):
        raise DataUnusable("an insurer twice", file=DIRECTORY)
    return found


def profile(reference: Reference, good: GoodSet, amc: str) -> str | None:
    """The profile (JWS) of an insurer, not verified under its keys; DataUnusable, DataDamaged."""
    name = f"{_PROFILE[0]}{amc}{_PROFILE[1]}"
    kept = good.files.get(name)
    if kept is None:
        return None
    if kept.length > MAX_PROFILE:
        raise DataUnusable("too large", file=name)
    try:
        return reference.content(kept).decode("ascii").strip()
    except UnicodeDecodeError as error:
        raise DataUnusable("not a signed profile", file=name) from error
