"""The locked screen is there first; the counter is opened behind it, and nothing that was typed is lost."""

import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from textual.pilot import Pilot

from sync.errors import HomeInUse, HomeMissing
from terminal.cli.screens import show_screens
from terminal.tui.app import CounterApp
from terminal.tui.opening import Opened
from terminal.tui.orders import Page
from tests.tui.playing import PATIENCE, Player
from tests.tui.scenes import PIN, SceneCounter

SIZE = (100, 30)


class SlowCounter:
    """A counter that opens when the test says so."""

    def __init__(self, end: Callable[[], Opened]) -> None:
        self.begun, self.go = threading.Event(), threading.Event()
        self._end = end
        self.app = CounterApp(self.open, reader=None, theme="sombre")

    def open(self) -> Opened:
        """Called in a thread of the application."""
        self.begun.set()
        assert self.go.wait(PATIENCE)
        return self._end()


def player_of(slow: SlowCounter, pilot: Pilot[int]) -> Player:
    """Hands that do not wait until the counter is open."""
    return Player(slow.app, pilot)


async def test_the_locked_screen_is_there_before_the_counter_and_keys_wait_for_it(scene: SceneCounter) -> None:
    """A number, a code and Enter, typed before there is anybody to ask, open the terminal once it is open."""
    slow = SlowCounter(lambda: Opened(scene, idle_seconds=3600))
    async with slow.app.run_test(size=SIZE) as pilot:
        player = player_of(slow, pilot)
        await player.until(slow.begun.is_set)
        await player.sees("Poste verrouillé")
        assert "Comptoir s'ouvre" in player.text()
        player.press("1", PIN, "enter")
        await player.flush()
        assert not slow.app.ready
        slow.go.set()
        await player.until(lambda: not slow.app.locked)
        await player.settle()
        assert slow.app.page is Page.HOME
        assert slow.app.facts.user == "Camille D."


async def test_whoever_does_not_want_to_wait_leaves(scene: SceneCounter) -> None:
    """Escape twice is heard while the counter is opened."""
    slow = SlowCounter(lambda: Opened(scene))
    async with slow.app.run_test(size=SIZE) as pilot:
        player = player_of(slow, pilot)
        await player.until(slow.begun.is_set)
        player.press("2", "escape", "escape")
        await player.until(lambda: not slow.app.is_running or slow.app.return_code is not None)
        slow.go.set()
    assert slow.app.return_code == 0
    assert slow.app.not_opened is None


async def test_a_counter_that_does_not_open_ends_the_screen(scene: SceneCounter) -> None:
    """The reason is kept for whoever says it, and is no crash."""

    def refuse() -> Opened:
        raise HomeInUse("another counter is open")

    slow = SlowCounter(refuse)
    slow.go.set()
    async with slow.app.run_test(size=SIZE) as pilot:
        await player_of(slow, pilot).until(lambda: slow.app.not_opened is not None)
    assert isinstance(slow.app.not_opened, HomeInUse)
    assert slow.app.return_code == 0


def test_a_folder_that_is_no_terminal_is_said_without_a_screen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What is wrong is raised as for any command, before anything is drawn."""
    monkeypatch.setattr(sys, "stdin", sys.__stderr__)

    def no_reader() -> None:
        raise AssertionError("no reader is needed to say that there is no home")

    with pytest.raises(HomeMissing):
        show_screens(tmp_path / "nothing", None, no_reader)  # type: ignore[arg-type]  # never called
    assert capsys.readouterr().out == ""
