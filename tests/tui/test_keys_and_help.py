"""Each screen of 80×24 names its keys, in its row or on its help page, and cuts nothing that matters.

Every scene of the pictures is played; what a screen says of its keys is compared with what its keys do.
"""

import re

import pytest

from terminal.i18n import age_text, sentences
from terminal.tui.orders import Page
from terminal.tui.spans import plain
from tests.tui.make_pictures import lead_to, scenes
from tests.tui.playing import FUNCTION_KEYS, Player, playing, stroke
from tests.tui.scenes import NOW, PIN, SceneCounter

NAMES = [name for name in scenes() if not name.endswith("-light") and not name.startswith("help-")]
SMALL = (80, 24)
LEAVING = {"f5", "f11", "f12"}
"""They act on every screen and have their own tests."""


def seen(player: Player) -> tuple[str, object, str]:
    """What a person sees, but for the clock."""
    return player.text(), player.app.front, player.notice()


@pytest.mark.parametrize("name", NAMES)
async def test_every_key_is_named_and_nothing_that_matters_is_cut(name: str) -> None:
    """Row and help page hold every key; the queue's age is whole; no function key does something unnamed."""
    scene = scenes()[name]
    async with playing(scene.counter, size=SMALL) as player:
        await lead_to(player, scene)
        screen, row = player.app.front, " ".join(player.line(-1).split())
        for entry in screen.shown_keys():
            assert entry.plain or f"{entry.key} {entry.label}" in row or f"{entry.key} {entry.shortest}" in row, entry
        oldest = scene.counter.facts.oldest
        assert oldest is not None
        assert age_text(NOW - oldest) in player.line(0)
        named = {entry.key.lower() for entry in screen.all_keys()}
        unnamed = sorted(FUNCTION_KEYS - named - LEAVING)
        player.app.post_message(stroke("f20"))  # a message that waits for any key goes
        await player.settle()
        before = seen(player)
        player.press(*unnamed)
        await player.settle()
        assert seen(player) == before, f"one of {unnamed} does something that no row and no page names"
        player.press("f1")
        await player.settle()
        assert "─ Aide · " in player.text()
        page = [plain(line) for line in player.app.help_page.lines(76)]
        for entry in screen.all_keys():
            assert any(re.match(rf" {re.escape(entry.key)} +{re.escape(entry.label)}", line) for line in page), entry
        player.press("f1")
        await player.flush()
        assert player.app.front is screen


async def test_help_scrolls_to_its_end_and_gives_the_screen_back() -> None:
    """The last line can be read on the smallest screen, and a message is there in full."""
    async with playing(SceneCounter(), size=SMALL) as player:
        await player.unlock(PIN, "1")
        player.press("f4", "down", "down", "f1")
        await player.sees("Le message affiché")
        assert "▼ La suite avec les flèches" in player.text()
        player.press("end")
        await player.settle()
        assert "La suite avec les flèches" not in player.text()
        assert player.app.help_page.lines(76)[-1][-1].text in player.text()
        player.press("escape")
        await player.sees("┌─ File d'envoi")


async def test_help_is_there_on_the_locked_screen_and_names_nobody() -> None:
    """What to do without a code; locking closes a page that was open."""
    async with playing(SceneCounter(), size=SMALL) as player:
        player.press("f1")
        await player.sees("Code oublié")
        player.press("f1")
        await player.unlock(PIN, "1")
        player.press("f4", "f1")
        await player.sees("Aide · File d'envoi")
        assert "DUPONT" not in player.text()
        player.press("f11")
        await player.sees("Poste verrouillé")
        assert player.app.front is player.app.lock_page


async def test_a_card_that_opens_its_claim_closes_the_help() -> None:
    """Nobody is left reading while the customer's claim waits behind."""
    scene = SceneCounter()
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f1")
        await player.sees("Aide · Accueil")
        scene.insert()
        await player.claim_opens()


def test_every_screen_has_its_help() -> None:
    """What it is for, and what to do when stuck."""
    for page in set(Page) - {Page.HELP}:
        assert {f"help.{page}.{part}" for part in ("title", "purpose", "stuck")} <= sentences().keys()
