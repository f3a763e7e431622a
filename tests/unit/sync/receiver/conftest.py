"""An insurer in memory and on a temporary disk: its folder once for all tests, its database new for each."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import URL

from sync.crypto.sealing import OpeningKey
from sync.receiver.databases import public_url
from sync.receiver.db import Ledger
from sync.receiver.enrol import invite
from sync.receiver.folder import IntakeMaterial, create_insurer, open_intake, open_opener
from sync.receiver.intake import Intake
from sync.receiver.terms import Terms, parse_settings, profile_of
from tests.postgres_fixture import Lender
from tests.unit.sync.receiver.visitor import AMC, CONVENTION, ORIGIN, SHOP, Clock, Visitor


@pytest.fixture(scope="session")
def insurer_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An insurer's folder, as `init` makes it."""
    stated = {"amc": AMC, "name": "Mutuelle d'essai", "convention": CONVENTION, "endpoint": ORIGIN, "hosting": "ici"}
    settings = parse_settings(stated)
    folder = tmp_path_factory.mktemp("insurers") / "insurer"
    create_insurer(folder, settings, profile_of(settings, "lpp", Terms(), Clock().at.date()), Clock().at)
    return folder


@pytest.fixture(scope="session")
def material(insurer_folder: Path) -> IntakeMaterial:
    """What the intake works with."""
    return open_intake(insurer_folder)


@pytest.fixture(scope="session")
def opening(insurer_folder: Path) -> OpeningKey:
    """The key the intake has not."""
    return open_opener(insurer_folder)


@pytest.fixture
def clock() -> Clock:
    """The clock of both sides."""
    return Clock()


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[URL]:
    """An empty database of each kind."""
    if request.param == "sqlite":
        yield URL.create("sqlite", database=str(tmp_path / "intake.db"))
        return
    lender: Lender = request.getfixturevalue("postgres")
    with lender.lend() as url:
        yield public_url(url)


@pytest.fixture
def ledger(database: URL) -> Iterator[Ledger]:
    """The new database, open."""
    with Ledger(database) as opened:
        yield opened


@pytest.fixture
def intake(ledger: Ledger, material: IntakeMaterial, clock: Clock) -> Intake:
    """The intake's operations on the new database."""
    return Intake(ledger, material, ORIGIN, clock)


@pytest.fixture
def stranger(opening: OpeningKey, clock: Clock) -> Visitor:
    """A terminal that is not enrolled."""
    return Visitor(opening.public, clock)


@pytest.fixture
def enrolled(intake: Intake, ledger: Ledger, opening: OpeningKey, clock: Clock) -> Callable[[], Visitor]:
    """Make one more enrolled terminal of the shop."""

    def one_more() -> Visitor:
        visitor = Visitor(opening.public, clock)
        letter = invite(ledger, SHOP, clock())
        visitor.keep(intake.enrol(visitor.enrolment(letter)).body)
        return visitor

    return one_more


@pytest.fixture
def visitor(enrolled: Callable[[], Visitor]) -> Visitor:
    """An enrolled terminal."""
    return enrolled()
