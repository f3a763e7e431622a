"""The customer's ticket on the screen, and its way to the printer."""

import pytest

from tests.tui.make_pictures import lead_to, scenes
from tests.tui.playing import playing


async def test_a_ticket_is_printed_from_its_screen() -> None:
    """F10 prints and says so; Escape goes back to the registered claim."""
    scene = scenes()["ticket"]
    scene.counter.printed = []
    async with playing(scene.counter) as player:
        await lead_to(player, scene)
        player.press("f10")
        await player.sees("Ticket imprimé.")
        assert [lines[1] for lines in scene.counter.printed] == ["Demande 2026-0434"]
        player.press("escape")
        await player.sees("ENREGISTRÉE")


async def test_a_ticket_without_a_printer_says_what_to_do() -> None:
    """The code is on the screen all the same, and F10 may be tried again."""
    scene = scenes()["ticket"]
    async with playing(scene.counter, size=(80, 24)) as player:
        await lead_to(player, scene)
        for _ in range(2):
            player.press("f10")
            await player.sees("Aucune imprimante n'est réglée.")
        assert "█" in player.text()


async def test_a_linux_console_shows_the_code_without_half_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """In blank cells where there is room; a small console says to print it."""
    monkeypatch.setenv("TERM", "linux")
    for size, shown in (((160, 50), False), ((80, 24), True)):
        scene = scenes()["ticket"]
        async with playing(scene.counter, size=size) as player:
            await lead_to(player, scene)
            assert ("trop petit" in player.text()) is shown
            assert "█" not in player.text()
