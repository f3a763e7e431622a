"""The lock: who opens it, what it hides, what it keeps."""

import threading

import pytest

from sync.errors import PinWrong
from terminal.tui.orders import Page
from terminal.vault import Account
from terminal.vault.refusals import PinLocked
from tests.tui.playing import playing
from tests.tui.real_shop import PIN, Shop
from tests.tui.scenes import MARIE, SceneCounter
from tests.tui.scenes import PIN as SCENE_PIN


async def test_a_wrong_code_opens_nothing(shop: Shop) -> None:
    """On the real vault; the code never shows."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.settle()
        player.press("1357", "enter")
        await player.sees("n'ouvre pas le poste")
        assert player.app.locked
        assert shop.counter.user is None
        assert "1357" not in player.text()
        player.press(PIN, "enter")
        await player.until(lambda: not player.app.locked)
        assert shop.counter.user is not None


async def test_three_wrong_codes_close_the_keyboard_for_a_while(shop: Shop) -> None:
    """The screen says how long, and even the right code waits then."""
    async with playing(shop.counter, reader=shop.reader) as player:
        for left in (9, 8, 7):
            player.press("1111", "enter")
            await player.sees(f"blocage{' du compte' if left > 7 else ''} : {left}")
            await player.settle()
        assert "Prochain essai dans 10 s" in player.text()
        player.press(PIN, "enter")
        await player.sees("Trop de codes faux")
        assert player.app.locked


async def test_ten_wrong_codes_lock_the_account_and_the_screen_says_what_to_do(shop: Shop) -> None:
    """The right code is refused as well, with the way out."""
    for _ in range(10):
        with shop.desk.home.store.write() as connection:
            connection.exec_driver_sql("UPDATE pin_try SET boot = 'another start'")
        with pytest.raises((PinWrong, PinLocked)):
            shop.counter.unlock("camille", "1111")
    async with playing(shop.counter, reader=shop.reader) as player:
        player.press(PIN, "enter")
        await player.sees("ce compte est bloqué")
        assert "comptoir user unlock" in player.text()
        assert player.app.locked


async def test_another_user_comes_with_one_key_a_number_and_a_code(scene: SceneCounter) -> None:
    """F11 locks and asks who comes; the one who left is not in view any more."""
    async with playing(scene) as player:
        await player.unlock(SCENE_PIN, "1")
        player.press("f11")
        await player.sees("Poste verrouillé")
        await player.until(lambda: scene.user is None)
        await player.unlock(SCENE_PIN, "2")
        assert scene.user is not None
        assert scene.user.id == "nadia"


async def test_an_account_made_meanwhile_is_on_the_lock_screen(shop: Shop) -> None:
    """The list is read again at each lock."""
    async with playing(shop.counter, reader=shop.reader) as player:
        await player.unlock(PIN)
        shop.desk.vault.accounts.add(Account("nadia", "Nadia K."), "1357", shop.desk.vault.seed)
        player.press("f11")
        await player.sees("Nadia K.")


async def test_the_lock_hides_everything_and_keeps_the_claim(scene: SceneCounter) -> None:
    """The same user finds the same fields, another one home, the first again the claim."""
    scene.people, scene.card_present = (MARIE,), True
    async with playing(scene) as player:
        await player.unlock(SCENE_PIN, "1")
        await player.claim_opens()
        player.press("1211", "enter", "f11")
        await player.sees("Poste verrouillé")
        assert "DUPONT" not in player.text()
        await player.until(lambda: scene.user is None)
        await player.sees("est gardée")
        for user, page in (("1", Page.CLAIM), ("2", Page.HOME), ("1", Page.CLAIM)):
            await player.unlock(SCENE_PIN, user)
            assert player.app.page is page
            player.press("f11")
            await player.until(lambda: player.app.locked and scene.user is None)
        claim = player.app.claim_page.claim
        assert claim is not None
        assert claim.form["day"].text == "1211"


async def test_an_unattended_screen_locks_itself(scene: SceneCounter) -> None:
    """It warns first; the limit is a setting."""
    async with playing(scene, idle_seconds=0) as player:
        await player.unlock(SCENE_PIN, "1")
        player.app.look_idle()
        await player.until(lambda: scene.user is None)
        assert player.app.locked
    async with playing(scene, idle_seconds=19) as player:
        await player.unlock(SCENE_PIN, "1")
        player.app.look_idle()
        assert "va se verrouiller" in player.notice()
        assert not player.app.locked
        player.press("f11")
        await player.until(lambda: player.app.locked and scene.user is None)
        await player.unlock(SCENE_PIN, "1")
        assert "va se verrouiller" not in player.notice()


async def test_locking_waits_for_a_claim_that_is_being_written(scene: SceneCounter) -> None:
    """The shop key is forgotten after the claim is durable, though the screen locks at once."""
    scene.people, scene.card_present = (MARIE,), True
    writing, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        writing.set()
        assert go_on.wait(30)
        assert scene.user is not None

    scene.before_submit = hold
    async with playing(scene) as player:
        await player.unlock(SCENE_PIN, "1")
        await player.claim_opens()
        player.press("1211", "enter", "1", "f10")
        await player.until(writing.is_set)
        player.press("f11")
        await player.until(lambda: player.app.locked)
        assert scene.user is not None
        go_on.set()
        await player.until(lambda: scene.user is None)
        assert len(scene.submitted) == 1
        await player.unlock(SCENE_PIN, "1")
        await player.sees("ENREGISTRÉE")


async def test_leaving_takes_two_escapes_on_the_lock_screen(scene: SceneCounter) -> None:
    """One asks, another key stays, two leave with status 0; ctrl+q, ctrl+c and ctrl+p do nothing."""
    async with playing(scene) as player:
        await player.unlock(SCENE_PIN, "1")
        player.press("ctrl+q", "ctrl+c", "ctrl+p")
        await player.settle()
        assert player.app.is_running
        assert player.app.screen is player.app.home_page
        player.press("f11", "escape")
        await player.sees("appuyez encore sur Échap")
        player.press("1", "escape")
        await player.settle()
        assert player.app.is_running
        player.press("escape")
        await player.until(lambda: player.app._exit)
    assert player.app.return_code == 0


async def test_a_demonstration_tells_its_code_on_the_lock_screen(scene: SceneCounter) -> None:
    """Nobody could know it."""
    async with playing(scene, hint="Code de démonstration : 2468") as player:
        await player.sees("Code de démonstration : 2468")


async def test_a_terminal_without_account_says_what_to_do() -> None:
    """Nobody can be chosen; the remedy is a command."""
    async with playing(SceneCounter(names=())) as player:
        await player.sees("comptoir user add")
        player.press("1", "2468", "enter")
        await player.settle()
        assert player.app.locked
