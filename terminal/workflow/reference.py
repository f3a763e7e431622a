"""Reference data at the counter: how old they are, what they would change, and putting it in force.

Rules: a verified set is only an offer. A nomenclature goes the way of every import, with its comparison; an insurer's
address, authority, name and hosting follow the directory; its signing key never does, because what an insurer signs is
judged by the key that was pinned at enrolment: there a new enrolment is asked for. A profile counts under its insurer's
signature only, when it is newer, and from its first day on. What is not put in force changes nothing.
"""

import tempfile
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Final, Literal

import msgspec

from hardware.trusted_clock import instant_for_dates
from sync.calls import announce
from sync.contract.enrolment import DirectoryEntry
from sync.errors import InsurerUnknown, SyncError
from sync.insurers import InsurerRecord
from sync.reference import GoodSet, Reference, Source, documents
from sync.trust import profile_in, trusted_keys
from terminal.catalogue import Shelf
from terminal.catalogue.comparison import Comparison, compare
from terminal.catalogue.proposal import Proposal, propose
from terminal.catalogue.reading import read_official
from terminal.workflow.desk import Desk
from terminal.workflow.recipients import profile_of
from terminal.workflow.types import DataAge

LATE_AFTER: Final = timedelta(days=30)
_FOLLOWED: Final = ("name", "endpoint", "authority_pem", "hosting")
Verdict = Literal["follow", "enrol_again", "unlisted"]


@dataclass(frozen=True, slots=True)
class InsurerChange:
    """What the directory says otherwise of an enrolled insurer: the fields, and whether they can be followed."""

    amc: str
    fields: tuple[str, ...]
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class ProfileChange:
    """A newer profile: versions, its first day, and the code of what is wrong with it, if anything is."""

    amc: str
    before: int
    version: int
    effective: date | None
    error: str | None = None

    def is_due(self, today: date) -> bool:
        """Whether it can be put in force."""
        return self.error is None and self.effective is not None and self.effective <= today


@dataclass(frozen=True)
class Offer:
    """All that the last good set would change."""

    good: GoodSet
    proposal: Proposal | None
    comparison: Comparison | None
    insurers: tuple[InsurerChange, ...]
    profiles: tuple[ProfileChange, ...]

    @property
    def empty(self) -> bool:
        """Whether nothing would change."""
        return self.proposal is None and not self.insurers and not self.profiles


def take(desk: Desk, source: Source) -> GoodSet:
    """Take the newest set of `source`, judged at an instant that no wrong clock decides; DataRefused."""
    from sync.reference.updating import update  # noqa: PLC0415  # only an update needs python-tuf

    return update(Reference(desk.home.path), source, instant_for_dates(desk.clock))


def data_age(desk: Desk) -> DataAge | None:
    """How old the reference data are; None in a home that takes none."""
    reference = Reference(desk.home.path)
    if not reference.has_root:
        return None
    try:
        good = reference.current()
    except SyncError:
        return DataAge(None, late=True, waiting=False)
    if good is None:
        return DataAge(None, late=True, waiting=False)
    return DataAge(good.checked_at, late=_is_late(desk, good), waiting=_unseen(reference, good))


def _is_late(desk: Desk, good: GoodSet) -> bool:
    moment = instant_for_dates(desk.clock)
    return moment > good.expires or moment - good.checked_at > LATE_AFTER


def _unseen(reference: Reference, good: GoodSet) -> bool:
    """Whether there is a file that nobody has put in force or seen in an offer."""
    accepted = reference.accepted()
    return any(accepted.get(name) != kept.sha256 for name, kept in good.files.items())


