"""What is asked before a claim is registered: a second equipment, an early renewal; and where its figures come from."""

from dataclasses import replace
from datetime import timedelta

from terminal.domain.claim import ClaimState
from terminal.tui.orders import Page
from terminal.workflow.types import Delivered
from tests.tui.playing import playing
from tests.tui.real_shop import PIN, Shop
from tests.tui.scenes import MARIE, TODAY, SceneCounter
from tests.tui.scenes import PIN as SCENE_PIN

CLASS_A = ("1211", "enter", "1", "f10")


def states(shop: Shop) -> list[str]:
    """The states of every claim, the newest first."""
    return [row.state for row in shop.desk.home.outbox.rows(limit=10, newest_first=True)]


async def test_a_second_equipment_is_asked_about_with_its_day_and_number(shop: Shop) -> None:
    """The first F10 tells it and registers nothing, the second registers; a change in between asks again."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press(*CLASS_A)
        await player.sees("ENREGISTRÉE")
        number = shop.counter.worklist()[0].number
        shop.cards.remove()
        await player.settle()
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press(*CLASS_A)
        await player.sees(f"DEMANDE {number}")
        await player.sees("est-ce la même demande")
        assert len(states(shop)) == 1
        player.press("escape")
        await player.sees("F10 encore pour comparer")
        claim = player.app.claim_page.claim
        assert claim is not None
        claim.form.go("frame_price")
        player.press("29")
        await player.sees("94,00")
        assert "F10 encore" not in player.text()
        player.press("f10")
        await player.sees("est-ce la même demande")
        assert len(states(shop)) == 1
        player.press("2")
        await player.sees("ENREGISTRÉE")
        assert states(shop) == [ClaimState.QUEUED] * 2


async def test_a_corrected_claim_is_no_second_equipment_and_keeps_its_model(shop: Shop) -> None:
    """F6 on a mixed equipment: model 3 again, and F10 registers at once."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press("1211", "enter", "3", "enter", "enter", "enter", "99", "f10")
        await player.sees("ENREGISTRÉE")
        player.press("f6")
        await player.claim_opens()
        claim = player.app.claim_page.claim
        assert claim is not None
        assert (claim.form["model"].text, claim.form["frame_price"].text) == ("3", "99,00")
        player.press("1011", "f10")
        await player.until(lambda: sorted(states(shop)) == sorted([ClaimState.QUEUED, ClaimState.SUPERSEDED]))


async def test_an_early_renewal_is_registered_with_its_ground(shop: Shop) -> None:
    """Without it the cursor goes to the ground; with it the claim is registered, and the panel says early."""
    last = shop.counter.today() - timedelta(days=500)
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press("1211", "down", "down", f"{last:%d%m%Y}", "down", "1", "f10")
        await player.sees("il manque le motif")
        player.press("1")
        await player.sees("Renouvellement anticipé.")
        player.press("f10")
        await player.sees("ENREGISTRÉE")


async def test_every_figure_can_be_asked_where_it_comes_from(scene: SceneCounter) -> None:
    """F4: codes with their reason, amounts with rule and row, the class A equipment; Escape goes back."""
    scene.people, scene.card_present = (MARIE,), True
    async with playing(scene) as player:
        await player.unlock(SCENE_PIN, "1")
        await player.claim_opens()
        player.press("1211", "enter", "2", "+2 -3 90", "enter", "-1", "enter", "120", "enter", "150", "enter")
        await player.sees("Offre classe A : prix à")
        await player.sees("OD 2208756 transposé : -1,00 (+3,00) 180°, tranche [0 ; -2], cylindre <= 4")
        player.press("f4")
        await player.sees("60 % de la base 0,05")
        assert "generic_codes.csv:" in player.text()
        assert "[CSS R160-5]" in player.text()
        player.press("end")
        await player.sees("Équipement de classe A à proposer")
        assert "2234050" in player.text()
        player.press("home")
        await player.sees("Codes choisis")
        player.press("escape")
        await player.until(lambda: player.app.page is Page.CLAIM)
        claim = player.app.claim_page.claim
        assert claim is not None
        assert claim.form["od_written"].text == "+2,00 (-3,00) 90°"


async def test_the_detail_says_when_there_is_nothing_to_explain(scene: SceneCounter) -> None:
    """Before the first quote; the lock hides it, and a claim that is left leaves nothing of it."""
    scene.people, scene.card_present = (MARIE,), True
    async with playing(scene) as player:
        await player.unlock(SCENE_PIN, "1")
        await player.claim_opens()
        player.press("f4")
        await player.sees("Le calcul n'est pas encore possible")
        player.press("escape", "1211", "enter", "1")
        await player.sees("95,00")
        player.press("f4", "f11")
        await player.sees("Poste verrouillé")
        assert "D'où vient" not in player.text()


async def test_a_warned_claim_that_changed_is_asked_about_again() -> None:
    """What was said of one claim does not hold for another."""
    earlier = (Delivered(TODAY - timedelta(days=9), "2026-0001"),)
    counter = replace(SceneCounter(), people=(MARIE,), card_present=True, earlier=earlier)
    async with playing(counter) as player:
        await player.unlock(SCENE_PIN, "1")
        await player.claim_opens()
        player.press(*CLASS_A)
        await player.sees("est-ce la même demande")
        player.press("3")
        await player.sees("ENREGISTRÉE")
        assert len(counter.submitted) == 1
