"""Hearing insurers in rounds: nobody has the floor for ever, and one that fails is left alone."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from hardware.keystore import open_file_secret
from sync.contract.envelope import GENESIS, ChainState
from sync.contract.exchange import MAX_EVENTS
from sync.errors import InsurerUnreachable
from sync.hearing import SHARE_SECONDS, Hearing
from sync.home import OpenHome, create_home
from sync.inbox import ROUND_EVENTS, explained
from sync.insurers import InsurerRecord
from tests.unit.sync.test_home import RECORD
from tests.unit.sync.test_inbox import Source

QUIET, TALKER = "99900011", "99900022"


@dataclass
class Time:
    """Seconds that pass when they are told to."""

    seconds: float = 0.0

    def __call__(self) -> float:
        """Now."""
        return self.seconds


@dataclass
class Line(Source):
    """A line to an insurer: how long each answer takes, what fails, what it was asked."""

    time: Time = field(default_factory=Time)
    seconds: float = 0.0
    failure: Exception | None = None
    asked: int = 0
    withheld: int = 0

    def events(self, after: int) -> tuple[str, ...]:
        """As the contract has it, after a while, or the failure."""
        self.asked += 1
        self.time.seconds += self.seconds
        if self.failure is not None:
            raise self.failure
        return super().events(after)

    def state(self) -> ChainState:
        """As many events as it said, and those that somebody keeps back."""
        told = len(self.said) + self.withheld
        return ChainState(
            schema="comptoir/state/v1", insurer="", device="", seq=0, head=GENESIS, missing=(), events=told
        )


@dataclass
class Shop:
    """A home with two insurers, and the lines to them."""

    home: OpenHome
    time: Time
    lines: dict[str, Line]
    hearing: Hearing

    def round(self) -> dict[str, str]:
        """One round."""
        return self.hearing.round(self.lines.__getitem__)


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A home, two lines, and rounds over them."""
    time = Time()
    with create_home(tmp_path / "home", open_file_secret) as home:
        lines = {}
        for amc in (QUIET, TALKER):
            home.insurers.add(InsurerRecord(**{**vars(RECORD), "amc": amc}))
            lines[amc] = Line(time=time, amc=amc, device=home.signer.kid)
        yield Shop(home, time, lines, Hearing(home, random.Random(1), time))


def test_every_insurer_is_heard_whole(shop: Shop) -> None:
    """What each has to say is kept, and nothing is wrong."""
    shop.lines[QUIET].say(1)
    shop.lines[TALKER].say(MAX_EVENTS + 1)
    assert shop.round() == {}
    assert [shop.home.inbox.cursor(amc) for amc in (QUIET, TALKER)] == [1, MAX_EVENTS + 1]


def test_an_endless_insurer_holds_nobody_up(shop: Shop) -> None:
    """It has its share of each round, is then told of as too much, and the other one is heard every time."""
    shop.lines[TALKER].say(explained(0) + MAX_EVENTS)
    for number in (1, 2):
        shop.lines[QUIET].say(1)
        assert shop.round() == ({} if number == 1 else {TALKER: "events_excessive"})
        assert shop.home.inbox.cursor(QUIET) == number
        assert shop.home.inbox.cursor(TALKER) == ROUND_EVENTS


def test_an_insurer_that_drips_has_its_share_of_time(shop: Shop) -> None:
    """Each answer takes long: after its share nothing more is asked in this round, and the next one goes on."""
    line = shop.lines[TALKER]
    line.say(3 * MAX_EVENTS)
    line.seconds = 0.7 * SHARE_SECONDS
    assert [shop.round(), line.asked, shop.home.inbox.cursor(TALKER)] == [{}, 2, 2 * MAX_EVENTS]
    line.seconds = 0.0
    assert [shop.round(), shop.home.inbox.cursor(TALKER)] == [{}, 3 * MAX_EVENTS]


def test_an_insurer_that_fails_is_left_alone_for_a_while(shop: Shop) -> None:
    """It is asked again later and later, the other one in every round; once heard, it is asked each time again."""
    line, other = shop.lines[TALKER], shop.lines[QUIET]
    line.failure = InsurerUnreachable("down")
    assert shop.round() == {TALKER: "insurer_unreachable"}
    assert [shop.round(), line.asked, other.asked] == [{}, 1, 2]
    shop.time.seconds += 3600
    line.failure = None
    for _ in range(2):
        assert shop.round() == {}
    assert line.asked == 3


def test_events_that_are_kept_back_are_missed(shop: Shop) -> None:
    """The insurer signs that there are more than came: that is said, but not of a round that was cut short."""
    line = shop.lines[TALKER]
    line.say(1)
    line.withheld = 1
    assert shop.round() == {TALKER: "events_withheld"}
    shop.time.seconds += 3600
    line.seconds = SHARE_SECONDS
    assert shop.round() == {}
