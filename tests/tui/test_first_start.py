"""The first start: questions forwards and back, nothing written before the end, and a real one through a terminal."""

import re
from pathlib import Path

import pytest

from hardware import PrinterMissing, ReaderMissing
from sync.errors import DiskFull
from terminal.tui.setup_app import MADE
from terminal.tui.setup_steps import Step
from terminal.workflow.first_run import Begun, Plan, Stage
from tests.tui.playing import Hands
from tests.tui.scene_setup import CODE, SceneSetup, questioned
from tests.tui.terminal_emulator import Screen

SHOP = ("Optique du Marché", "enter", "991000019", "enter")
PERSON = ("Camille D.", "enter", "2468", "enter", "2468", "enter")
PAPER = ("f10", CODE.groups()[CODE.asked - 1], "enter")
SKIPPED = ("f10", "f10")
ALL = (*SHOP, *PERSON, *PAPER, *SKIPPED, "f10")
F10, ENTER, ESCAPE = "\x1b[21~", "\r", "\x1b"


async def at(hands: Hands, step: Step) -> None:
    """Until this step is in front."""
    await hands.until(lambda: hands.app.front.setup.step is step)  # type: ignore[attr-defined]  # the setup's screen


async def test_all_answers_in_one_burst_make_the_terminal() -> None:
    """Scanner speed: every field lands right, and the code that was shown is the one that is put into service."""
    scene = SceneSetup()
    async with questioned(scene) as hands:
        hands.press(*ALL)
        await hands.until(lambda: bool(scene.made))
        await hands.until(lambda: hands.app.return_value == MADE)
    assert scene.made == [(Plan("Optique du Marché", "991000019", "Camille D.", "2468"), CODE.code.symbols)]


@pytest.mark.parametrize(
    ("keys", "said", "step"),
    [
        (("enter", "991000019", "enter"), "Il manque l'enseigne", Step.SHOP),
        (("Optique", "enter", "991000018", "f10"), "numéro de facturation du magasin n'est pas valable", Step.SHOP),
        ((*SHOP, "f10"), "Il manque le nom du responsable", Step.PERSON),
        ((*SHOP, "Camille", "enter", "24", "enter", "24", "enter"), "Ce code ne convient pas", Step.PERSON),
        ((*SHOP, "Camille", "enter", "2468", "enter", "2469", "enter"), "Les deux codes diffèrent", Step.PERSON),
        ((*SHOP, *PERSON, "f10", "ZZZZZ", "enter"), "n'est pas celui de la feuille", Step.CONFIRM),
    ],
)
async def test_what_does_not_hold_is_said_at_once_and_stops_there(keys: tuple[str, ...], said: str, step: Step) -> None:
    """The answer stays to be corrected; nothing was made."""
    scene = SceneSetup()
    async with questioned(scene, size=(80, 24)) as hands:
        hands.press(*keys)
        await hands.sees(said)
        await at(hands, step)
    assert scene.made == []


async def test_every_step_goes_back_and_loses_nothing() -> None:
    """From the last step to the first and forwards again with F10 alone."""
    scene = SceneSetup()
    async with questioned(scene) as hands:
        hands.press(*ALL[:-1])
        await at(hands, Step.MAKE)
        hands.press(*["escape"] * 6)
        await at(hands, Step.SHOP)
        assert "Optique du Marché" in hands.text()
        hands.press(*["f10"] * 7)
        await hands.until(lambda: bool(scene.made))
    assert scene.made[0][0].person == "Camille D."


async def test_escape_twice_on_the_first_step_leaves_and_makes_nothing() -> None:
    """Once asks; another key forgets."""
    scene = SceneSetup()
    async with questioned(scene) as hands:
        hands.press("escape", "O", "escape")
        await hands.sees("Rien n'est installé.")
        assert hands.app.is_running
        hands.press("escape")
        await hands.until(lambda: hands.app.return_value not in (None, MADE))
    assert scene.made == []


async def test_neither_code_is_in_view_when_it_must_not_be() -> None:
    """The PIN as dots on every step; the recovery code on its own step, hidden while it is typed back."""
    async with questioned(SceneSetup()) as hands:
        hands.press(*SHOP, *PERSON[:-1])
        await hands.sees("••••")
        assert "2468" not in hands.text()
        hands.press("enter")
        await hands.sees(CODE.groups()[4])
        hands.press("enter")
        await hands.sees("Groupe n° 2")
        assert not any(group in hands.text() for group in CODE.groups())


