"""Ten wrong PINs: counted before they are tried, across restarts, power cuts and clocks."""

from pathlib import Path
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.crypto.shopslots import ShopSlots
from sync.errors import PinWrong
from sync.home import open_home
from terminal.domain.tries import LOCKED_AFTER, seconds_left, wait_after
from terminal.vault.refusals import PinLocked, PinWait
from terminal.workflow.desk import Desk
from terminal.workflow.people import give_pin, give_tries_back
from tests.unit.terminal.vault.people import PINS, Machine, desk_of, staffed, vault_of


@pytest.fixture
def machine() -> Machine:
    """A machine that runs for a while."""
    return Machine()


@pytest.fixture
def desk(tmp_path: Path, machine: Machine) -> Desk:
    """A terminal with people, nobody logged in."""
    return staffed(tmp_path / "home", machine)


def restarted(desk: Desk, machine: Machine) -> Desk:
    """The same terminal after the power was off."""
    desk.home.close()
    machine.restart()
    home = open_home(desk.home.path)
    return desk_of(home, vault_of(home, machine))


def wrong(desk: Desk, machine: Machine, times: int, who: str = "nadia") -> None:
    """So many wrong PINs, each as soon as it is tried at all."""
    for _ in range(times):
        machine.seconds += desk.vault.standing(who).seconds
        with pytest.raises((PinWrong, PinLocked)):
            desk.vault.unlock(who, "0000")


def test_waits_double_up_to_five_minutes() -> None:
    """Three tries are free of waiting."""
    assert [wait_after(count) for count in range(10)] == [0, 0, 0, 10, 20, 40, 80, 160, 300, 300]


@given(st.integers(0, 9), st.floats(0, 1e6), st.floats(0, 1e6), st.booleans())
def test_no_uptime_shortens_a_wait_that_was_not_waited(wrong: int, tried: float, now: float, same: bool) -> None:
    """What is left is the wait less what was seen to pass since the try, or since the start."""
    left = seconds_left(wrong, tried_at=tried, now=now, same_start=same)
    passed = now - tried if same and now >= tried else now
    assert left >= wait_after(wrong) - passed
    assert 0 <= left <= wait_after(wrong)


def test_each_refusal_says_how_many_are_left(desk: Desk, machine: Machine) -> None:
    """And what the next one waits for; the tenth locks."""
    told = []
    for _ in range(9):
        machine.seconds += 300
        with pytest.raises(PinWrong) as caught:
            desk.vault.unlock("nadia", "0000")
        told.append((caught.value.facts["left"], caught.value.facts["seconds"]))
    assert told == [(9, 0), (8, 0), (7, 10), (6, 20), (5, 40), (4, 80), (3, 160), (2, 300), (1, 300)]
    machine.seconds += 300
    with pytest.raises(PinLocked):
        desk.vault.unlock("nadia", "0000")


def test_ten_wrong_pins_lock_also_after_a_restart(desk: Desk, machine: Machine) -> None:
    """The right PIN is not tried any more, not even after another start and a day."""
    wrong(desk, machine, LOCKED_AFTER)
    for _ in range(2):
        with pytest.raises(PinLocked):
            desk.vault.unlock("nadia", PINS["nadia"])
        desk = restarted(desk, machine)
        machine.seconds = 86400.0
    desk.vault.unlock("thomas", PINS["thomas"])


def test_a_wait_is_the_same_for_a_right_and_for_a_wrong_pin(desk: Desk, machine: Machine) -> None:
    """During it no PIN is tried, so the answer says nothing about it, and it costs no try."""
    wrong(desk, machine, 4)
    answers = []
    for pin in ("0000", PINS["nadia"], "not a pin"):
        with pytest.raises(PinWait) as caught:
            desk.vault.unlock("nadia", pin)
        answers.append(caught.value.facts)
    assert answers == [answers[0]] * 3
    assert desk.vault.standing("nadia").wrong == 4
    machine.seconds += 20
    desk.vault.unlock("nadia", PINS["nadia"])
    assert desk.vault.standing("nadia").wrong == 0


