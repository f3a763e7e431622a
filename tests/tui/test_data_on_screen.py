"""Reference data on the screen: their age, what a stick or a file would change, and deciding, on the real terminal."""

from datetime import UTC, datetime
from pathlib import Path

from sync.reference import Reference
from sync.reference.demo import demo_root
from sync.reference.refusals import DataUnreachable
from terminal.catalogue import Shelf
from terminal.cli.office import Office
from terminal.tui.orders import Page
from tests.data_repository.build import build
from tests.tui.playing import Player, playing
from tests.tui.real_shop import PIN, Shop
from tests.tui.scene_office import SceneOffice
from tests.tui.scenes import PIN as SCENE_PIN
from tests.tui.scenes import SceneCounter
from tests.vectors.lpp.codes import BASE
from tests.vectors.lpp.nx import nx_file


async def to_the_data(player: Player, pin: str, user: str = "") -> None:
    """From the lock to the page, read."""
    await player.unlock(pin, user)
    player.press("f9", "4")
    await player.until(lambda: player.app.page is Page.DATA)
    await player.settle()


async def test_a_file_on_a_stick_is_seen_before_it_is_accepted(shop: Shop, tmp_path: Path) -> None:
    """Escape changes nothing; F10 puts it in force, and the same file then changes nothing."""
    (tmp_path / "LPPTOT906").write_bytes(nx_file(BASE))
    (tmp_path / "photo.jpg").touch()
    shelf = Shelf(shop.desk.home.path)
    before = shelf.current().digest
    async with playing(shop.counter, office=Office(shop.desk, lambda: (tmp_path,)), size=(80, 24)) as player:
        await to_the_data(player, PIN)
        assert "aucune racine installée" in player.text()
        assert "photo" not in player.text()
        player.press("enter")
        await player.sees("Codes nouveaux")
        assert "Rien n'est encore changé." in player.notice()
        player.press("escape")
        await player.sees("Tarifs en service")
        assert shelf.current().digest == before
        player.press("1")
        await player.sees("Codes nouveaux")
        player.press("f10")
        await player.sees("Les nouvelles données sont en service.")
        assert shelf.current().digest != before
        await player.settle()
        player.press("1")
        await player.sees("Rien ne change")
        player.press("f10")
        await player.settle()
        assert player.app.page is Page.DIFFERENCE


async def test_a_signed_set_on_a_stick_is_verified_shown_and_put_in_force(shop: Shop, tmp_path: Path) -> None:
    """A repository of reference data: its changes first, then its age; a stick that is no such thing is not offered."""
    Reference(shop.desk.home.path).put_root(demo_root(), None)
    stick, empty = tmp_path / "stick", tmp_path / "empty"
    empty.mkdir()
    build(stick, {"lpp/lpptot": nx_file(BASE)}, datetime.now(UTC))
    before = Shelf(shop.desk.home.path).current().digest
    async with playing(shop.counter, office=Office(shop.desk, lambda: (stick, empty))) as player:
        await to_the_data(player, PIN)
        await player.sees("Données jamais confirmées")
        assert str(empty) not in player.text()
        player.press("1")
        await player.sees("Nomenclature et tarifs")
        assert Shelf(shop.desk.home.path).current().digest == before
        player.press("f10")
        await player.sees("Les nouvelles données sont en service.")
        await player.sees("Confirmées il y a")
        assert "DÉMONSTRATION" in player.text()
    assert Shelf(shop.desk.home.path).current().digest != before


async def test_a_file_that_is_not_whole_is_refused_with_the_reason(shop: Shop, tmp_path: Path) -> None:
    """Cut in the middle: a sentence, the page stays, nothing changed."""
    whole = nx_file(BASE)
    (tmp_path / "LPPTOT906").write_bytes(whole[: len(whole) // 2 + 7])
    before = Shelf(shop.desk.home.path).current().digest
    async with playing(shop.counter, office=Office(shop.desk, lambda: (tmp_path,))) as player:
        await to_the_data(player, PIN)
        player.press("enter")
        await player.sees("▲")
        await player.settle()
        assert player.app.page is Page.DATA
    assert Shelf(shop.desk.home.path).current().digest == before


async def test_what_waits_is_first_and_a_dead_line_says_so() -> None:
    """The age with its source, the set that waits; a line that is down is a sentence, and can be asked again."""
    office = SceneOffice(failure=DataUnreachable("down", source="https://donnees.invalid"))
    async with playing(SceneCounter(), office=office) as player:
        await to_the_data(player, SCENE_PIN, "1")
        assert "Confirmées il y a 3\u00a0j" in player.text()
        player.press("3")
        await player.sees("▲ L")
        await player.settle()
        office.failure = None
        player.press("1")
        await player.sees("Ce qui changerait · Ce qui est déjà reçu")
        player.press("end")
        await player.sees("2242819")
        player.press("f10")
        await player.until(lambda: bool(office.accepted))
    assert office.accepted[0].origin.kind == "kept"
