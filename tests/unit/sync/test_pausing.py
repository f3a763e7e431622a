"""How long the service sleeps over a real home, and what a network that came back changes there."""

import random
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from hardware.keystore import open_file_secret
from sync.decision import Failed, Line, decide
from sync.engine import Lines
from sync.home import OpenHome, create_home
from sync.pausing import network_is_back, seconds_to_sleep
from tests.unit.sync.queue.envelopes import GRACE, INSURER, LATER, NOW, OTHER_INSURER, claim_id, entry

RNG = random.Random(1)
HOUR = timedelta(hours=1)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[OpenHome]:
    """A home with a claim that may leave in a minute, for each of two insurers."""
    with create_home(tmp_path / "home", open_file_secret) as opened:
        for number, insurer in enumerate((INSURER, OTHER_INSURER), start=1):
            opened.outbox.enqueue(entry(number, insurer))
        yield opened


def failed(home: OpenHome, lines: Lines, insurer: str, code: str) -> float:
    """A claim of this insurer left in vain for the twentieth time; how long the insurer is left alone."""
    number = (INSURER, OTHER_INSURER).index(insurer) + 1
    home.outbox.dispatch(insurer, [claim_id(number)], home.signer, LATER)
    line = decide(Line(failures=19), Failed(code, None, (claim_id(number),), 19), LATER, RNG).line
    assert line.shut_until is not None
    lines[insurer] = line
    home.outbox.postpone([claim_id(number)], line.shut_until, code)
    return (line.shut_until - LATER).total_seconds()


def test_it_sleeps_until_the_next_claim_may_leave(home: OpenHome) -> None:
    """Until the end of the grace period; without an end where nothing waits for an instant."""
    assert seconds_to_sleep(home, Lines(), NOW) == GRACE.total_seconds()
    assert seconds_to_sleep(home, Lines(), LATER) == float("inf")


def test_it_sleeps_while_its_insurers_are_left_alone(home: OpenHome) -> None:
    """Until the first of them may be tried again, also when it is a claim that has not left yet that waits for it."""
    lines = Lines({INSURER: Line(shut_until=LATER + HOUR), OTHER_INSURER: Line(shut_until=LATER + 2 * HOUR)})
    assert seconds_to_sleep(home, lines, LATER) == HOUR.total_seconds()
    assert seconds_to_sleep(home, lines, LATER + HOUR) == HOUR.total_seconds()


def test_a_network_that_came_back_brings_the_next_try_forward(home: OpenHome) -> None:
    """Of the insurer that nobody reached, line and claims alike; who was reached and refused keeps its time."""
    lines = Lines()
    unreached = failed(home, lines, INSURER, "insurer_unreachable")
    refused = failed(home, lines, OTHER_INSURER, "unavailable")
    assert seconds_to_sleep(home, lines, LATER) == pytest.approx(min(unreached, refused), abs=0.01)
    network_is_back(home, lines, LATER, RNG)
    assert 0 < seconds_to_sleep(home, lines, LATER) <= 2
    assert home.outbox.insurers_due(LATER + timedelta(seconds=3)) == (INSURER,)
    assert not lines[INSURER].is_shut(LATER + timedelta(seconds=3))
    assert lines[OTHER_INSURER].is_shut(LATER + timedelta(seconds=3))
