"""What is scanned, on every screen: by a scanner of its own, by one that types, by pasting."""

import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from textual import events

from hardware import CardInserted, CardKind, CardWithdrawn, ScanInvalid, ScannerGone
from hardware.scanner import Scan
from terminal.tui.orders import Page
from terminal.workflow.letters import same_code
from tests.tui.make_pictures import LETTER_CODE
from tests.tui.playing import Player, playing, stroke
from tests.tui.scene_office import SceneOffice
from tests.tui.scenes import MARIE, PIN, READER, SceneCounter
from tests.tui.test_enrolments_on_screen import to_the_letter

GLASS = {"item": "lens", "lpp_code": "2263287", "price": 3250}
LINES = (
    {"item": "frame", "lpp_code": "2222124", "price": 3000},
    {**GLASS, "eye": "right"},
    {**GLASS, "eye": "left"},
)
LENS_B, FRAME_B, PRISM = "2200335", "2264861", "2247905"


def quote(*lines: dict[str, Any], **members: Any) -> str:
    """A quote as a code holds it."""
    shape = {"schema": "comptoir/quote/v1", "prescription_date": "2026-11-12", "lines": lines or LINES, **members}
    return json.dumps(shape, separators=(",", ":"))


class Desk:
    """Somebody at an unlocked counter with a scanner."""

    def __init__(self, player: Player, scene: SceneCounter) -> None:
        self.player = player
        self.scene = scene

    def scan(self, code: str) -> None:
        """Hold a code before the scanner."""
        assert self.scene.scan is not None
        self.scene.scan(Scan(code))

    def put_card(self) -> None:
        """Put a card into the reader."""
        assert self.scene.post is not None
        self.scene.post(CardInserted(READER, CardKind.VITALE_2))

    async def open_claim(self) -> None:
        """A card, and its claim."""
        self.put_card()
        await self.player.claim_opens()

    def field(self, key: str) -> str:
        """What a field of the claim holds."""
        claim = self.player.app.claim_page.claim
        assert claim is not None
        return claim.form[key].text


@pytest.fixture
async def desk(scene: SceneCounter) -> AsyncIterator[Desk]:
    """At home."""
    scene.people = (MARIE,)
    async with playing(scene) as player:
        await player.unlock(PIN, "1")
        yield Desk(player, scene)


async def test_a_scanned_quote_fills_the_claim(desk: Desk) -> None:
    """Lines, model, dates and insurer; one key registers what the quote said."""
    await desk.open_claim()
    desk.scan(quote(reference="187", insurer="99100002", last_equipment_date="2023-01-31"))
    await desk.player.sees("Devis 187 repris")
    assert (desk.field("day"), desk.field("model"), desk.field("insurer")) == ("12112026", "1", "2")
    assert desk.field("last") == "31012023"
    await desk.player.sees("95,00")
    desk.player.press("f10")
    await desk.player.sees("ENREGISTRÉE")
    ((draft, _),) = desk.scene.submitted
    assert [(line.item, line.eye, line.lpp_code, line.price) for line in draft.lines] == [
        ("frame", None, "2222124", 3000),
        ("lens", "right", "2263287", 3250),
        ("lens", "left", "2263287", 3250),
    ]
    assert (draft.insurer, draft.person) == ("99100002", MARIE)


async def test_a_line_that_has_no_field_goes_with_the_claim(desk: Desk) -> None:
    """A supplement is shown as a sum, and is in what is registered."""
    await desk.open_claim()
    desk.scan(quote(*LINES, {"item": "supplement", "eye": "right", "lpp_code": PRISM, "price": 1500}))
    await desk.player.sees("et 1 autre(s) ligne(s) : 15,00")
    desk.player.press("f10")
    await desk.player.sees("ENREGISTRÉE")
    ((draft, _),) = desk.scene.submitted
    assert (draft.lines[-1].item, draft.lines[-1].price, len(draft.lines)) == ("supplement", 1500, 4)


async def test_a_quote_waits_for_the_next_card(desk: Desk) -> None:
    """Home says so; it goes into one claim, and not into the one after."""
    desk.scan(quote())
    await desk.player.sees("DEVIS LU : INSÉREZ LA CARTE")
    await desk.open_claim()
    await desk.player.sees("Devis repris")
    assert desk.field("model") == "1"
    desk.player.press("f10")
    await desk.player.sees("ENREGISTRÉE")
    assert desk.scene.post is not None
    desk.scene.post(CardWithdrawn(READER))
    await desk.open_claim()
    assert desk.field("model") == ""