def offer_of(desk: Desk, good: GoodSet) -> Offer:
    """What the set would change here; DataUnusable, DataDamaged, ImportInvalid, ImportUnreadable."""
    reference = Reference(desk.home.path)
    proposal = _proposal(desk, reference, good)
    comparison = None
    if proposal is not None:
        comparison = compare(Shelf(desk.home.path).current(), proposal, desk.today())
    listed = documents.directory(reference, good)
    enrolled = desk.home.insurers.all()
    insurers = [_insurer_change(record, listed.get(record.amc)) for record in enrolled if listed]
    profiles = [_profile_change(desk, reference, good, record) for record in enrolled]
    return Offer(
        good,
        proposal,
        comparison,
        tuple(change for change in insurers if change is not None),
        tuple(change for change in profiles if change is not None),
    )


def put_in_force(desk: Desk, offer: Offer) -> None:
    """Put all of an offer in force that can be; a counter that runs sees it at its next question.

    CatalogueChanged when an import came in between: then nothing of the offer was put in force.
    """
    reference = Reference(desk.home.path)
    if offer.proposal is not None:
        Shelf(desk.home.path).accept(offer.proposal)
    listed = documents.directory(reference, offer.good)
    for insurer in offer.insurers:
        if insurer.verdict == "follow":
            entry = listed[insurer.amc]
            announce(desk.home.path, entry.endpoint)
            desk.home.insurers.change(insurer.amc, **{name: str(getattr(entry, name)) for name in insurer.fields})
    for profile in offer.profiles:
        signed = documents.profile(reference, offer.good, profile.amc)
        if signed is not None and profile.is_due(desk.today()):
            desk.home.insurers.change(profile.amc, profile_jws=signed)
    later = {profile.amc for profile in offer.profiles if not profile.is_due(desk.today())}
    for name, kept in offer.good.files.items():
        if not any(name == f"profiles/{amc}.jws" for amc in later):
            reference.accept(name, kept)


def directory_entry(home: Path, amc: str) -> bytes:
    """An insurer of the directory of the last good set, as JSON; InsurerUnknown."""
    reference = Reference(home)
    good = reference.current()
    entry = documents.directory(reference, good).get(amc) if good else None
    if entry is None:
        raise InsurerUnknown("not in the directory", insurer=amc)
    return msgspec.json.encode(entry)


def _proposal(desk: Desk, reference: Reference, good: GoodSet) -> Proposal | None:
    """The nomenclature of the set as an import; None when there is none, or the person decided on it already."""
    found = documents.catalogue_file(good)
    if found is None or reference.accepted().get(found[0]) == found[1].sha256:
        return None
    shelf = Shelf(desk.home.path)
    shelf.keep_seed()
    with tempfile.TemporaryDirectory(prefix="comptoir-lpp-") as folder:
        path = Path(folder, Path(found[0]).name)
        path.write_bytes(reference.content(found[1]))
        before = shelf.current()
        proposal = propose(before, read_official(path))
    return None if proposal.catalogue.digest == before.digest else proposal


def _insurer_change(record: InsurerRecord, entry: DirectoryEntry | None) -> InsurerChange | None:
    if entry is None:
        return InsurerChange(record.amc, (), "unlisted")
    fixed = [name for name in ("convention", "csr") if getattr(entry, name) != getattr(record, name)]
    if msgspec.to_builtins(entry.signing) != record.signing_jwk:
        fixed.append("signing")
    if fixed:
        return InsurerChange(record.amc, tuple(fixed), "enrol_again")
    moved = tuple(name for name in _FOLLOWED if getattr(entry, name) != getattr(record, name))
    return InsurerChange(record.amc, moved, "follow") if moved else None


def _profile_change(desk: Desk, reference: Reference, good: GoodSet, record: InsurerRecord) -> ProfileChange | None:
    signed = documents.profile(reference, good, record.amc)
    if signed is None or signed == record.profile_jws:
        return None
    before = profile_of(record, desk.today()).version
    try:
        found = profile_in(trusted_keys(record), signed, record.amc)
    except SyncError as error:
        return ProfileChange(record.amc, before, before, None, error.code)
    return ProfileChange(record.amc, before, found.version, found.effective) if found.version > before else None
