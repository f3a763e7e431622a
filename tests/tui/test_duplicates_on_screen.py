"""A claim that looks like an earlier one, on the real counter: both are shown, and a person says what it is."""

from terminal.domain.claim import ClaimState
from terminal.tui.orders import Page
from terminal.vault.acts import Act
from tests.tui.playing import Player, playing
from tests.tui.real_shop import PIN, Shop

CLASS_A = ("1211", "enter", "1", "f10")


async def twice(player: Player, shop: Shop) -> str:
    """Register a claim and write the same again; the number of the first."""
    await player.unlock(PIN)
    for asked in ("ENREGISTRÉE", "est-ce la même demande"):
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press(*CLASS_A)
        await player.sees(asked)
        shop.cards.remove()
        await player.settle()
    return shop.counter.worklist()[0].number


def registered(shop: Shop) -> list[str]:
    """The states of all claims."""
    return [row.state for row in shop.desk.home.outbox.rows()]


async def test_both_claims_stand_beside_each_other(shop: Shop) -> None:
    """Number, prices, parts; what is equal is told from what differs; nothing is registered yet."""
    async with playing(shop.counter, reader=shop.reader) as player:
        number = await twice(player, shop)
        page = player.text()
        assert f"DEMANDE {number}" in page
        assert "= Monture" in page
        assert "= Total" in page
        assert "= Jour" in page
        assert registered(shop) == [ClaimState.QUEUED]


async def test_another_equipment_is_registered_with_its_reason_in_the_journal(shop: Shop) -> None:
    """In the claim's own transaction, by a code that says nothing of a health."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await twice(player, shop)
        player.press("3")
        await player.sees("ENREGISTRÉE")
        assert registered(shop) == [ClaimState.QUEUED] * 2
        newest = shop.desk.home.outbox.rows()[-1].claim_id
        meant = [one for one in shop.desk.vault.journal.entries() if one.what == Act.DUPLICATE_MEANT]
        assert [(one.subject, one.outcome) for one in meant] == [(newest, "lost_or_broken")]


async def test_the_same_claim_is_abandoned_by_saying_it_twice(shop: Shop) -> None:
    """Another key in between keeps what was typed; so does Escape."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await twice(player, shop)
        player.press("1", "down", "1")
        await player.sees("1 encore pour abandonner")
        player.press("escape")
        await player.sees("F10 encore pour comparer")
        assert player.app.claim_page.in_progress
        player.press("f10")
        await player.sees("est-ce la même demande")
        player.press("1", "1")
        await player.sees("la première demande reste")
        assert registered(shop) == [ClaimState.QUEUED]
        assert not player.app.claim_page.in_progress


async def test_the_first_claim_can_be_looked_at_and_the_question_waits(shop: Shop) -> None:
    """Its page opens, and leads back to the two."""
    async with playing(shop.counter, reader=shop.reader) as player:
        number = await twice(player, shop)
        player.press("5")
        await player.sees(f"┌─ Demande {number}")
        player.press("escape")
        await player.sees("est-ce la même demande")
        assert player.app.page is Page.DUPLICATE
