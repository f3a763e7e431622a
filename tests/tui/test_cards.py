"""Cards that come at the wrong moment, cards that do not answer, and who may see what."""

import pytest

from hardware import CardInserted, CardKind, CardWithdrawn
from terminal.tui.card_slot import Slot
from terminal.tui.orders import Page
from tests.tui.playing import playing
from tests.tui.real_shop import PIN, Shop
from tests.tui.scenes import MARIE, READER, SceneCounter
from tests.tui.scenes import PIN as SCENE_PIN


async def test_several_people_are_asked_for_by_digit(shop: Shop) -> None:
    """The family of the emulated card, on the real counter."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("famille")
        await player.claim_opens()
        assert "Pour qui ?" in player.text()
        player.press("2", "1211", "enter", "1", "f10")
        await player.sees("ENREGISTRÉE")
        assert shop.counter.reopen(shop.counter.worklist()[0].claim_id).person.rank == 2


async def test_a_garbled_card_is_told_with_a_remedy_and_read_again(shop: Shop) -> None:
    """After wiping it; the terminal never waits."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple", fault="garbage")
        await player.until(lambda: player.app.facts.slot.state is Slot.FAILED)
        await player.sees("CARTE NON LUE")
        assert player.notice()
        shop.cards.insert("simple")
        await player.claim_opens()
        assert player.notice() == ""


async def test_keys_are_drawn_while_a_mute_card_is_waited_for(shop: Shop) -> None:
    """A card that takes commands and never answers: what is typed meanwhile is on the screen before it is given up."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("muette")
        await player.until(lambda: player.app.facts.slot.state is Slot.READING)
        player.press("f2", "284057599900")
        await player.flush()
        assert "284057599900" in player.text()
        assert player.app.facts.slot.state is Slot.READING, "the card was given up before the keys were drawn"
        await player.until(lambda: player.app.facts.slot.state is Slot.FAILED)
        assert "284057599900" in player.text()


async def test_a_card_pulled_too_early_is_told(shop: Shop) -> None:
    """Nothing half read is shown."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple", fault="pulled:5")
        await player.until(lambda: "retirée trop tôt" in player.notice())
        assert player.app.page is Page.HOME
        assert player.app.claim_page.claim is None


async def test_a_card_never_steals_the_screen(scene: SceneCounter) -> None:
    """While something is typed it waits, with a banner; F5 opens it, and asks first when a claim would be lost."""
    scene.people = (MARIE,)
    async with playing(scene) as player:
        await player.unlock(SCENE_PIN, "1")
        player.press("f2", "284")
        assert scene.post is not None
        scene.failure = AssertionError("read before anybody asked")
        scene.post(CardInserted(READER, CardKind.VITALE_2))
        await player.sees("F5 ouvrir")
        assert player.app.page is Page.IDENTIFY
        player.press("0")
        await player.until(lambda: player.app.identify_page.form["nir"].text == "2840")
        await player.settle()
        scene.failure = None
        player.press("f5")
        await player.claim_opens()
        player.press("1211")
        scene.post(CardWithdrawn(READER))
        scene.post(CardInserted(READER, CardKind.VITALE_2))
        await player.sees("F5 ouvrir")
        player.press("f5")
        await player.sees("sera abandonnée")
        player.press("f5")
        claim = player.app.claim_page.claim
        await player.until(lambda: player.app.claim_page.claim is not claim)


async def test_typing_while_the_card_is_read_keeps_the_screen(scene: SceneCounter) -> None:
    """The card that was being read by itself waits instead."""
    async with playing(scene) as player:
        await player.unlock(SCENE_PIN, "1")
        assert scene.post is not None
        scene.post(CardInserted(READER, CardKind.VITALE_2))
        player.press("f2")
        await player.settle()
        assert player.app.page is Page.IDENTIFY or player.app.facts.slot.state is Slot.READ
        if player.app.page is Page.IDENTIFY:
            assert player.app.facts.slot.state is Slot.WAITING


async def test_the_next_card_opens_from_the_confirmation(scene: SceneCounter) -> None:
    """As the screen promises."""
    scene.people, scene.card_present = (MARIE,), True
    async with playing(scene) as player:
        await player.unlock(SCENE_PIN, "1")
        await player.claim_opens()
        player.press("1211", "enter", "1", "f10")
        await player.sees("ENREGISTRÉE")
        assert scene.post is not None
        scene.post(CardWithdrawn(READER))
        scene.post(CardInserted(READER, CardKind.VITALE_2))
        await player.claim_opens()


async def test_a_locked_terminal_reads_no_card(scene: SceneCounter) -> None:
    """It is read once somebody is there."""
    scene.failure = AssertionError("read while locked")
    async with playing(scene) as player:
        assert scene.post is not None
        scene.post(CardInserted(READER, CardKind.VITALE_2))
        await player.settle()
        assert player.app.facts.slot.state is Slot.WAITING
        scene.failure = None
        await player.unlock(SCENE_PIN, "1")
        await player.claim_opens()


@pytest.mark.parametrize("size", [(80, 24), (100, 30), (160, 50)])
async def test_names_are_hidden_by_one_key_everywhere(scene: SceneCounter, size: tuple[int, int]) -> None:
    """Home, claim, confirmation, queue; a second F8 shows them again."""
    scene.people, scene.card_present = (MARIE,), True
    async with playing(scene, size=size) as player:
        await player.unlock(SCENE_PIN, "1")
        await player.claim_opens()
        player.press("f8", "1211", "enter", "1")
        await player.sees("95,00")
        seen = player.text()
        player.press("f10")
        await player.sees("ENREGISTRÉE")
        seen += player.text()
        player.press("f4")
        await player.sees("Choisir")
        seen += player.text()
        player.press("escape")
        await player.sees("Nouvelle demande")
        seen += player.text()
        assert [name for name in ("DUPONT", "MARIE", "LEROY", "MOREAU") if name in seen] == []
        player.press("f8")
        await player.sees("LEROY Paul")
