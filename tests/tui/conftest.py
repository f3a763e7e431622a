"""The real terminal for the flows, a terminal of chosen moments for the rest."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.tui.real_shop import Shop, open_shop
from tests.tui.scenes import SceneCounter


@pytest.fixture
def shop(tmp_path: Path) -> Iterator[Shop]:
    """A real terminal, locked, with an empty reader."""
    with open_shop(tmp_path) as opened:
        yield opened


@pytest.fixture
def scene() -> SceneCounter:
    """A terminal of chosen moments."""
    return SceneCounter()
