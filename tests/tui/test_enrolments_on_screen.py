"""Insurers on the screen, with real ones over TLS: who answers, enrolling by a letter, renewal, a revoked terminal."""

import json
from pathlib import Path

import pytest

from sync.errors import InsurerUnreachable
from terminal.cli.demo_insurers import DemoInsurer
from terminal.cli.office import Office
from terminal.tui.enrol_form import enrol_form, scanned_whole
from terminal.tui.form_model import Form, Outcome, Stroke
from terminal.tui.orders import Page
from terminal.workflow.letters import code_fault, same_code
from terminal.workflow.office import KeptUp
from tests.shop_fixture import PIN, SHOP, OpenShop
from tests.tui.make_pictures import LETTER_CODE
from tests.tui.playing import Player, playing
from tests.tui.scene_office import ENROLMENTS, SceneOffice
from tests.tui.scenes import PIN as SCENE_PIN
from tests.tui.scenes import SceneCounter

LETTER = ("2", "ABCD1234", "enter", LETTER_CODE, "enter", LETTER_CODE, "enter")


async def to_the_letter(player: Player, pin: str = SCENE_PIN, user: str = "1") -> None:
    """From the lock to the form of a letter, with whom one can enrol read."""
    await player.unlock(pin, user)
    player.press("f9", "3")
    await player.until(lambda: player.app.page is Page.INSURERS)
    await player.settle()
    player.press("f2")
    await player.until(lambda: player.app.page is Page.ENROL)
    await player.settle()


async def test_a_letter_enrols_and_the_insurer_answers(
    open_shop: OpenShop, insurers: tuple[DemoInsurer, ...], tmp_path: Path
) -> None:
    """From a stick with the directory file and the letter to a line that answers, over TLS, without a command."""
    shop = open_shop(with_insurers=())
    shop.counter.lock()
    directory, invitation, code = insurers[0].invite(SHOP)
    stick = tmp_path / "stick"
    stick.mkdir()
    (stick / "annuaire.json").write_bytes(directory)
    (stick / "other.json").write_text("{}")
    name = json.loads(directory)["name"]
    async with playing(shop.counter, office=Office(shop.desk, lambda: (stick,)), size=(80, 24)) as player:
        await to_the_letter(player, PIN, "")
        await player.sees(name)
        player.press(invitation, "enter", code, "enter", code, "enter")
        await player.sees("inscription faite")
        await player.sees("répond")
        assert shop.desk.home.insurers.all()[0].amc == insurers[0].amc
        assert code.replace("-", "") not in player.text().replace("-", "")
        player.press("escape", "escape", "f2")
        assert [one.amc for one in shop.counter.insurers()] == [insurers[0].amc]


async def test_the_same_letter_twice_is_refused_in_french_and_stays_to_be_corrected(
    open_shop: OpenShop, insurers: tuple[DemoInsurer, ...], tmp_path: Path
) -> None:
    """A used invitation: the insurer's refusal with what to do; the first enrolment is as it was."""
    shop = open_shop(with_insurers=())
    directory, invitation, code = insurers[0].invite(SHOP)
    (tmp_path / "annuaire.json").write_bytes(directory)
    office = Office(shop.desk, lambda: (tmp_path,))
    wrong = office.listed()[0]
    office.enrol(wrong, invitation, code)
    before = shop.desk.home.insurers.all()
    shop.counter.lock()
    async with playing(shop.counter, office=office) as player:
        await to_the_letter(player, PIN, "")
        await player.sees("déjà inscrit")
        other = insurers[0].invite(SHOP)[2]
        player.press(invitation, "enter", other, "enter", other, "enter")
        await player.sees("▲")
        await player.settle()
        assert player.app.page is Page.ENROL
        assert invitation in player.text()
    assert shop.desk.home.insurers.all() == before


async def test_an_insurer_that_is_down_is_said_beside_one_that_answers(
    open_shop: OpenShop, insurers: tuple[DemoInsurer, ...]
) -> None:
    """Each for itself, with the certificate's last day; nothing waits for the one that is silent."""
    shop = open_shop()
    shop.desk.home.insurers.change(insurers[1].amc, endpoint="https://127.0.0.1:1")
    shop.counter.lock()
    async with playing(shop.counter, office=Office(shop.desk, tuple)) as player:
        await player.unlock(PIN)
        player.press("f9", "3")
        await player.sees("répond")
        await player.sees("NE RÉPOND PAS")
        assert player.text().count("certificat jusqu'au") == 2
        player.press("f7")
        await player.sees("organisme(s) non mis à jour")


