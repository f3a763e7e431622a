"""Insurers that stay up for all tests of this folder, and terminals that are new for each."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.integration.sync.world import Insurer, Terminal
from tests.unit.sync.receiver.visitor import AMC


@pytest.fixture(scope="session")
def insurer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Insurer]:
    """An insurer that is up; many terminals enrol with it, each with a chain of its own."""
    made = Insurer.make(tmp_path_factory.mktemp("standing") / "insurer", AMC).start()
    yield made
    made.close()


@pytest.fixture
def own_insurer(tmp_path: Path) -> Iterator[Callable[[str], Insurer]]:
    """Make an insurer of this test's own, which it may bring down, kill or spoil; it is up."""
    with ExitStack() as stack:

        def make(amc: str) -> Insurer:
            made = Insurer.make(tmp_path / f"insurer-{amc}", amc)
            stack.callback(made.close)
            return made.start()

        yield make


@pytest.fixture
def make_terminal(tmp_path: Path) -> Iterator[Callable[[], Terminal]]:
    """Make one more terminal, not enrolled."""
    with ExitStack() as stack:
        made: list[Terminal] = []

        def make() -> Terminal:
            terminal = Terminal.make(tmp_path / f"home-{len(made)}")
            stack.callback(terminal.home.close)
            made.append(terminal)
            return terminal

        yield make


@pytest.fixture
def terminal(make_terminal: Callable[[], Terminal]) -> Terminal:
    """A terminal, not enrolled."""
    return make_terminal()


@pytest.fixture
def enrolled(terminal: Terminal, insurer: Insurer) -> Terminal:
    """A terminal enrolled with the standing insurer."""
    terminal.enrol(insurer)
    return terminal