def test_a_restart_shortens_no_wait(desk: Desk, machine: Machine) -> None:
    """Nobody knows how long the machine was off: the wait is counted from the start."""
    wrong(desk, machine, 5)
    machine.seconds += 30
    assert desk.vault.standing("nadia").seconds == 10
    desk = restarted(desk, machine)
    assert desk.vault.standing("nadia").seconds == 40
    machine.seconds = 39.5
    with pytest.raises(PinWait):
        desk.vault.unlock("nadia", PINS["nadia"])
    machine.seconds = 40.5
    desk.vault.unlock("nadia", PINS["nadia"])


def test_no_clock_has_a_say(desk: Desk, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of day is not asked: a clock that is set changes nothing."""

    def asked(*_: object) -> NoReturn:
        raise AssertionError("the clock was asked")

    wrong(desk, machine, 4)
    monkeypatch.setattr("time.time", asked)
    with pytest.raises(PinWait) as caught:
        desk.vault.unlock("nadia", PINS["nadia"])
    assert caught.value.facts == {"seconds": 20}


def test_a_power_cut_gives_no_free_try(desk: Desk, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine dies while the PIN is tried, ten times: locked, though no answer was ever given."""

    def cut(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    for count in range(1, LOCKED_AFTER + 1):
        machine.seconds = 1e6
        with monkeypatch.context() as dying:
            dying.setattr(ShopSlots, "open_pin", cut)
            with pytest.raises(KeyboardInterrupt):
                desk.vault.unlock("nadia", PINS["nadia"])
        desk = restarted(desk, machine)
        assert desk.vault.standing("nadia").wrong == count
    machine.seconds = 1e6
    with pytest.raises(PinLocked):
        desk.vault.unlock("nadia", PINS["nadia"])


def test_tries_are_of_each_person(desk: Desk, machine: Machine) -> None:
    """One person's mistakes cost another nothing, and a right PIN forgets only its own."""
    wrong(desk, machine, 5)
    wrong(desk, machine, 2, "thomas")
    desk.vault.unlock("thomas", PINS["thomas"])
    assert (desk.vault.standing("nadia").wrong, desk.vault.standing("thomas").wrong) == (5, 0)


def test_the_responsible_person_gives_the_tries_back(desk: Desk, machine: Machine) -> None:
    """Either the old PIN is tried again, or a new one is given at once."""
    wrong(desk, machine, LOCKED_AFTER)
    wrong(desk, machine, LOCKED_AFTER, "thomas")
    desk.vault.unlock("camille", PINS["camille"])
    give_tries_back(desk, "nadia")
    give_pin(desk, "thomas", "5555")
    desk.vault.unlock("nadia", PINS["nadia"])
    desk.vault.unlock("thomas", "5555")


def test_changing_a_pin_counts_as_a_try(desk: Desk) -> None:
    """The old PIN cannot be guessed there either; the new one then opens, and the old one no more."""
    with pytest.raises(PinWrong):
        desk.vault.change_pin("nadia", "0000", "5555")
    assert desk.vault.standing("nadia").wrong == 1
    desk.vault.change_pin("nadia", PINS["nadia"], "5555")
    desk.vault.unlock("nadia", "5555")
    with pytest.raises(PinWrong):
        desk.vault.unlock("nadia", PINS["nadia"])


def test_a_failed_try_leaves_whoever_is_logged_in(desk: Desk) -> None:
    """A wrong PIN changes no user."""
    desk.vault.unlock("camille", PINS["camille"])
    with pytest.raises(PinWrong):
        desk.vault.unlock("nadia", "0000")
    assert desk.vault.user is not None
    assert desk.vault.user.id == "camille"
    assert desk.vault.seed