@pytest.mark.parametrize("forgets", ["escape", "f11"])
async def test_a_quote_that_waits_is_forgotten(desk: Desk, forgets: str) -> None:
    """By Escape at home, and by the lock."""
    desk.scan(quote())
    await desk.player.sees("DEVIS LU")
    desk.player.press(forgets)
    if forgets == "f11":
        await desk.player.until(lambda: desk.scene.user is None)
        await desk.player.unlock(PIN, "1")
    await desk.player.sees("INSÉREZ LA CARTE VITALE")
    await desk.player.until(lambda: "DEVIS LU" not in desk.player.text())
    await desk.open_claim()
    assert desk.field("model") == ""


async def test_a_scanner_that_types_is_one_message(desk: Desk) -> None:
    """All keys at once; not one of them reaches a field."""
    await desk.open_claim()
    desk.player.press(quote(), "enter")
    await desk.player.sees("Devis repris")
    assert (desk.field("day"), desk.field("member")) == ("12112026", "")


async def test_a_brace_of_a_person_is_given_back(desk: Desk) -> None:
    """Nothing follows it in the rhythm of a scanner: it is typed where it was meant; an arrow gives it back at once."""
    await desk.open_claim()
    for keys in (("{",), ("{", "left")):
        claim = desk.player.app.claim_page.claim
        assert claim is not None
        claim.form["member"].put("")
        claim.form.go("member")
        desk.player.press(keys[0])
        if len(keys) > 1:
            desk.player.press(keys[1])
        await desk.player.until(lambda: desk.field("member") == "{")


