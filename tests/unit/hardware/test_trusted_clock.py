"""What time it cannot be: the floor, the high-water mark, and a clock that is wild."""

import threading
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hardware import Clock, Doubt, HighWaterMark, TrustedClock
from hardware.trusted_clock import HORIZON, SAVE_SECONDS, SKEW, Known

RELEASE = datetime(2026, 11, 21, tzinfo=UTC)
EDGE = b"0001-01-01T00:00:00+23:00"
instants = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001 (made aware here)


class Machine:
    """A machine whose clock and running time a test sets."""

    def __init__(self, folder: Path, now: datetime = RELEASE + timedelta(days=10)) -> None:
        self.time = now
        self.seconds = 0.0
        self.mark = HighWaterMark(folder / "clock.mark")
        self.clock = self.start()

    def start(self) -> TrustedClock:
        """The clock of a program that starts now."""
        self.clock = TrustedClock(RELEASE, self.mark, lambda: self.time, lambda: self.seconds)
        return self.clock

    def jump(self, **by: float) -> None:
        """Set the machine's clock forward, or back."""
        self.time += timedelta(**by)


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine ten days after the release."""
    return Machine(tmp_path)


@given(instants, instants | st.none(), instants | st.none(), instants)
def test_a_time_is_believed_between_the_floor_and_the_horizon(
    release: datetime, signed: datetime | None, seen: datetime | None, now: datetime
) -> None:
    """Whatever is known, a time is doubtful exactly when it is before the latest of it or years beyond."""
    known = Known(release, signed, seen)
    assert known.floor == max(filter(None, (release, signed, seen)))
    assert (known.doubt(now) is None) is (known.floor - SKEW <= now <= known.floor + HORIZON)


@pytest.mark.parametrize(
    ("now", "doubt"),
    [
        (datetime(1970, 1, 1, tzinfo=UTC), Doubt.BEFORE_RELEASE),
        (RELEASE - timedelta(days=400), Doubt.BEFORE_RELEASE),
        (RELEASE, None),
        (RELEASE + timedelta(days=30), None),
        (datetime(2028, 2, 29, 23, 59, 59, tzinfo=UTC), None),
        (RELEASE + timedelta(days=3653), Doubt.FAR_AHEAD),
    ],
)
def test_a_new_terminal_judges_by_its_release(tmp_path: Path, now: datetime, doubt: Doubt | None) -> None:
    """The table of wrong clocks: the time is told as it is, and doubted with the reason."""
    clock = Machine(tmp_path, now).clock
    assert clock.now() == now
    assert (clock.doubt, clock.trusted) == (doubt, doubt is None)


def test_it_is_a_clock(machine: Machine) -> None:
    """It stands where a Clock is asked for, and knows the shop's day."""
    clock: Clock = machine.clock
    machine.time = datetime(2026, 12, 31, 23, 0, tzinfo=UTC)
    assert clock.today() == date(2027, 1, 1)
    assert clock.trusted


def test_a_clock_that_goes_back_while_it_runs_is_doubted(machine: Machine) -> None:
    """Some minutes are a correction; more is a clock that lost its time. The time is still told."""
    before = machine.clock.now()
    machine.jump(minutes=-4)
    assert machine.clock.trusted
    machine.jump(minutes=-2)
    assert machine.clock.doubt is Doubt.BEFORE_SEEN
    assert machine.clock.now() == before - timedelta(minutes=6)
    machine.jump(minutes=2)
    assert machine.clock.trusted


def test_a_restart_remembers(machine: Machine) -> None:
    """A terminal without a battery clock that wakes up in the past knows it at once."""
    machine.clock.now()
    machine.jump(days=-5)
    assert machine.start().doubt is Doubt.BEFORE_SEEN


def test_a_signed_time_raises_the_floor(machine: Machine) -> None:
    """An insurer's signed time is past: a clock before it is doubted, also when the mark is lost."""
    machine.clock.learn(machine.time + timedelta(minutes=4))
    assert machine.clock.trusted
    machine.clock.learn(machine.time + timedelta(days=2))
    assert machine.clock.doubt is Doubt.BEFORE_SIGNED
    machine.jump(days=2)
    assert machine.clock.trusted


def test_an_old_receipt_lowers_nothing(machine: Machine) -> None:
    """A signed time that is shown again, or comes late, changes nothing."""
    machine.clock.learn(machine.time + timedelta(days=2))
    floor = machine.clock.known.floor
    machine.clock.learn(machine.time - timedelta(days=200))
    assert machine.clock.known.floor == floor
    assert machine.clock.doubt is Doubt.BEFORE_SIGNED


