"""Keys that come faster than the screen: a scanner, a fast hand, a slow machine."""

from random import Random

from textual import events

from terminal.tui.form_model import Stroke
from tests.tui.playing import Player, playing
from tests.tui.scenes import MARIE, PIN, SceneCounter
from tests.volume import volume

FORMS = volume(30, 200)


def random_form(random: Random) -> tuple[tuple[str, ...], dict[str, str]]:
    """Keys for a class B claim, and the fields they mean."""
    values = {
        "day": f"{random.randint(1, 28):02}{random.randint(1, 12):02}{random.randint(2020, 2025)}",
        "model": "2",
        "od_written": f"{_dioptre(random)} ({_dioptre(random)}) {random.randint(1, 180)}°",
        "og_written": f"{_dioptre(random)} ({_dioptre(random)}) {random.randint(1, 180)}°",
        "frame_price": f"{random.randint(1, 999)},{random.randint(0, 99):02}",
        "od_price": f"{random.randint(1, 999)},{random.randint(0, 99):02}",
        "member": str(random.randint(1, 10**12)),
    }
    keys = [part for name, text in values.items() for part in (text, "" if name in ("day", "model") else "enter")]
    return tuple(part for part in keys if part), values


def _dioptre(random: Random) -> str:
    return f"{random.choice('+-')}{random.randint(1, 9)},{random.choice(['00', '25', '50', '75'])}"


def record(player: Player) -> list[dict[str, str]]:
    """From now on F7, which means nothing on this screen, notes what the fields hold and goes back to the date."""
    notes: list[dict[str, str]] = []
    page = player.app.claim_page
    press = page.press

    def noting(stroke: Stroke) -> None:
        if stroke.key == "f7" and page.claim is not None:
            notes.append({key: field.text for key, field in page.claim.form.fields.items()})
            page.claim.form.go("day")
        press(stroke)

    page.press = noting  # type: ignore[method-assign]  # a spy
    return notes


async def test_forms_typed_without_a_pause(scene: SceneCounter) -> None:
    """Fifty keys for each form, all in one burst: every one lands in its field."""
    random = Random(20261121)
    scene.people, scene.card_present = (MARIE,), True
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        await player.claim_opens()
        notes = record(player)
        forms = [random_form(random) for _ in range(FORMS)]
        for keys, _ in forms:
            player.press(*keys, "f7")
        await player.until(lambda: len(notes) == FORMS)
        for note, (_, expected) in zip(notes, forms, strict=True):
            assert {key: note[key] for key in expected} == expected


async def test_a_burst_crosses_screens_in_order(scene: SceneCounter) -> None:
    """F2 and what follows it, F11 and a code: each key goes to the screen that is in front when it is handled."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f2", "284057599900149", "284057599900149", "moreau", "enter", "zoé")
        await player.until(lambda: player.app.identify_page.form["given_name"].text == "ZOÉ")
        assert player.app.identify_page.form["surname"].text == "MOREAU"
        player.press("f11", "2", PIN, "enter")
        await player.until(lambda: player.app.facts.user == "Nadia K.")
        assert not player.app.locked


async def test_a_pasted_text_goes_to_the_active_field(scene: SceneCounter) -> None:
    """And a second NIR refuses it."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f2")
        player.app.post_message(events.Paste("2 84 05 75 999 001 49"))
        form = player.app.identify_page.form
        await player.until(lambda: form.active == "nir_again")
        assert form["nir"].text == "284057599900149"
        player.app.post_message(events.Paste("284057599900149"))
        await player.until(lambda: bool(player.notice()))
        assert form["nir_again"].text == ""


async def test_the_hardware_cursor_follows_the_caret(scene: SceneCounter) -> None:
    """For braille displays that read the console; a click goes to its field."""
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        player.press("f2", "28")
        await player.until(lambda: player.app.identify_page.form["nir"].text == "28")
        await player.settle()
        row = next(y for y, line in enumerate(player.text().split("\n")) if "N° sécu" in line)
        column = player.line(row).index("[") + 3
        assert tuple(player.app.cursor_position) == (column, row)
        await player.pilot.click("#identify-form", offset=(column, row))
        assert player.app.identify_page.form.active == "surname"
