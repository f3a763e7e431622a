"""Document requests at the counter: seen, opened, decided by the responsible person alone, and never by one key."""

from dataclasses import replace

from terminal.tui.orders import Page
from terminal.workflow.types import Provided
from tests.tui.playing import Player, playing
from tests.tui.scenes import ASKED, PIN, SceneCounter


async def opened(player: Player, *keys: str) -> None:
    """From home, or from the list by these keys: the request is in front."""
    player.press(*(keys or ("f9", "enter", "enter")))
    await player.until(lambda: player.app.front is player.app.pages[Page.REQUEST])
    await player.settle()


async def test_home_says_how_many_wait_and_the_nearest_deadline() -> None:
    """Only when some do, with the key that leads to them."""
    async with playing(SceneCounter(wanted=ASKED[1:])) as player:
        await player.unlock(PIN, "1")
        await player.sees("3 justificatif(s) à décider avant le 05/12/2026")
        player.press("f9", "1")
        await player.sees("2026-0430")
    async with playing(SceneCounter()) as player:
        await player.unlock(PIN, "1")
        assert "ustificatif" not in player.text()


async def test_no_request_names_a_person() -> None:
    """List and request: numbers and kinds only, and nothing of them behind the lock."""
    scene = SceneCounter(wanted=ASKED)
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f9", "enter")
        await player.sees("2026-0412")
        names = [item.name.split()[0] for item in scene.items]
        assert not any(name in player.text() for name in names)
        await opened(player, "down", "enter")
        assert not any(name in player.text() for name in names)
        player.press("f11")
        await player.until(lambda: player.app.locked)
        await player.settle()
        assert "2026-0430" not in player.text()


async def test_what_is_typed_is_what_is_shown_and_what_leaves() -> None:
    """The dossier's date can be replaced; F10 asks, and F10 again gives exactly what stands under "ce qui part"."""
    scene = SceneCounter(wanted=ASKED[2:])
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        await opened(player)
        assert "Date du dernier équipement : 01/06/2024" in player.text()
        player.press("02072023", "f10")
        await player.sees("Date du dernier équipement : 02/07/2023")
        await player.sees("F10 encore")
        assert scene.decided == []
        player.press("f10")
        await player.sees("Justificatif scellé pour l'organisme.")
        (decision,) = scene.decided
        assert decision[0] == ASKED[2].request_id
        assert isinstance(decision[1], Provided)
        assert str(decision[1].last_equipment_date) == "2023-07-02"
        await player.settle()
        assert "2026-0391" not in player.text(), "what is decided leaves the list"


async def test_another_key_between_two_keeps_the_request() -> None:
    """Provide, think again, refuse without a reason: nothing leaves until a reason is chosen and F7 pressed twice."""
    scene = SceneCounter(wanted=ASKED)
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        await opened(player)
        player.press("f10", "x", "f10", "f7", "f7", "f7")
        await player.sees("MOTIF DU REFUS")
        assert scene.decided == []
        player.press("9", "2", "f7")
        await player.sees("Refus : ce justificatif n'est pas nécessaire")
        assert scene.decided == []
        player.press("f7", "f7", "f7")
        await player.sees("Refus scellé")
        assert scene.decided == [(ASKED[0].request_id, "not_needed")]


async def test_staff_see_a_request_and_why_they_cannot_decide() -> None:
    """Neither key is offered, neither does anything."""
    scene = SceneCounter(wanted=ASKED)
    async with playing(scene) as player:
        await player.unlock(PIN, "2")
        await opened(player)
        await player.sees("Seul le responsable")
        assert "Fournir" not in player.line(-1)
        player.press("f10", "f10", "f7", "1", "f7", "f7")
        await player.settle()
        assert scene.decided == []


async def test_an_empty_or_impossible_value_leaves_nothing() -> None:
    """It is said what is missing, and the field keeps what was typed."""
    scene = SceneCounter(wanted=ASKED[3:] + ASKED[2:3])
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        await opened(player)
        player.press("f10", "f10")
        await player.sees("Il manque ce que l'organisme demande")
        player.press("escape")
        await player.until(lambda: player.app.page is Page.REQUESTS)
        await opened(player, "down", "enter")
        player.press("31022024", "f10", "f10")
        await player.settle()
        assert scene.decided == []


async def test_everything_that_leaves_can_be_read_on_a_small_screen() -> None:
    """A long ground pushes the answer down: the page says that it goes on, and scrolls to its end."""
    long = replace(ASKED[1], ground="motif " * 50)
    async with playing(SceneCounter(wanted=(long,)), size=(60, 18)) as player:
        await player.unlock(PIN, "1")
        await opened(player)
        await player.sees("la suite avec ↓")
        assert "99100001/ESSAI" not in player.text()
        player.press("pagedown", "down", "down", "down", "down", "down", "down")
        await player.settle()
        assert "la suite avec" not in player.text()
        assert "celui de l'envoi" in player.text()
