"""A day as people see it: each state on the real screen, by the real service, from the real receiver."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sync.announcing import Announcer
from sync.daemon import drain_now
from sync.engine import DrainReport
from sync.supervisor import Supervisor
from terminal.cli.demo_insurers import KINDS, DemoInsurer, create_insurer
from terminal.cli.demo_service import drain
from terminal.tui.orders import Page
from tests.integration.outcomes.insurer_side import cancellation_of, decide, message, pay, state
from tests.shop_fixture import PIN, NearInsurer, OpenShop, Shop
from tests.tui.playing import Player, playing

CLASS_A = ("1211", "enter", "1")


@pytest.fixture
def insurer(tmp_path: Path) -> Iterator[DemoInsurer]:
    """An insurer of its own, up."""
    made = create_insurer(tmp_path, KINDS[0], made_as=NearInsurer)
    made.start()
    yield made
    made.stop()


def restart(insurer: DemoInsurer, before: bytes = b"", after: bytes = b"") -> None:
    """Bring the intake up again, its settings changed."""
    insurer.stop()
    settings = insurer.folder / "intake" / "insurer.json"
    settings.write_bytes(settings.read_bytes().replace(before, after))
    insurer.start()


async def service_comes_by(player: Player, shop: Shop) -> None:
    """One pass of the service, in its own process on the long way; it says that it is there, and the screens look."""
    if shop.home.name == "long":
        drain(shop.home)
    else:
        drain_now(shop.desk.home)
    Announcer(shop.desk.home, Supervisor({})).say(DrainReport(), shop.counter.now())
    player.app.take_snapshot()
    await player.settle()


async def rejected_then_corrected(player: Player, shop: Shop, insurer: DemoInsurer, first: str) -> str:
    """The intake is up again with another convention and rejects; the numbered way out leads to one that it takes."""
    insurer.start()
    restart(insurer, b'"DEMO', b'"AUTRE')
    await service_comes_by(player, shop)
    player.press("f4")
    await player.sees("REJET ")
    player.press("enter")
    await player.sees("Ce que vous pouvez faire")
    player.press("1")
    await player.claim_opens()
    restart(insurer, b'"AUTRE', b'"DEMO')
    player.press("f10")
    await player.sees("ENREGISTRÉE")
    assert state(shop, first) == "superseded"
    second = shop.counter.worklist()[0].claim_id
    await service_comes_by(player, shop)
    player.press("f4")
    await player.sees("EN LIGNE")
    await player.sees("ACCUSÉE")
    told = message(insurer, second)
    assert (told["kind"], told["supersedes"]) == ("correction", first)
    return second


async def accepted_then_paid(player: Player, shop: Shop, insurer: DemoInsurer, claim_id: str) -> None:
    """Decided and paid by the operator, each seen in the list, the payment with its reference."""
    decide(insurer, claim_id, "--accept")
    await service_comes_by(player, shop)
    await player.sees("ACCEPTÉE")
    await player.sees("Accordé 77,90")
    pay(insurer, claim_id)
    await service_comes_by(player, shop)
    await player.sees("PAYÉE")
    player.press("enter")
    await player.sees("virement VIR-2026-11")
    assert "Ce que vous pouvez faire" not in player.text()


async def test_offline_online_rejected_corrected_accepted_paid(open_shop: OpenShop, insurer: DemoInsurer) -> None:
    """A claim goes the long way; each state is on the screen, with the numbered way out of the rejection."""
    shop = open_shop(with_insurers=(insurer,), name="long")
    shop.desk.vault.lock()
    insurer.stop()
    async with playing(shop.counter, reader=shop.cards.readers()[0]) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press(*CLASS_A, "f10")
        await player.sees("ENREGISTRÉE")
        first = shop.counter.worklist()[0].claim_id
        await service_comes_by(player, shop)
        await player.sees("HORS LIGNE")
        second = await rejected_then_corrected(player, shop, insurer, first)
        await accepted_then_paid(player, shop, insurer, second)
        assert (state(shop, first), state(shop, second)) == ("superseded", "paid")


async def test_agreement_asked_given_delivered_accepted(open_shop: OpenShop, insurer: DemoInsurer) -> None:
    """F9 asks; the number and its last day come back; one key makes it a claim that carries both."""
    shop = open_shop(with_insurers=(insurer,))
    shop.desk.vault.lock()
    async with playing(shop.counter, reader=shop.cards.readers()[0], size=(80, 24)) as player:
        await player.unlock(PIN)
        shop.cards.insert("simple")
        await player.claim_opens()
        player.press(*CLASS_A, "f9")
        await player.sees("DEMANDE D'ACCORD")
        asked = shop.counter.worklist()[0].claim_id
        await service_comes_by(player, shop)
        player.press("f4")
        await player.sees("Accord demandé")
        decide(insurer, asked, "--accept", "--pec", "7731", "--valid-until", "2099-01-20")
        await service_comes_by(player, shop)
        await player.sees("Accord 20/01/2099")
        player.press("enter")
        await player.sees("Accord n° 7731, valable jusqu'au 20/01/2099")
        player.press("1")
        await player.claim_opens()
        await player.sees("Accord n° 7731")
        player.press("f10")
        await player.sees("ENREGISTRÉE")
        delivered = shop.counter.worklist()[0].claim_id
        await service_comes_by(player, shop)
        assert message(insurer, delivered)["pec"]["number"] == "7731"
        decide(insurer, delivered, "--accept")
        await service_comes_by(player, shop)
        player.press("f4")
        await player.sees("ACCEPTÉE")
        assert (state(shop, asked), state(shop, delivered)) == ("superseded", "accepted")


async def test_a_cancellation_is_asked_twice_and_seen_until_it_is_answered(
    open_shop: OpenShop, insurer: DemoInsurer
) -> None:
    """The number twice, another key keeps the claim; the claim waits as ANNULATION until the answer."""
    shop = open_shop(with_insurers=(insurer,))
    claim_id = shop.counter.submit(shop.draft()).claim_id
    drain_now(shop.desk.home)
    shop.desk.vault.lock()
    async with playing(shop.counter) as player:
        await player.unlock(PIN)
        player.press("f4")
        await player.settle()
        player.press("enter")
        await player.sees("Demander l'annulation")
        player.press("1", "down", "1")
        await player.sees("Le même chiffre encore")
        assert state(shop, claim_id) == "acknowledged"
        player.press("1")
        await player.sees("Annulation demandée")
        await player.sees("ANNULATION")
        await service_comes_by(player, shop)
        decide(insurer, cancellation_of(insurer, claim_id), "--cancel")
        await service_comes_by(player, shop)
        player.press("escape")
        await player.sees("Aucune demande")
        assert player.app.page is Page.QUEUE
        assert state(shop, claim_id) == "cancelled"
