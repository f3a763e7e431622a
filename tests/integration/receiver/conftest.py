"""An insurer's folder, and pairs of PostgreSQL servers of which one follows the other."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from sync.receiver.folder import IntakeMaterial, create_insurer, open_intake, open_opener
from sync.receiver.terms import Terms, parse_settings, profile_of
from tests.integration.receiver.forked import ForkedInsurer
from tests.integration.receiver.pair import Pair
from tests.integration.receiver.terminals import Insurance
from tests.postgres_fixture import Lender, cluster_folder, server_programs
from tests.unit.sync.receiver.visitor import AMC, CONVENTION, ORIGIN, Clock


@pytest.fixture(scope="session")
def insurance(tmp_path_factory: pytest.TempPathFactory) -> Insurance:
    """An insurer's folder, as `init` makes it, and its keys."""
    stated = {"amc": AMC, "name": "Mutuelle d'essai", "convention": CONVENTION, "endpoint": ORIGIN, "hosting": "ici"}
    settings = parse_settings(stated)
    folder = tmp_path_factory.mktemp("insurance") / "insurer"
    create_insurer(folder, settings, profile_of(settings, "lpp", Terms(), Clock().at.date()), Clock().at)
    return Insurance(folder, open_intake(folder), open_opener(folder))


@pytest.fixture
def material(insurance: Insurance) -> IntakeMaterial:
    """What the intake works with."""
    return insurance.material


@pytest.fixture(scope="module")
def pair() -> Iterator[Pair]:
    """A server and its synchronous standby; who disturbs them puts them right again."""
    programs = server_programs()
    with ExitStack() as stack:
        folders: list[Path] = [stack.enter_context(cluster_folder()) for _ in range(2)]
        made = Pair.make(folders[0], folders[1], programs)
        stack.callback(made.stop)
        made.wait_until_in_step()
        yield made


@pytest.fixture(params=["sqlite", "postgresql"])
def insurer(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ForkedInsurer]:
    """An insurer on each database, with two workers where there can be several; not yet up."""
    with _database_options(request) as options:
        made = ForkedInsurer.make(tmp_path / "insurer", AMC, options=options)
        made.serving = ("--workers", "2") if options else ()
        yield made
        made.close()


@contextmanager
def _database_options(request: pytest.FixtureRequest) -> Iterator[tuple[str, ...]]:
    if request.param == "sqlite":
        yield ()
        return
    lender: Lender = request.getfixturevalue("postgres")
    with lender.bare() as url:
        yield ("--database", url)