async def test_a_revoked_terminal_is_told_so_with_what_to_do() -> None:
    """In red, on its own line; the others are as they were."""
    async with playing(SceneCounter()) as player:
        await player.unlock(SCENE_PIN, "1")
        player.press("f9", "3")
        await player.sees("RÉVOQUÉ")
        player.press("end")
        await player.sees("L'organisme a révoqué ce poste")
        assert "répond" in player.text()


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (KeptUp(certificates=("99100002",)), "Certificats renouvelés : 1."),
        (KeptUp(by_service=True), "Le service s'en charge."),
        (KeptUp(errors={"99100002": "insurer_unreachable"}), "1 organisme(s) non mis à jour."),
    ],
)
async def test_renewal_says_what_it_came_to(kept: KeptUp, said: str) -> None:
    """Done here, done by the service, or not done."""
    async with playing(SceneCounter(), office=SceneOffice(kept=kept)) as player:
        await player.unlock(SCENE_PIN, "1")
        player.press("f9", "3", "f7")
        await player.sees(said)


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (("f10",), "Aucun organisme n'est choisi."),
        (("9", "f10"), "Aucun organisme n'est choisi."),
        (("2", "enter", "ABC", "f10"), "Ce numéro d'invitation n'est pas valable."),
        (("2", "enter", "ABCD1234", "enter", "0123-4567-89AB-CDEF-GHJK-A"), "■ Un signe est faux"),
        ((*("2", "enter"), *LETTER[1:4], "0123", "f10"), "Les deux codes d'activation diffèrent."),
    ],
)
async def test_a_letter_that_does_not_hold_is_said_at_once(keys: tuple[str, ...], said: str) -> None:
    """Nothing leaves before it holds."""
    office = SceneOffice()
    async with playing(SceneCounter(), office=office) as player:
        await to_the_letter(player)
        player.press(*keys)
        await player.sees(said)
    assert office.letters == []


async def test_an_enrolment_that_fails_keeps_the_letter_and_can_be_tried_again() -> None:
    """The line was down: the same keys again, once it is back."""
    office = SceneOffice(failure=InsurerUnreachable("down"))
    async with playing(SceneCounter(), office=office) as player:
        await to_the_letter(player)
        player.press("99100004", "enter", *LETTER[1:])
        await player.sees("▲")
        await player.settle()
        office.failure = None
        player.press("f10")
        await player.sees(f"{ENROLMENTS[0].name} : inscription faite.")
    assert office.letters == [("99100004", "ABCD1234", LETTER_CODE)]


def test_a_scanned_code_counts_for_both_entries_and_a_typed_one_does_not() -> None:
    """In one piece its check symbol is proof; half of it is none; the second entry takes no pasting."""
    form: Form = enrol_form(1)
    form.go("code")
    form.paste(LETTER_CODE[:10])
    scanned_whole(form)
    assert form["code_again"].text == ""
    form.go("code")
    form.paste(LETTER_CODE + "\n")
    scanned_whole(form)
    assert form["code_again"].given
    assert same_code(form["code"].text, form["code_again"].text)
    form.go("code_again")
    assert form.paste("X") is Outcome.REFUSED
    assert form.press(Stroke("enter")) is Outcome.END


@pytest.mark.parametrize(
    ("typed", "fault"),
    [
        ("", "short"),
        (LETTER_CODE[:-1], "short"),
        (LETTER_CODE, None),
        (LETTER_CODE.replace("-", " ").lower(), None),
        ("O" + LETTER_CODE[1:], None),
        ("1" + LETTER_CODE[1:], "check"),
        (LETTER_CODE + "0", "long"),
    ],
)
def test_a_code_is_judged_as_it_is_typed(typed: str, fault: str | None) -> None:
    """Short, wrong or whole; O is read as 0, groups and case do not matter."""
    assert code_fault(typed) == fault
