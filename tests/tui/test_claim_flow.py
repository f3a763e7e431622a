"""From the card to "enregistrée" and back: the screens on the real counter, with an emulated reader."""

from terminal.domain.claim import ClaimState
from terminal.tui.orders import Page
from tests.tui.playing import playing
from tests.tui.real_shop import PIN, Shop

CLASS_A = ("1211", "enter", "1", "f10")


def states(shop: Shop) -> list[str]:
    """The states of every claim, the newest first."""
    return [row.state for row in shop.desk.home.outbox.rows(limit=10, newest_first=True)]


async def test_seven_keys_from_the_card_to_a_registered_claim(shop: Shop) -> None:
    """Card in: the claim opens by itself; `1211` Enter `1` F10 in one burst: it is durable, and the screen says so."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        await player.sees("INSÉREZ LA CARTE VITALE")
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press(*CLASS_A)
        await player.sees("ENREGISTRÉE")
        assert states(shop) == [ClaimState.QUEUED]
        item = shop.counter.worklist()[0]
        await player.sees(f"● DEMANDE {item.number} ENREGISTRÉE")
        assert "À payer par le client : 0,00" in player.text()
        await player.sees("À RENDRE")


async def test_who_pays_what_appears_while_typing(shop: Shop) -> None:
    """Dashes first, then the real amounts, with the estimate said."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        assert "95,00" not in player.text()
        player.press("1211", "enter", "1")
        await player.sees("Part mutuelle ESTIMÉE")
        assert "77,90" in player.text()


async def test_what_is_missing_is_said_and_nothing_is_registered(shop: Shop) -> None:
    """The cursor goes to the field; what was typed stays."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press("1211", "enter", "f10")
        await player.sees("Il manque le modèle")
        claim = player.app.claim_page.claim
        assert claim is not None
        assert (claim.form.active, claim.form["day"].text) == ("model", "1211")
        assert states(shop) == []


async def test_a_refusal_of_the_counter_is_told_in_its_field(shop: Shop) -> None:
    """An expired prescription: the sentence has the day, the cursor is on the date, the claim can still be saved."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press("12112010", "1", "f10")
        await player.sees("n'est plus valable depuis")
        claim = player.app.claim_page.claim
        assert claim is not None
        assert claim.form.active == "day"
        player.press("1211", "f10")
        await player.sees("ENREGISTRÉE")
        assert states(shop) == [ClaimState.QUEUED]


async def test_a_claim_is_corrected_in_its_grace_period(shop: Shop) -> None:
    """F6 from the confirmation: the same form, another date; the first claim is voided when the second is durable."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press(*CLASS_A)
        await player.sees("ENREGISTRÉE")
        player.press("f6")
        await player.claim_opens()
        player.press("1011", "f10")
        await player.until(lambda: states(shop).count(ClaimState.QUEUED) == 1 and len(states(shop)) == 2)
        assert sorted(states(shop)) == sorted([ClaimState.QUEUED, ClaimState.SUPERSEDED])
        newest = shop.counter.worklist()[0]
        prescribed = shop.counter.reopen(newest.claim_id).prescription_date
        assert prescribed is not None
        assert (prescribed.day, prescribed.month) == (10, 11)


async def test_a_claim_is_cancelled_from_the_queue_by_asking_twice(shop: Shop) -> None:
    """F4, F7, F7; another key in between keeps it."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press(*CLASS_A)
        await player.sees("ENREGISTRÉE")
        await player.settle()
        player.press("f4", "f7", "down", "f7")
        await player.sees("F7 encore pour annuler")
        assert states(shop) == [ClaimState.QUEUED]
        player.press("f7")
        await player.sees("annulée")
        assert states(shop) == [ClaimState.CANCELLED]
        assert player.app.page is Page.HOME


async def test_a_patient_without_card_is_typed_twice(shop: Shop) -> None:
    """F2, the whole form in one burst, then the claim: it says that the number was typed."""
    nir = "284057599900149"
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        player.press("f2", nir, nir, "dupont", "enter", "marie", "enter", "05031984", "f10")
        await player.claim_opens()
        player.press(*CLASS_A)
        await player.sees("ENREGISTRÉE")
        draft = shop.counter.reopen(shop.counter.worklist()[0].claim_id)
        assert (draft.person.source, draft.person.surname) == ("typed", "DUPONT")


async def test_two_f10_register_once(shop: Shop) -> None:
    """A key that bounces is no second claim."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press("1211", "enter", "1", "f10", "f10", "f10")
        await player.sees("ENREGISTRÉE")
        await player.settle()
        assert len(states(shop)) == 1
