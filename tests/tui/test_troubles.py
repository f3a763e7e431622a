"""What goes wrong behind the screens: a full disk, an unforeseen defect, a clock that lies."""

from dataclasses import replace
from datetime import timedelta

import pytest

from sync.errors import ClaimNotCorrectable, DiskFull
from terminal.tui.claim_entry import complete
from terminal.tui.orders import Page
from terminal.workflow.types import DataAge, Draft, DuplicateReason, QuoteAnswer, Submitted
from tests.tui.playing import playing
from tests.tui.scenes import MARIE, OFFLINE, ONLINE, PIN, SceneCounter


class Failing(SceneCounter):
    """A counter whose writing fails as long as `trouble` is set."""

    trouble: Exception | None = None

    def submit(self, draft: Draft, replaces: str | None = None, despite: DuplicateReason | None = None) -> Submitted:
        """The chosen failure, or a claim."""
        if self.trouble is not None:
            raise self.trouble
        return super().submit(draft, replaces, despite)


class Slow(SceneCounter):
    """A counter that counts its quotes."""

    asked = 0

    def quote(self, draft: Draft, replaces: str | None = None) -> QuoteAnswer:
        """One more."""
        self.asked += 1
        return super().quote(draft, replaces)


async def test_a_full_disk_is_told_and_nothing_is_lost() -> None:
    """The screen does not say that it is registered; F10 again, once there is room, registers the same claim."""
    counter = Failing(people=(MARIE,), card_present=True)
    counter.trouble = DiskFull()
    async with playing(counter) as player:
        await player.unlock(PIN, "1")
        await player.claim_opens()
        player.press("1211", "enter", "1", "f10")
        await player.sees("Le disque est plein")
        assert player.app.page is Page.CLAIM
        counter.trouble = None
        player.press("f10")
        await player.sees("ENREGISTRÉE")
        assert len(counter.submitted) == 1


async def test_an_unforeseen_defect_of_a_worker_is_a_sentence() -> None:
    """The application lives on; what the exception says of a person is not shown."""
    counter = Failing(people=(MARIE,), card_present=True)
    counter.trouble = ValueError("DUPONT 284057599900149")
    async with playing(counter) as player:
        await player.unlock(PIN, "1")
        await player.claim_opens()
        player.press("1211", "enter", "1", "f10")
        await player.sees("défaut imprévu")
        assert "ValueError test_troubles.py:" in player.notice()
        assert "2840575" not in player.text()
        counter.trouble = None
        player.press("f10")
        await player.sees("ENREGISTRÉE")


async def test_a_clock_that_lies_asks_for_the_day_and_refuses_nothing(scene: SceneCounter) -> None:
    """In red, with the day to confirm; the second time the claim is registered."""
    scene.people, scene.card_present, scene.facts = (MARIE,), True, replace(ONLINE, clock_trusted=False)
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        await player.claim_opens()
        player.press("1211", "enter", "1", "f10")
        await player.sees(f"Est-on le {scene.today():%d/%m/%Y}")
        assert "HORLOGE NON SÛRE" in player.text()
        assert scene.submitted == []
        player.press("f10")
        await player.sees("ENREGISTRÉE")
        assert len(scene.submitted) == 1


@pytest.mark.parametrize(
    ("waiting", "words"),
    [(False, "Données de référence : il y a 3\u00a0j"), (True, "Données à mettre en service")],
)
async def test_the_age_of_reference_data_is_said_at_home(scene: SceneCounter, *, waiting: bool, words: str) -> None:
    """How old they are, or that something waits to be put in force."""
    scene.facts = replace(ONLINE, data=DataAge(scene.now() - timedelta(days=3), late=False, waiting=waiting))
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        await player.sees(words)


async def test_a_terminal_without_reference_data_says_nothing_of_them(scene: SceneCounter) -> None:
    """Where no root was put in place, the home screen is as it was."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        assert "Données" not in player.text()


async def test_a_claim_that_has_left_is_not_changed(scene: SceneCounter) -> None:
    """F6 and F7 on it say so."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f4", "end", "f6")
        await player.sees("ne se change plus ici")
        player.press("f7")
        await player.settle()
        assert scene.cancelled == []
        player.press("home", "down", "down", "down")
        await player.until(lambda: (item := player.app.queue_page.selected()) is not None and item.correctable)
        player.press("f6")
        await player.sees("ne se change plus ici")
        assert isinstance(ClaimNotCorrectable(), Exception)


async def test_a_rejected_claim_is_explained_on_the_queue_screen(scene: SceneCounter) -> None:
    """The meaning and the remedy of the selected row; the selection follows the claim when the list changes."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f4")
        await player.sees("Mettez à jour la mutuelle")
        player.press("down")
        await player.sees("le logiciel doit être mis à jour")
        scene.items = scene.items[1:]
        player.app.take_snapshot()
        await player.settle()
        selected = player.app.queue_page.selected()
        assert selected is not None
        assert selected.claim_id == "0398"


async def test_offline_is_in_words_on_every_screen(scene: SceneCounter) -> None:
    """Since when, and what waits."""
    scene.facts = OFFLINE
    async with playing(scene, size=(80, 24)) as player:
        await player.unlock(PIN, "1")
        for key in ("f2", "escape", "f4", "escape", "f11"):
            player.press(key)
            await player.settle()
            assert "HORS LIGNE 30" in player.line(0)
            assert "2\u00a0h\u00a010" in player.line(0)


async def test_the_same_values_are_priced_once() -> None:
    """Moving about in the form asks for no quote again."""
    counter = Slow(people=(MARIE,), card_present=True)
    async with playing(counter) as player:
        await player.unlock(PIN, "1")
        await player.claim_opens()
        player.press("1211", "enter", "1")
        await player.sees("95,00")
        asked = counter.asked
        player.press("up", "down", "tab", "tab", "left", "f8", "f8")
        await player.settle()
        assert counter.asked == asked


async def test_an_answer_to_an_older_question_is_dropped(scene: SceneCounter) -> None:
    """The amounts on the screen are those of the values on the screen."""
    scene.people, scene.card_present = (MARIE,), True
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        await player.claim_opens()
        page = player.app.claim_page
        player.press("1211", "enter", "1")
        await player.sees("95,00")
        older, told = page._asked, page.told
        assert older is not None
        assert told is not None
        player.press("down", "down", "down", "40")
        await player.sees("40")
        await player.settle()
        shown = player.text()
        page.tell_quote(older, complete(older, scene), told.answer)
        await player.settle()
        assert player.text() == shown
        page.refuse_quote(older, "card_mute", {})
        assert player.text() == shown


async def test_an_idle_screen_writes_nothing(scene: SceneCounter) -> None:
    """The same facts again: not one line is drawn."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        drawn: list[object] = []
        for sheet in player.app.home_page._papers:
            sheet.refresh = lambda *regions, **_options: drawn.append(regions)  # type: ignore[method-assign,assignment]  # a spy
        player.app.take_snapshot()
        await player.settle()
        assert drawn == []
        player.app.facts.masked = True
        player.app.home_page.repaint()
        assert len(drawn) > 0
