"""Finding a claim on the screen: typed in one burst, read in parts, opened, hidden, forgotten."""

from terminal.tui.orders import Page
from tests.tui.answered import answered
from tests.tui.playing import playing
from tests.tui.scenes import ITEMS, PIN, SceneCounter


async def test_a_name_is_found_by_its_beginning_and_opened() -> None:
    """F3, letters, Enter, Enter; back leads to the list as it was."""
    async with playing(answered()) as player:
        await player.unlock(PIN, "1")
        player.press("f3", "garc", "enter")
        await player.sees("1 trouvée(s)")
        assert "GARCIA Eva" in player.text()
        player.press("enter")
        await player.sees("Demande 2026-0384")
        assert "Échap  Retour" in player.line(-1)
        player.press("escape")
        await player.sees("1 trouvée(s)")
        assert "GARCIA Eva" in player.text()


async def test_all_parts_of_a_search_come_by_themselves_until_the_screen_is_full() -> None:
    """The list is whole though each answer has two claims; the selection stops at its end."""
    async with playing(SceneCounter()) as player:
        await player.unlock(PIN, "1")
        player.press("f3", "enter")
        await player.sees(f"{len(ITEMS)} trouvée(s)")
        player.press(*["down"] * 20)
        await player.settle()
        assert "0430" in player.text()


async def test_a_search_that_finds_nothing_or_is_none_says_what_to_do() -> None:
    """And another key begins anew."""
    async with playing(SceneCounter()) as player:
        await player.unlock(PIN, "1")
        player.press("f3", "zzz", "enter")
        await player.sees("Aucune demande ne correspond.")
        player.press("f3", "31/02", "enter")
        await player.sees("Ce jour ou ce mois n'existe pas.")
        player.press("f3", "0412", "enter")
        await player.sees("1 trouvée(s)")


async def test_names_are_masked_and_forgotten_with_the_lock() -> None:
    """F8 shows initials; after the lock neither words nor claims are there."""
    async with playing(SceneCounter()) as player:
        await player.unlock(PIN, "1")
        player.press("f3", "dupont", "enter")
        await player.sees("DUPONT Marie")
        player.press("f8")
        await player.sees("D. M.")
        assert "DUPONT Marie" not in player.text()
        player.press("f11")
        await player.sees("Poste verrouillé")
        await player.unlock(PIN, "1")
        assert player.app.front is player.app.pages[Page.SEARCH]
        assert "D. M." not in player.text()
        assert "DUPONT" not in player.text()
