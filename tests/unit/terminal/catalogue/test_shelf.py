"""The catalogues of a home: accepted whole or not at all, taken back, and found again by their digest for ever."""

import json
import shutil
import stat
from datetime import date
from pathlib import Path
from threading import Thread

import pytest

from sync.errors import MediumFailed
from terminal.catalogue import CatalogueInForce, Shelf, load_catalogue
from terminal.catalogue.catalogue import seed_folder
from terminal.catalogue.proposal import Proposal, propose
from terminal.catalogue.reading import read_official
from terminal.domain.errors import (
    CatalogueChanged,
    CatalogueInvalid,
    CatalogueUnknown,
    NothingToRollBack,
    ServiceDateUncovered,
)
from terminal.domain.identifiers import LppCode
from tests.unit.terminal.catalogue.conftest import ReadNx

LENS = LppCode("2263287")
COLUMNS = "code_lpp,libelle,debut,fin,nature,plv_ttc,base_remboursement,confiance,source"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Where the shelf of these tests lies."""
    return tmp_path / "home"


def table(shelf: Shelf, since: str, plv: str) -> Proposal:
    """A version in which the lens has another ceiling from a day on."""
    path = Path(str(shelf._folder)).parent.parent / f"{since}.csv"
    path.write_text(f"{COLUMNS}\n{LENS},,{since},,,{plv},,haute,Tarif\n", encoding="utf-8")
    return propose(shelf.current(), read_official(path))


def test_without_imports_the_programs_own_data_are_in_force(shelf: Shelf, home: Path) -> None:
    """Nothing is written by asking."""
    assert shelf.current().digest == load_catalogue().digest
    assert shelf.accepted() == ()
    assert not home.exists()


def test_an_accepted_version_is_in_force_and_one_file(shelf: Shelf, home: Path, read_nx_base: ReadNx) -> None:
    """Its file is named by its digest, readable by its owner only, and the record names it."""
    digest = shelf.accept(propose(shelf.current(), read_nx_base()))
    assert shelf.current().digest == digest
    assert shelf.accepted() == (digest,)
    names = {path.name for path in (home / "catalogues").iterdir()}
    assert names == {f"{digest}.zip", "current"}
    for path in (home / "catalogues").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_accepting_again_changes_nothing(shelf: Shelf, home: Path, read_nx_base: ReadNx) -> None:
    """The same version twice is there once."""
    proposal = propose(shelf.current(), read_nx_base())
    shelf.accept(proposal)
    before = (home / "catalogues" / "current").stat().st_mtime_ns
    shelf.accept(proposal)
    assert (home / "catalogues" / "current").stat().st_mtime_ns == before
    assert len(shelf.accepted()) == 1


def test_each_service_date_has_its_version(shelf: Shelf) -> None:
    """The newest accepted version that covers the day answers, an older one for days before it."""
    seed = shelf.current().digest
    first = shelf.accept(table(shelf, "2026-03-01", "31.00"))
    second = shelf.accept(table(shelf, "2026-06-01", "33.00"))
    current = shelf.current()
    days = {"2026-02-28": (seed, 3250), "2026-03-01": (first, 3100), "2026-05-31": (first, 3100)}
    days |= {"2026-06-01": (second, 3300), "2030-01-01": (second, 3300)}
    for day, (digest, plv) in days.items():
        found = current.in_force(date.fromisoformat(day))
        assert (found.digest, found.item(LENS).plv) == (digest, plv), day
    with pytest.raises(ServiceDateUncovered) as raised:
        current.in_force(date(2019, 12, 31))
    assert raised.value.facts == {"service_date": "2019-12-31", "effective_from": "2020-01-01"}


def test_rolling_back_takes_the_newest_out_and_keeps_its_file(shelf: Shelf, home: Path) -> None:
    """One step at a time, down to the program's own data; a version that was taken back is still found."""
    seed = shelf.current().digest
    first = shelf.accept(table(shelf, "2026-03-01", "31.00"))
    second = shelf.accept(table(shelf, "2026-06-01", "33.00"))
    assert shelf.roll_back().digest == first
    assert shelf.by_digest(second).digest == second
    assert (home / "catalogues" / f"{second}.zip").exists()
    assert shelf.roll_back().digest == seed
    with pytest.raises(NothingToRollBack):
        shelf.roll_back()


def test_a_version_that_was_taken_back_can_be_accepted_again(shelf: Shelf) -> None:
    """It is then the newest, once."""
    proposal = table(shelf, "2026-03-01", "31.00")
    digest = shelf.accept(proposal)
    shelf.roll_back()
    assert shelf.accept(proposal) == digest
    assert shelf.accepted() == (digest,)


