"""Fingers and mice: whatever is drawn as a key can be touched, rows are chosen by touch, and sounds have words."""

import pytest

from terminal.i18n import text
from terminal.tui.form_model import Stroke
from terminal.tui.key_bar import KeyLabel, key_bar
from terminal.tui.orders import Page
from terminal.tui.tapping import key_under
from tests.tui.playing import Player, playing
from tests.tui.scenes import MARIE, PIN, SceneCounter


async def touch(player: Player, words: str) -> None:
    """Put a finger on these words."""
    for y, line in enumerate(player.text().split("\n")):
        if words in line:
            await player.pilot.click(offset=(line.index(words) + 1, y))
            await player.settle()
            return
    raise AssertionError(f"{words!r} is not on the screen:\n{player.text()}")


@pytest.mark.parametrize("size", [(80, 24), (100, 30)])
async def test_a_claim_is_made_by_touch(scene: SceneCounter, size: tuple[int, int]) -> None:
    """Keys of the row, a field of the form, the confirmation, the list and its rows."""
    scene.people, scene.card_present = (MARIE,), True
    async with playing(scene, size=size) as player:
        await player.unlock(PIN, "1")
        await player.claim_opens()
        player.press("1211", "enter", "1")
        await player.settle()
        await touch(player, "F10")
        await player.sees("ENREGISTRÉE")
        await touch(player, "Entrée")
        await player.until(lambda: player.app.page is Page.HOME)
        await touch(player, "LEROY Paul")
        await player.until(lambda: player.app.page is Page.QUEUE)
        selected = player.app.queue_page.selected()
        assert selected is not None
        assert selected.name == "LEROY Paul"
        await touch(player, "PETIT Hugo")
        selected = player.app.queue_page.selected()
        assert selected is not None
        assert selected.name == "PETIT Hugo"
        await touch(player, "Échap")
        await player.until(lambda: player.app.page is Page.HOME)


async def test_keys_grow_under_a_finger_where_there_is_room(scene: SceneCounter) -> None:
    """Three rows after the first touch, all of which count; a keyboard alone never sees them."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        assert "F2" in player.line(29)
        await touch(player, "Nouvelle demande")
        assert "F2" in player.line(28)
        assert player.line(29).strip() == ""
        await player.pilot.click(offset=(player.line(28).index("F2"), 29))
        await player.until(lambda: player.app.page is Page.IDENTIFY)
    async with playing(SceneCounter(), size=(80, 24)) as player:
        await player.unlock(PIN, "1")
        await touch(player, "Nouvelle demande")
        assert "F2" in player.line(23)


def test_a_touch_means_the_cap_it_is_on() -> None:
    """Or the label after it; the rest of the row, arrows and ranges are no key."""
    row = key_bar([KeyLabel("F10", "Oui"), KeyLabel("↑↓", "Choisir"), KeyLabel(text("key.escape"), "Non")], 80)
    drawn = "".join(span.text for span in row)
    assert key_under(row, drawn.index("F10")) == Stroke("f10")
    assert key_under(row, drawn.index("Oui")) == Stroke("f10")
    assert key_under(row, drawn.index("Choisir")) is None
    assert key_under(row, drawn.index("Non")) == Stroke("escape")
    assert key_under(row, 79) is None
    assert key_under(row, 200) is None


async def test_what_sounds_is_said(scene: SceneCounter, monkeypatch: pytest.MonkeyPatch) -> None:
    """One bell for what is registered, two for what is refused, none where the shop wants none."""
    scene.people, scene.card_present = (MARIE,), True
    for sounds in (True, False):
        rung: list[str] = []
        async with playing(scene) as player:
            player.app.sounds = sounds
            monkeypatch.setattr(player.app, "bell", lambda: rung.append("bell"))  # noqa: B023 - rung within its turn
            player.press("1", "1111", "enter")
            await player.sees("n'ouvre pas le poste")
            assert len(rung) == 2 * sounds
            player.press(PIN, "enter")
            await player.claim_opens()
            player.press("1211", "enter", "1", "f10")
            await player.sees("ENREGISTRÉE")
            assert len(rung) == 3 * sounds
            player.press("f11")
            await player.until(lambda: scene.user is None)
