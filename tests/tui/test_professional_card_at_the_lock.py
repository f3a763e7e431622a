"""A professional card in the reader of a locked terminal: what is asked for, and what opens."""

import pytest

from hardware import CardInserted, CardKind, CardWithdrawn, TokenAbsent
from terminal.workflow.handed import OwnCard
from tests.tui.playing import playing
from tests.tui.scenes import PIN, SceneCounter

SECOND = "Emulated 00 01"
INSERTED, WITHDRAWN = CardInserted(SECOND, CardKind.CPS), CardWithdrawn(SECOND)


class NoCard(SceneCounter):
    """The reader says card, the module finds none."""

    def own_card(self) -> OwnCard:
        """Refuse."""
        raise TokenAbsent("none", reason="none")


async def test_the_cards_code_is_asked_for_and_opens(scene: SceneCounter) -> None:
    """Who, then the card's code; the right one opens, a wrong one is told and may be tried again."""
    async with playing(scene) as player:
        assert scene.post is not None
        scene.post(INSERTED)
        await player.sees("Code carte")
        player.press("2", "1111", "enter")
        await player.sees("n'ouvre pas le poste")
        assert player.app.locked
        player.press(PIN, "enter")
        await player.until(lambda: not player.app.locked)
        assert scene.user is not None
        assert scene.user.id == "nadia"


async def test_a_reader_with_keys_asks_for_no_code_here(scene: SceneCounter) -> None:
    """Only for the person: the code never passes through the program."""
    scene.pro_card = OwnCard(pin_pad=True)
    async with playing(scene) as player:
        assert scene.post is not None
        scene.post(INSERTED)
        await player.sees("sur le lecteur")
        player.press("3", "enter")
        await player.until(lambda: not player.app.locked)
        assert scene.user is not None
        assert scene.user.id == "thomas"


@pytest.mark.parametrize("back", ["f6", "withdrawn"])
async def test_ones_own_code_opens_all_the_same(scene: SceneCounter, back: str) -> None:
    """After F6, or when the card is taken out."""
    async with playing(scene) as player:
        assert scene.post is not None
        scene.post(INSERTED)
        await player.sees("Code carte")
        if back == "f6":
            player.press("f6")
        else:
            scene.post(WITHDRAWN)
        await player.until(lambda: "Code carte" not in player.text())
        await player.unlock(PIN, "1")
        assert scene.user is not None


async def test_a_card_that_stays_in_is_asked_for_again(scene: SceneCounter) -> None:
    """At each lock; while the terminal is open a professional card changes nothing on the screen."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        before = player.text()
        assert scene.post is not None
        scene.post(INSERTED)
        await player.settle()
        assert player.text() == before
        player.press("f11")
        await player.sees("Code carte")


async def test_a_card_without_its_software_is_told() -> None:
    """And the form for one's own code stays."""
    scene = NoCard()
    async with playing(scene) as player:
        assert scene.post is not None
        scene.post(INSERTED)
        await player.sees("pas de carte professionnelle")
        assert "Code carte" not in player.text()
        await player.unlock(PIN, "1")
