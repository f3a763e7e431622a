"""What a person decides on the queue: a recovered claim, and chains that stand still."""

import threading

from terminal.workflow.types import Settled
from tests.tui.playing import playing
from tests.tui.scenes import PIN, STOPPED, SceneCounter


async def test_a_recovered_claim_is_queued_by_asking_twice() -> None:
    """F9, F9; another key in between keeps it waiting; other claims have no such key."""
    scene = SceneCounter()
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f4", "f9", "f9", "down", "down", "f9", "up", "down", "f9")
        await player.sees("Mettre en file la demande retrouvée 0417")
        assert scene.released == []
        assert "Envoyer" in player.line(-1)
        player.press("f9")
        await player.sees("Demande 0417 mise en file.")
        assert scene.released == ["0417"]


async def test_a_recovered_claim_is_cancelled_by_asking_twice() -> None:
    """F7, F7, as for one in its grace period."""
    scene = SceneCounter()
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f4", "down", "down", "f9", "f7")
        await player.sees("F7 encore")
        assert scene.cancelled == []
        player.press("f7")
        await player.sees("annulée")
        assert (scene.cancelled, scene.released) == (["0417"], [])


def assert_opened(gate: threading.Event) -> None:
    """Wait as a settlement waits for the line."""
    assert gate.wait(30)


async def test_stopped_chains_are_settled_while_the_counter_goes_on() -> None:
    """F10, F10; keys are taken while the insurers are waited for; the outcome is told, once."""
    gate = threading.Event()
    scene = SceneCounter(STOPPED, before_settling=lambda: assert_opened(gate))
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f4", "f10", "down", "f10")
        await player.sees("Une seule doit servir")
        player.press("f10")
        await player.sees("Les organismes confirment")
        player.press("f10", "f10", "escape")
        await player.sees("INSÉREZ LA CARTE")
        gate.set()
        await player.sees("Suite réglée : 2 déjà reçue(s), 1 à renuméroter, 0 à renvoyer.")
        assert scene.settlements == 1


async def test_staff_do_not_settle_chains() -> None:
    """The key is not offered and says why."""
    scene = SceneCounter(STOPPED)
    async with playing(scene) as player:
        await player.unlock(PIN, "2")
        player.press("f4")
        await player.settle()
        assert "Régler" not in player.line(-1)
        player.press("f10", "f10")
        await player.sees("Votre rôle ne permet pas cela")
        assert scene.settlements == 0


async def test_a_failed_settlement_and_one_by_the_service_are_told() -> None:
    """What the insurer answered, or that the service does the rest."""
    for outcome, said in (
        (Settled(errors={"99100001": "insurer_unreachable"}), "L'organisme ne répond pas"),
        (Settled(by_service=True), "le service d'envoi règle la suite"),
        (Settled(elsewhere=3), "3 demande(s) reçue(s) d'une autre copie"),
    ):
        async with playing(SceneCounter(STOPPED, outcome=outcome)) as player:
            await player.unlock(PIN, "1")
            player.press("f4", "f10", "f10")
            await player.sees(said)
