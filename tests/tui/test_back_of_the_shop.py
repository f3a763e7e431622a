"""The back of the shop on the screen, through the real terminal: menu, day close, self-check."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import msgspec

from terminal.cli.office import SHEETS, Office
from terminal.tui.orders import Page
from terminal.workflow.media import mounted
from tests.tui.playing import Player, playing
from tests.tui.real_shop import PIN, Shop
from tests.tui.scene_office import HERE, STICK, SceneOffice
from tests.tui.scenes import PIN as SCENE_PIN
from tests.tui.scenes import SceneCounter

CLASS_A = ("1211", "enter", "1", "f10")


async def sold(player: Player, shop: Shop, card: str = "simple") -> None:
    """One claim, registered from the card to the end, and home again."""
    shop.cards.insert(card)
    await player.claim_opens()
    player.press(*CLASS_A)
    await player.sees("ENREGISTRÉE")
    shop.cards.remove()
    player.press("escape")
    await player.until(lambda: player.app.page is Page.HOME)
    await player.settle()


@contextmanager
def with_printer(shop: Shop, paper: Path, *, there: bool = True) -> Iterator[Office]:
    """The back of the shop of a terminal whose printer is a file."""
    if there:
        paper.touch()
    config = msgspec.structs.replace(shop.desk.config, printer=f"file:{paper}")
    yield Office(replace(shop.desk, config=config))


async def test_a_day_is_closed_from_the_screen(shop: Shop) -> None:
    """F12, F10: three files for the accountant without a name, the closing recorded, and a later claim is said."""
    async with playing(shop.counter, reader=shop.reader, office=Office(shop.desk)) as player:
        await player.unlock(PIN)
        await sold(player, shop)
        player.press("f12")
        await player.sees("Journée ouverte")
        assert "Mutuelle Essai" in player.text()
        assert "Partira dès que la ligne répond." in player.text()
        player.press("f10")
        await player.sees("● Journée clôturée.")
        folder = shop.desk.home.path / SHEETS
        assert sorted(file.suffix for file in folder.iterdir()) == [".csv", ".pdf", ".txt"]
        assert all(b"DUPONT" not in file.read_bytes() for file in folder.iterdir())
        await player.sees("avec 1 demande(s)")
        player.press("escape")
        await sold(player, shop, "corse")
        player.press("f12")
        await player.sees("Des demandes ont changé depuis")
        player.press("f10")
        await player.sees("avec 2 demande(s)")
        assert "Des demandes ont changé depuis" not in player.text()


async def test_another_day_is_one_arrow_away_and_tomorrow_is_not(shop: Shop) -> None:
    """Left goes back, right never beyond today; a day without claims cannot be closed."""
    async with playing(shop.counter, reader=shop.reader, office=Office(shop.desk)) as player:
        await player.unlock(PIN)
        player.press("f12")
        await player.sees("Aucune demande enregistrée aujourd'hui.")
        player.press("left")
        await player.sees("Aucune demande enregistrée ce jour-là.")
        player.press("right", "right", "f10")
        await player.sees("Aucune demande enregistrée aujourd'hui.")
        await player.settle()
        assert not (shop.desk.home.path / SHEETS).exists()


async def test_the_sheet_is_printed_and_a_dead_printer_leaves_the_day_closed(shop: Shop, tmp_path: Path) -> None:
    """The same paper as the tickets; without it the day is closed all the same, and the screen says both."""
    paper = tmp_path / "paper"
    with with_printer(shop, paper) as office:
        async with playing(shop.counter, reader=shop.reader, office=office) as player:
            await player.unlock(PIN)
            await sold(player, shop)
            player.press("f12")
            await player.sees("Le bordereau sera aussi imprimé.")
            player.press("f10")
            await player.sees("Journée clôturée, bordereau imprimé.")
    assert b"Bordereau du" in paper.read_bytes()
    paper.unlink()
    with with_printer(shop, tmp_path / "gone" / "paper", there=False) as office:
        async with playing(shop.counter, reader=shop.reader, office=office) as player:
            await player.unlock(PIN)
            player.press("f12")
            await player.sees("F10")
            player.press("f10")
            await player.sees("Journée clôturée, mais pas imprimée.")
            assert "n'est pas joignable" in player.notice()


async def test_a_stick_is_chosen_by_its_figure() -> None:
    """1 is the terminal, 2 the first medium; the files go there and nowhere else."""
    for figure, folder in (("1", HERE), ("2", STICK)):
        office = SceneOffice()
        async with playing(SceneCounter(), office=office) as player:
            await player.unlock(SCENE_PIN, "1")
            player.press("f12")
            await player.sees("clé comptable")
            player.press(figure, "f10")
            await player.sees("Journée clôturée")
            assert {file.parent for file in office.written} == {folder}


async def test_the_self_check_is_one_page_for_a_photograph(shop: Shop) -> None:
    """On the real terminal: what to watch with what to do, then what is well; no reader is no crash."""
    async with playing(shop.counter, reader=shop.reader, office=Office(shop.desk), size=(80, 24)) as player:
        await player.unlock(PIN)
        player.press("f9", "5")
        await player.sees("En ordre :")
        text = player.text()
        assert f"poste {shop.desk.home.signer.kid[:12]}" in text
        assert "▲ Secret de l'appareil" in text
        player.press("end")
        await player.sees("Souche")
        player.press("escape")
        await player.sees("Gestion du poste")


async def test_a_menu_without_a_back_of_the_shop_has_the_requests_alone() -> None:
    """A counter that is only a counter offers nothing that it cannot open."""
    async with playing(SceneCounter()) as player:
        player.app.facts.office = False
        await player.unlock(SCENE_PIN, "1")
        player.press("f12", "f9")
        await player.sees("Justificatifs demandés")
        assert "Clôture" not in player.text()


def test_only_removable_media_are_listed(tmp_path: Path) -> None:
    """Blanks in a name as the kernel writes them; the system's own folders never."""
    mounts = tmp_path / "mounts"
    mounts.write_text(
        "/dev/sda1 / ext4 rw 0 0\n/dev/sdb1 /media/cl\\303\\251\\040usb vfat rw 0 0\n"
        "tmpfs /run/user/1000 tmpfs rw 0 0\n/dev/sdc1 /run/media/camille/COMPTA vfat ro 0 0\n"
    )
    assert mounted(mounts) == (Path("/media/cl\\303\\251 usb"), Path("/run/media/camille/COMPTA"))
    assert mounted(tmp_path / "none") == ()
