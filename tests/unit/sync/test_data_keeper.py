"""The service's keeper of reference data: when it asks, what it tells, and that nothing it meets ends it."""

import random
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sync.data_keeper import AGAIN_SECONDS, DAY_SECONDS, DataKeeper
from sync.reference import Reference
from tests.data_repository.repository import Repository
from tests.unit.sync.reference.test_data_sources import NOW

NAME = "lpp/base.csv"


class FixedClock:
    """A clock that stands, and is believed or not."""

    trusted = True
    certain = datetime(2026, 11, 1, tzinfo=UTC)

    def now(self) -> datetime:
        """The instant of these tests, or one that no metadata outlive."""
        return NOW if self.trusted else datetime(2040, 1, 1, tzinfo=UTC)

    def learn(self, signed: datetime) -> None:
        """Nothing."""


@dataclass
class World:
    """A repository on a stick, a home, the keeper, and seconds that pass when they are told to."""

    repository: Repository
    stick: Path
    reference: Reference
    clock: FixedClock
    keeper: DataKeeper | None = None
    seconds: float = 0.0

    def publish(self, content: bytes) -> None:
        """A newer state on the stick."""
        self.repository.publish({NAME: content})
        for path, data in self.repository.files.items():
            place = self.stick / path
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(data)

    def look(self) -> bool:
        """One look of the keeper."""
        assert self.keeper is not None
        return self.keeper.look()

    def told(self) -> tuple[str | None, datetime | None]:
        """What the keeper tells."""
        assert self.keeper is not None
        return self.keeper.error, self.keeper.checked_at

    def taken(self) -> bytes | None:
        """The file that is kept."""
        good = self.reference.current()
        return None if good is None else self.reference.content(good.files[NAME])


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A repository with one state, and a home that knows nothing of it."""
    made = World(Repository(NOW), tmp_path / "stick", Reference(tmp_path / "home"), FixedClock())
    made.publish(b"first")
    made.keeper = DataKeeper(
        made.reference, made.clock, lambda _named, _go_on: None, random.Random(1), lambda: made.seconds
    )
    return made


def test_nothing_is_asked_before_a_person_said_so(world: World) -> None:
    """No root, or a root without a source: nothing is taken, nothing is wrong; then it is noticed at the next look."""
    assert (world.look(), world.told()) == (False, (None, None))
    world.reference.put_root(world.repository.first_root, None)
    assert (world.look(), world.told()) == (False, (None, None))
    world.reference.put_root(world.repository.first_root, str(world.stick))
    assert (world.look(), world.told(), world.taken()) == (True, (None, NOW), b"first")


def test_it_asks_at_the_start_and_then_once_a_day(world: World) -> None:
    """Within the day nothing is asked; around a day later the newer set is there."""
    world.reference.put_root(world.repository.first_root, str(world.stick))
    assert world.look()
    world.publish(b"second")
    world.seconds = 0.7 * DAY_SECONDS
    assert (world.look(), world.taken()) == (False, b"first")
    world.seconds = 1.3 * DAY_SECONDS
    assert (world.look(), world.taken()) == (True, b"second")


def test_a_try_that_fails_is_told_and_made_again_soon(world: World) -> None:
    """The last good set stays, with its age and a code; within about an hour it is tried again, and all is well."""
    world.reference.put_root(world.repository.first_root, str(world.stick))
    assert world.look()
    target = next((world.stick / "targets").rglob("*base.csv"))
    world.publish(b"second")
    right = {path: path.read_bytes() for path in (world.stick / "targets").rglob("*base.csv") if path != target}
    for path, content in right.items():
        path.write_bytes(content[:-1])
    world.seconds = 1.3 * DAY_SECONDS
    assert (world.look(), world.told(), world.taken()) == (False, ("data_cut", NOW), b"first")
    world.seconds += 0.7 * AGAIN_SECONDS
    assert not world.look()
    for path, content in right.items():
        path.write_bytes(content)
    world.seconds += 0.6 * AGAIN_SECONDS
    assert (world.look(), world.told(), world.taken()) == (True, (None, NOW), b"second")


def test_another_source_is_asked_at_once(world: World, tmp_path: Path) -> None:
    """A stick that is gone is told of; a source that a person names then does not wait for the next try."""
    world.reference.put_root(world.repository.first_root, str(tmp_path / "gone"))
    assert (world.look(), world.told()) == (False, ("data_unreachable", None))
    world.reference.put_root(world.repository.first_root, str(world.stick))
    assert (world.look(), world.told()) == (True, (None, NOW))


def test_a_doubted_clock_judges_no_date(world: World) -> None:
    """A clock that is years ahead, and known to be wrong, does not make a good repository an expired one."""
    world.reference.put_root(world.repository.first_root, str(world.stick))
    world.clock.trusted = False
    assert (world.look(), world.told()) == (True, (None, FixedClock.certain))