async def test_a_key_that_comes_late_is_not_lost(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A brace, a pause that nobody noticed in time, another key: both are typed."""
    await desk.open_claim()
    claim = desk.player.app.claim_page.claim
    assert claim is not None
    claim.form.go("member")
    instants = iter((0.0, 5.0))
    monkeypatch.setattr("terminal.tui.hands.monotonic", lambda: next(instants, 9.0))
    desk.player.press("{", "a")
    await desk.player.until(lambda: desk.field("member") == "{A")


async def test_a_pasted_quote_is_taken_as_a_scan(desk: Desk) -> None:
    """Another text is typed as before."""
    await desk.open_claim()
    desk.player.app.post_message(events.Paste(quote() + "\n"))
    await desk.player.sees("Devis repris")


async def test_the_number_of_an_insurer_chooses_it(desk: Desk) -> None:
    """Wherever the cursor is; a number of no insurer goes to the member's field, and only there."""
    await desk.open_claim()
    desk.scan("99100002")
    await desk.player.until(lambda: desk.field("insurer") == "2")
    desk.scan("AB1234")
    await desk.player.sees("Ce code ne sert pas")
    claim = desk.player.app.claim_page.claim
    assert claim is not None
    claim.form.go("member")
    desk.scan("AB1234")
    await desk.player.until(lambda: desk.field("member") == "AB1234")


async def test_a_scanned_article_takes_its_place(desk: Desk) -> None:
    """A lens for both eyes, a second one for the eye whose field is active, a frame with its model."""
    await desk.open_claim()
    desk.player.press("12112026")
    desk.scan(LENS_B)
    await desk.player.sees(f"Code {LENS_B} repris")
    claim = desk.player.app.claim_page.claim
    assert claim is not None
    assert (desk.field("model"), claim.form.active) == ("2", "frame_price")
    assert claim.carried == {"right": LENS_B, "left": LENS_B}
    claim.form.go("og_price")
    desk.scan("2203486")
    await desk.player.until(lambda: claim.carried["left"] == "2203486" or bool(desk.player.notice()))
    await desk.player.settle()
    assert claim.carried == {"right": LENS_B, "left": "2203486"}
    desk.scan(FRAME_B)
    await desk.player.until(lambda: claim.frame_carried == FRAME_B)
    assert claim.carried["right"] == LENS_B


async def test_a_class_a_article_brings_its_price(desk: Desk) -> None:
    """And what a person typed stays."""
    await desk.open_claim()
    desk.scan("2263287")
    await desk.player.until(lambda: desk.field("od_price") == "32,50")
    assert desk.field("model") == "1"
    desk.player.press("12112026", "f10")
    await desk.player.sees("ENREGISTRÉE")


async def test_an_article_without_a_place_is_said(desk: Desk) -> None:
    """A supplement alone, a code of no catalogue: nothing changes."""
    await desk.open_claim()
    desk.scan(PRISM)
    await desk.player.sees("n'a pas de champ")
    desk.scan("2222130")
    await desk.player.sees("n'est pas dans le catalogue")
    assert desk.field("model") == ""


async def test_an_unknown_insurer_is_left_to_the_person(desk: Desk) -> None:
    """Nothing is guessed: the rest is taken, the field is empty, and F10 asks for it."""
    await desk.open_claim()
    desk.scan(quote(insurer="12345678"))
    await desk.player.sees("n'est pas relié à ce poste")
    assert (desk.field("model"), desk.field("insurer")) == ("1", "")
    desk.player.press("f10")
    await desk.player.sees("Il manque")
    assert desk.scene.submitted == []


async def test_a_quote_that_is_refused_changes_nothing(desk: Desk) -> None:
    """What is wrong is said; what a hostile code holds is not shown."""
    await desk.open_claim()
    for bad, said in (
        (quote(surname="ZZYZXOVSKI"), "(surname)"),
        (quote(schema="comptoir/quote/v9"), "forme connue"),
        ('{"\\u001b[2J":1}', "($)"),
        ("{" + "x" * 1010, "trop long"),
    ):
        desk.scan(bad)
        await desk.player.sees(said)
        assert "ZZYZXOVSKI" not in desk.player.text()
        assert desk.field("model") == ""


async def test_a_code_goes_to_the_field_of_a_form_and_is_refused_elsewhere(desk: Desk) -> None:
    """The form for a patient without card takes it as typed; home has no use for it."""
    desk.scan("ABC-123")
    await desk.player.sees("Ce code ne sert pas")
    desk.player.press("f2")
    await desk.player.until(lambda: desk.player.app.page is Page.IDENTIFY)
    desk.scan("284057599900149")
    await desk.player.until(lambda: desk.player.app.identify_page.form.active == "nir_again")
    desk.scan("284057599900149")
    await desk.player.settle()
    assert desk.player.app.identify_page.form["nir_again"].text == ""


async def test_nothing_is_scanned_into_a_locked_terminal(desk: Desk) -> None:
    """Neither a code nor a quote, by scanner or by keys; what is typed is typed."""
    desk.player.press("f11")
    await desk.player.until(lambda: desk.scene.user is None)
    desk.scan(quote())
    desk.scan("12")
    desk.player.app.post_message(stroke("{"))
    await desk.player.settle()
    assert not desk.player.app.facts.quote_waits
    assert desk.player.app.lock_page.form["user"].text == ""
    await desk.player.unlock(PIN, "1")
    assert "DEVIS LU" not in desk.player.text()


async def test_a_scanner_that_leaves_is_told_once(desk: Desk) -> None:
    """A misread code is told each time; the counter goes on."""
    assert desk.scene.scan is not None
    desk.scene.scan(ScanInvalid("misread", reason="check_digit"))
    await desk.player.sees("n'est pas compris")
    desk.scene.scan(ScannerGone("the scanner left"))
    await desk.player.sees("débranchée")
    desk.player.app.home_page.say(None)
    desk.scene.scan(ScannerGone("the scanner left"))
    await desk.player.settle()
    assert "débranchée" not in desk.player.text()


async def test_a_scanned_activation_code_lands_in_its_field(scene: SceneCounter) -> None:
    """Wherever the cursor is; its check symbol stands for the second entry."""
    async with playing(scene, office=SceneOffice()) as player:
        await to_the_letter(player)
        form = player.app.front.form  # type: ignore[attr-defined]  # the letter's screen is in front
        form.go("invitation")
        assert scene.scan is not None
        scene.scan(Scan(LETTER_CODE))
        await player.until(lambda: bool(form["code"].text))
        assert same_code(form["code"].text, LETTER_CODE)
        assert same_code(form["code_again"].text, LETTER_CODE)
        assert form["invitation"].text == ""