def test_an_interrupted_acceptance_changes_nothing(shelf: Shelf, home: Path) -> None:
    """A medium that fails at the record, or at the version's file, leaves the former catalogue in force."""
    first = shelf.accept(table(shelf, "2026-03-01", "31.00"))
    proposal = table(shelf, "2026-06-01", "33.00")
    for name in (f".{proposal.catalogue.digest}.zip.new", ".current.new"):
        (home / "catalogues" / name).mkdir()
        with pytest.raises(MediumFailed):
            shelf.accept(proposal)
        assert shelf.accepted() == (first,)
        assert shelf.current().digest == first
        (home / "catalogues" / name).rmdir()
    assert shelf.accept(proposal) == shelf.current().digest


def test_a_leftover_of_an_interrupted_write_is_no_version(shelf: Shelf, home: Path) -> None:
    """A half-written file beside the versions is never read, and the next acceptance writes over it."""
    proposal = table(shelf, "2026-03-01", "31.00")
    (home / "catalogues").mkdir(parents=True)
    (home / "catalogues" / f".{proposal.catalogue.digest}.zip.new").write_bytes(b"half")
    assert shelf.current().digest == load_catalogue().digest
    assert shelf.accept(proposal) == shelf.current().digest


def test_of_two_acceptances_at_once_one_is_refused(shelf: Shelf) -> None:
    """What the second was compared with is no longer in force: accepting it would drop the first in silence."""
    proposals = [table(shelf, "2026-03-01", "31.00"), table(shelf, "2026-06-01", "33.00")]
    refused: list[CatalogueChanged] = []

    def accept(proposal: Proposal) -> None:
        try:
            shelf.accept(proposal)
        except CatalogueChanged as error:
            refused.append(error)

    threads = [Thread(target=accept, args=(proposal,)) for proposal in proposals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(refused) == len(shelf.accepted()) == 1
    assert shelf.current().digest in {proposal.catalogue.digest for proposal in proposals}


def test_a_digest_that_is_not_kept_is_unknown(shelf: Shelf) -> None:
    """Never another version instead."""
    with pytest.raises(CatalogueUnknown):
        shelf.by_digest("0" * 64)


def test_other_bytes_under_a_digest_are_refused(shelf: Shelf, home: Path) -> None:
    """A file that is not what was accepted, or that is no zip, is named; nothing is read from it."""
    first = shelf.accept(table(shelf, "2026-03-01", "31.00"))
    second = shelf.accept(table(shelf, "2026-06-01", "33.00"))
    folder = home / "catalogues"
    shutil.copy(folder / f"{first}.zip", folder / f"{second}.zip")
    with pytest.raises(CatalogueInvalid):
        shelf.by_digest(second)
    with pytest.raises(CatalogueInvalid):
        _ = shelf.current().digest
    (folder / f"{second}.zip").write_bytes(b"PK nonsense")
    with pytest.raises(CatalogueInvalid):
        shelf.current()


@pytest.mark.parametrize(
    "record",
    [
        "",
        "[]",
        "{}",
        json.dumps({"schema": "comptoir/catalogues/v1"}),
        json.dumps({"schema": "comptoir/catalogues/v2", "accepted": []}),
        json.dumps({"schema": "comptoir/catalogues/v1", "accepted": ["../../etc"]}),
        json.dumps({"schema": "comptoir/catalogues/v1", "accepted": [1]}),
    ],
)
def test_a_damaged_record_is_refused(record: str, shelf: Shelf, home: Path) -> None:
    """It is never taken for "nothing was imported"."""
    (home / "catalogues").mkdir(parents=True)
    (home / "catalogues" / "current").write_text(record)
    with pytest.raises(CatalogueInvalid) as raised:
        shelf.current()
    assert raised.value.facts == {"file": "current"}


def test_a_home_keeps_the_programs_own_data(home: Path) -> None:
    """The next program may carry others: a claim priced with these still finds them."""
    seed = CatalogueInForce(Shelf(home)).now().digest
    others = home.parent / "others"
    shutil.copytree(str(seed_folder()), others)
    manifest = others / "catalogue.toml"
    manifest.write_text(manifest.read_text().replace("cnam-577-2020", "of-the-next-program"))
    later = Shelf(home, others)
    assert later.current().version == "of-the-next-program"
    assert later.current().digest != seed
    found = later.by_digest(seed)
    assert (found.version, found.digest, found.item(LENS).plv) == ("cnam-577-2020", seed, 3250)


def test_keeping_the_seed_twice_writes_once(home: Path) -> None:
    """Opening a home again changes no file."""
    CatalogueInForce(Shelf(home)).now()
    before = {path.name: path.stat().st_mtime_ns for path in (home / "catalogues").iterdir()}
    CatalogueInForce(Shelf(home)).now()
    assert {path.name: path.stat().st_mtime_ns for path in (home / "catalogues").iterdir()} == before