async def test_printer_and_card_are_tried_or_passed_over() -> None:
    """A plugged-in printer is offered; a trial that fails says why, and neither stops anything."""
    scene = SceneSetup(plugged=("file:/dev/usb/lp0",), failure=PrinterMissing("off"))
    async with questioned(scene) as hands:
        hands.press(*SHOP, *PERSON, *PAPER)
        await hands.sees("file:/dev/usb/lp0")
        hands.press("f6")
        await hands.sees("L'imprimante n'est pas joignable.")
        scene.failure = None
        hands.press("f6")
        await hands.sees("Essai envoyé à l'imprimante.")
        assert scene.tried == ["file:/dev/usb/lp0"] * 2
        scene.failure = ReaderMissing("none")
        hands.press("f10", "f6")
        await hands.sees("Aucun lecteur de carte n'est branché.")
        scene.failure = None
        hands.press("f6")
        await hands.sees("Carte lue : 3 bénéficiaire(s).")
        hands.press("f10")
        await hands.sees("file:/dev/usb/lp0")
        await at(hands, Step.MAKE)


async def test_a_making_that_fails_says_why_and_can_be_tried_again() -> None:
    """A full medium: the answers stay."""
    scene = SceneSetup()
    async with questioned(scene) as hands:
        hands.press(*ALL[:-1])
        await at(hands, Step.MAKE)
        scene.failure = DiskFull("full")
        hands.press("f10")
        await hands.sees("▲")
        await hands.settle()
        scene.failure = None
        hands.press("f10")
        await hands.until(lambda: bool(scene.made))


async def test_an_interrupted_installation_asks_only_for_what_is_missing() -> None:
    """After a cut before the recovery code, or where none was made yet: the PIN, and a paper; none before counts."""
    scene = SceneSetup(how_far=Begun(Stage.PAPER, "Optique du Marché", "Camille D."))
    async with questioned(scene, size=(80, 24)) as hands:
        assert "Il reste à noter le code de secours de ce magasin." in hands.text()
        assert "pendant cette installation ne vaut rien." in hands.text()
        assert "étape 1 sur 3" in hands.text()
        hands.press("2468", "enter", *PAPER, "f10")
        await hands.until(lambda: bool(scene.made))
    assert scene.made[0][0].pin == "2468"


def test_from_an_empty_folder_to_the_first_card(tmp_path: Path) -> None:
    """Through a real terminal, with the real making: the questions, the paper, the PIN, "INSÉREZ LA CARTE"."""
    screen = Screen(tmp_path, "first", size=(80, 24))
    screen.wait_for("Le magasin")
    screen.type("Optique du Marché" + ENTER + "991000019" + ENTER)
    screen.wait_for("Le responsable")
    screen.type("Camille D." + ENTER + "2468" + ENTER + "2468" + ENTER)
    screen.wait_for("Écrivez ces cinq groupes")
    groups = re.search(r"((?:[0-9A-Z*~$=]{5} +){4}[0-9A-Z*~$=]{5})", screen.text())
    assert groups is not None
    screen.type(F10)
    screen.wait_for("Groupe n° ")
    asked = re.search(r"Groupe n° (\d)", screen.text())
    assert asked is not None
    screen.type(groups[1].split()[int(asked[1]) - 1] + ENTER)
    screen.wait_for("L'imprimante de tickets")
    assert not (tmp_path / "home").exists()
    screen.type(F10 + F10)
    screen.wait_for("Tout est prêt")
    screen.type(F10)
    screen.wait_for("Poste verrouillé")
    screen.wait_for("1 Camille D.")
    screen.type("2468" + ENTER)
    screen.wait_for("INSÉREZ LA CARTE")
    screen.type("\x1b[23~")
    screen.wait_for("Poste verrouillé")
    screen.type(ESCAPE)
    screen.wait_for("appuyez encore")
    screen.type(ESCAPE)
    assert screen.end() == 0
    assert groups[1].split()[0] not in "".join(
        file.read_text(errors="replace") for file in (tmp_path / "home").rglob("*") if file.is_file()
    )
