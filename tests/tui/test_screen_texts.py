"""Every screen as text, beside the text that was last looked at (`make pictures` writes it again)."""

from pathlib import Path

import pytest

from tests.tui.make_pictures import SIZES, draw_setup, lead_to, scenes, setup_scenes
from tests.tui.playing import playing

TEXTS = Path(__file__).with_name("texts")
NAMES = [name for name in scenes() if not name.endswith("-light")]


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", NAMES)
async def test_a_screen_is_what_was_last_looked_at(name: str, size: tuple[int, int]) -> None:
    """Line by line; run `make pictures`, look at the pictures, then keep the new text."""
    expected = (TEXTS / f"{name}-{size[0]}x{size[1]}.txt").read_text(encoding="utf-8")
    scene = scenes()[name]
    async with playing(scene.counter, theme=scene.theme, size=size, office=scene.office) as player:
        await lead_to(player, scene)
        assert player.text().split("\n") == expected.removesuffix("\n").split("\n")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize("name", setup_scenes())
async def test_a_step_of_the_first_start_is_what_was_last_looked_at(name: str, size: tuple[int, int]) -> None:
    """The same for the questions of the first start."""
    expected = (TEXTS / f"{name}-{size[0]}x{size[1]}.txt").read_text(encoding="utf-8")
    text, _ = await draw_setup(setup_scenes()[name], size)
    assert text.split("\n") == expected.removesuffix("\n").split("\n")


@pytest.mark.parametrize("size", [(1, 1), (20, 5), (60, 18), (200, 60)])
async def test_any_size_of_terminal_is_survived(size: tuple[int, int]) -> None:
    """Too small to read is no crash."""
    for scene in (scenes()["claim"], scenes()["queue"], scenes()["done"]):
        async with playing(scene.counter, size=size) as player:
            await lead_to(player, scene)
            assert player.app.is_running
