"""The insurers this terminal is enrolled with: how long each enrolment holds, who else is listed, what a letter says.

Rules: what is shown is read from what is kept, nothing is asked of anybody here; a directory file on a medium counts as
what it is, an offer that the person with the letter judges; an activation code is judged as it is typed, by its check
symbol, before anything leaves.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

import msgspec

from sync.contract.enrolment import DirectoryEntry
from sync.contract.envelope import KEYS_TYP, decode
from sync.contract.keys import KeySet
from sync.crypto.certificates import not_after, not_before
from sync.errors import HomeInUse, SyncError
from sync.home import home_lock
from sync.insurers import InsurerRecord
from sync.reference import Reference, documents
from sync.service_state import is_alive, read_state
from sync.trust import pinned_key
from terminal.domain.errors import DomainError
from terminal.workflow.desk import Desk
from terminal.workflow.office import Certificate, Enrolment, KeptUp, Listed
from terminal.workflow.recipients import profile_of

ENDING: Final = timedelta(days=20)
"""The service renews 30 days before the end: one that is nearer was not renewed."""
_LONGEST: Final = 65_536
_FILES: Final = 50


def enrolments(desk: Desk) -> tuple[Enrolment, ...]:
    """Every enrolment, as it is kept and as the service last met it."""
    state = read_state(desk.home.path)
    errors = state.errors if state is not None and is_alive(state) else {}
    return tuple(_enrolment(desk, record, errors.get(record.amc)) for record in desk.home.insurers.all())


def keep_up(desk: Desk) -> KeptUp:
    """Follow the insurers' keys and profiles and renew what is due; the service does it where it runs. Waits."""
    from sync.daemon import tend  # noqa: PLC0415 - the line is loaded when it is used, not with the screens

    try:
        with home_lock(desk.home.path, "sync"):
            done = tend(desk.home)
    except HomeInUse:
        return KeptUp(by_service=True)
    return KeptUp(terms=tuple(done.terms), certificates=tuple(done.certificates), errors=dict(done.errors))


def listed(desk: Desk, media: Iterable[Path]) -> tuple[Listed, ...]:
    """Whom one can enrol with: directory files on the media, then the reference data; the new ones first."""
    reference = Reference(desk.home.path)
    good = reference.current() if reference.has_root else None
    entries = documents.directory(reference, good).values() if good else ()
    known = {record.amc for record in desk.home.insurers.all()}
    found = [_listed(entry, file.name, known) for file, entry in _files(media)]
    found += [_listed(entry, "", known) for entry in entries]
    return tuple(sorted(found, key=lambda one: one.enrolled))


def _enrolment(desk: Desk, record: InsurerRecord, trouble: str | None) -> Enrolment:
    span = _lifetime(record)
    end = span[1] if span else None
    return Enrolment(
        amc=record.amc,
        name=record.name,
        endpoint=record.endpoint.removeprefix("https://"),
        hosting=record.hosting,
        certificate="unreadable" if end is None else _standing(end, desk.now()),
        renewed=span[0].date() if span else None,
        until=end.date() if end else None,
        keys=_keys_version(record),
        since=record.enrolled_at.date(),
        trouble=_profile_trouble(desk, record) or trouble,
    )


def _lifetime(record: InsurerRecord) -> tuple[datetime, datetime] | None:
    pem = record.certificate_pem.encode("ascii", "replace")
    try:
        return not_before(pem), not_after(pem)
    except SyncError:
        return None


def _standing(end: datetime, now: datetime) -> Certificate:
    if end <= now:
        return "over"
    return "ending" if end - now < ENDING else "good"


def _keys_version(record: InsurerRecord) -> int | None:
    try:
        return decode(pinned_key(record.signing_jwk).verify(KEYS_TYP, record.keys_jws), KeySet).version
    except SyncError:
        return None


def _profile_trouble(desk: Desk, record: InsurerRecord) -> str | None:
    try:
        profile_of(record, desk.today())
    except (DomainError, SyncError) as error:
        return error.code
    return None


def _listed(entry: DirectoryEntry, file: str, known: set[str]) -> Listed:
    return Listed(entry.amc, entry.name, entry.hosting, file, entry.amc in known, msgspec.json.encode(entry))


def _files(media: Iterable[Path]) -> Iterator[tuple[Path, DirectoryEntry]]:
    for file in (file for medium in media for file in sorted(medium.glob("*.json"))[:_FILES]):
        with suppress(OSError, msgspec.MsgspecError), file.open("rb") as content:
            yield file, msgspec.json.decode(content.read(_LONGEST), type=DirectoryEntry)
