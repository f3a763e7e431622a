"""A professional card in the reader of a locked terminal: what is asked for, and what opens."""

import pytest

from hardware import CardInserted, CardKind, CardWithdrawn, TokenAbsent
from terminal.tui.orders import Page
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
    """At each lock."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        assert scene.post is not None
        scene.post(INSERTED)
        await player.sees("Ma carte")
        player.press("f11")
        await player.sees("Code carte")


async def test_ones_own_card_is_let_in_from_home(scene: SceneCounter) -> None:
    """F6 while it is in; the card's code, as dots; done, and said. Without a card F6 does nothing."""
    async with playing(scene) as player:
        await player.unlock(PIN, "2")
        player.press("f6")
        await player.settle()
        assert player.app.page is Page.HOME
        assert scene.post is not None
        scene.post(INSERTED)
        await player.sees("F6 pour qu'elle ouvre ce poste")
        player.press("f6", "f10")
        await player.sees("Il manque")
        player.press("7913")
        await player.sees("••••")
        player.press("enter")
        await player.sees("ouvre maintenant votre compte")
        assert scene.cards_added == [("nadia", "7913")]
        assert "7913" not in player.text()


async def test_a_reader_with_keys_lets_a_card_in_without_a_code_here(scene: SceneCounter) -> None:
    """The code is typed on the reader; a card that refuses is told, and may be tried again."""
    scene.pro_card = OwnCard(pin_pad=True)
    refusing = [TokenAbsent("none", reason="none")]
    added = scene.add_own_card

    def add(card_pin: str | None) -> None:
        if refusing:
            raise refusing.pop()
        added(card_pin)

    scene.add_own_card = add  # type: ignore[method-assign]  # a card that is pulled
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        assert scene.post is not None
        scene.post(INSERTED)
        await player.sees("Ma carte")
        player.press("f6")
        await player.sees("sur le lecteur")
        player.press("f10")
        await player.sees("pas de carte professionnelle")
        player.press("f10")
        await player.sees("ouvre maintenant votre compte")
        assert scene.cards_added == [("camille", None)]


async def test_a_card_without_its_software_is_told() -> None:
    """And the form for one's own code stays."""
    scene = NoCard()
    async with playing(scene) as player:
        assert scene.post is not None
        scene.post(INSERTED)
        await player.sees("pas de carte professionnelle")
        assert "Code carte" not in player.text()
        await player.unlock(PIN, "1")