def test_a_signed_time_brings_an_old_terminal_back(machine: Machine) -> None:
    """After years in a drawer the clock is doubted, until an insurer signs a time near it."""
    machine.jump(days=2000)
    assert machine.clock.doubt is Doubt.FAR_AHEAD
    machine.clock.learn(machine.time)
    assert machine.clock.trusted


def test_a_wild_clock_does_not_spoil_the_mark(machine: Machine) -> None:
    """Ten years ahead for a moment: doubted, not remembered; back in time the clock is trusted again."""
    machine.clock.now()
    machine.jump(days=3653)
    machine.seconds += 2 * SAVE_SECONDS
    assert not machine.clock.trusted
    machine.jump(days=-3653)
    assert machine.clock.trusted
    assert machine.start().trusted


def test_the_mark_is_kept_once_an_hour(machine: Machine) -> None:
    """A thousand questions are one write; after an hour of real time there is another."""
    first = machine.time
    for _ in range(1000):
        machine.jump(seconds=1)
        machine.clock.now()
    assert machine.mark.read() == first + timedelta(seconds=1)
    machine.seconds += SAVE_SECONDS
    machine.jump(hours=1)
    machine.clock.now()
    assert machine.mark.read() == first + timedelta(hours=1, seconds=1000)


@pytest.mark.parametrize("content", [b"", b"yesterday", b"2026-12-01T00:00:00", b"\xff" * 9, b"9" * 4000, EDGE])
def test_a_damaged_mark_is_no_mark(machine: Machine, tmp_path: Path, content: bytes) -> None:
    """What is no aware instant is said and replaced; the terminal works."""
    (tmp_path / "clock.mark").write_bytes(content)
    assert machine.mark.damaged
    assert machine.start().trusted
    assert not machine.mark.damaged
    assert machine.mark.read() == machine.time


@given(st.binary(max_size=40))
def test_any_mark_is_read_or_left(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """Whatever the file holds, reading it raises nothing."""
    path = tmp_path_factory.mktemp("mark") / "clock.mark"
    path.write_bytes(content)
    mark = HighWaterMark(path)
    assert mark.damaged is (mark.read() is None)


def test_a_medium_that_refuses_stops_nobody(tmp_path: Path) -> None:
    """Without a place for the mark the clock tells the time and what it knows."""
    machine = Machine(tmp_path / "none")
    assert machine.clock.now() == machine.time
    assert machine.clock.trusted
    assert not machine.mark.write(machine.time)


def test_threads_agree_on_the_mark(machine: Machine) -> None:
    """Many threads asking at once leave one mark, the highest time."""
    threads = [threading.Thread(target=machine.clock.now) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert machine.mark.read() == machine.time
    assert [path.name for path in machine.mark._path.parent.iterdir()] == ["clock.mark"]


def test_a_signed_time_without_a_zone_is_a_programming_error(machine: Machine) -> None:
    """A naive time could be any instant."""
    with pytest.raises(ValueError, match="aware"):
        machine.clock.learn(datetime(2026, 12, 1))  # noqa: DTZ001 (the point of the test)


def test_the_day_of_a_clock_that_cannot_be_right_is_the_last_known_one(machine: Machine) -> None:
    """Back in 1970, or decades ahead: the day goes on from what was known; a mark alone decides no day."""
    last = machine.time
    assert machine.clock.trusted
    for wrong in (datetime(1970, 1, 1, tzinfo=UTC), last + timedelta(days=4000)):
        machine.time = wrong
        machine.start()
        assert machine.clock.today() == last.date()
        machine.seconds += 86_400
        assert machine.clock.today() == last.date() + timedelta(days=1)
        machine.seconds = 0.0
    machine.time = last - timedelta(days=3)
    assert machine.start().today() == machine.time.date()


def test_what_is_certain_does_not_stand_on_this_clock(machine: Machine) -> None:
    """Release and signed times are certain; the highest time seen, which a wild clock may have left, is not."""
    assert machine.clock.trusted
    assert machine.clock.certain == RELEASE
    assert machine.clock.known.floor == machine.time
    machine.clock.learn(RELEASE + timedelta(days=2))
    assert machine.clock.certain == RELEASE + timedelta(days=2)


def test_a_mark_of_a_wild_clock_is_taken_back_by_a_signed_time(machine: Machine) -> None:
    """A month ahead, unseen; then right again and doubted, until an insurer signs the time that the clock shows."""
    right = machine.time
    machine.jump(days=30)
    assert machine.clock.trusted
    machine.time = right
    assert machine.start().doubt is Doubt.BEFORE_SEEN
    machine.clock.learn(right - timedelta(days=1))
    assert machine.clock.doubt is Doubt.BEFORE_SEEN
    machine.clock.learn(right + timedelta(seconds=2))
    assert machine.clock.trusted
    assert machine.start().trusted
