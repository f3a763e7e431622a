"""Reference data for the screens: their age, where newer ones are, what these change, and putting them in force.

Rules: the same acts as `data show`, `data update`, `data accept` and `lpp import`, in the same words; looking puts
nothing in force.
"""

from pathlib import Path
from typing import Final

from sync.errors import SyncError
from sync.reference import GoodSet, Reference, documents
from sync.reference.demo import is_demo
from sync.reference.refusals import DataSourceMissing
from terminal.bootstrap import data_source
from terminal.catalogue import Shelf
from terminal.catalogue.comparison import compare
from terminal.catalogue.proposal import Proposal, propose
from terminal.catalogue.reading import read_official
from terminal.cli.catalogues import comparison_lines
from terminal.cli.reference import offer_lines
from terminal.domain.errors import DomainError
from terminal.workflow import reference as workflow
from terminal.workflow.desk import Desk
from terminal.workflow.office import DataOrigin, DataState, Difference, InForce
from terminal.workflow.recipients import profile_of

MOST: Final = 9
_ENDINGS: Final = frozenset({".zip", ".csv", ".txt", ".dbf"})
_OFFICIAL: Final = "lpp"
"""How the names of the official files begin."""


def state_of(desk: Desk, media: tuple[Path, ...]) -> DataState:
    """What is in force, its age, and where to look."""
    reference = Reference(desk.home.path)
    good, age = _last_good(reference), workflow.data_age(desk)
    catalogue = Shelf(desk.home.path).current()
    return DataState(
        catalogue=catalogue.version,
        since=catalogue.effective_from,
        age=age,
        source=good.source if good else "",
        expires=good.expires.date() if good else None,
        listed=len(documents.directory(reference, good)) if good else None,
        profiles=tuple(_profiles(desk)),
        demo=reference.has_root and is_demo(reference.root()),
        origins=_origins(reference, media, waiting=age is not None and age.waiting)[:MOST],
    )


def look(desk: Desk, origin: DataOrigin) -> Difference:
    """What this origin would change; DataRefused, DataSourceMissing, ImportInvalid, ImportUnreadable."""
    if origin.kind == "file":
        return _look_at_file(desk, origin)
    good = _last_good(Reference(desk.home.path)) if origin.kind == "kept" else None
    if origin.kind != "kept":
        good = workflow.take(desk, data_source(desk, origin.name))
    if good is None:
        raise DataSourceMissing("nothing was taken yet")
    offer = workflow.offer_of(desk, good)
    if offer.empty:
        workflow.put_in_force(desk, offer)
    return Difference(origin, tuple(offer_lines(desk, offer)), offer.empty, offer)


def accept(desk: Desk, found: Difference) -> None:
    """Put a difference in force; CatalogueChanged when another import came in between."""
    if isinstance(found.change, Proposal):
        Shelf(desk.home.path).accept(found.change)
    elif isinstance(found.change, workflow.Offer):
        workflow.put_in_force(desk, found.change)


def _look_at_file(desk: Desk, origin: DataOrigin) -> Difference:
    shelf = Shelf(desk.home.path)
    shelf.keep_seed()
    before = shelf.current()
    proposal = propose(before, read_official(Path(origin.name)))
    changes = compare(before, proposal, desk.today())
    counts = changes.new or changes.ended or changes.reopened or changes.prices or changes.regroupements
    return Difference(origin, tuple(comparison_lines(changes)), not counts, proposal)


def _last_good(reference: Reference) -> GoodSet | None:
    try:
        return reference.current() if reference.has_root else None
    except SyncError:
        return None


def _profiles(desk: Desk) -> list[InForce]:
    found = []
    for record in desk.home.insurers.all():
        try:
            profile = profile_of(record, desk.today())
        except (DomainError, SyncError):
            continue
        found.append(InForce(record.name, profile.version, profile.effective))
    return found


def _origins(reference: Reference, media: tuple[Path, ...], *, waiting: bool) -> tuple[DataOrigin, ...]:
    """What waits already, then sticks, then the line; files of tariffs last."""
    found = [DataOrigin("kept", "")] if waiting else []
    if reference.has_root:
        found += [DataOrigin("stick", str(medium)) for medium in media if (medium / "metadata").is_dir()]
        source = reference.source()
        found += [DataOrigin("line", source)] if source else []
    found += [DataOrigin("file", str(file)) for medium in media for file in _files(medium)]
    return tuple(found)


def _files(medium: Path) -> list[Path]:
    try:
        return [file for file in sorted(medium.iterdir()) if file.is_file() and _may_be_tariffs(file)]
    except OSError:
        return []


def _may_be_tariffs(file: Path) -> bool:
    return file.name.lower().startswith(_OFFICIAL) or file.suffix.lower() in _ENDINGS
