"""How a form is drawn: brackets, alignment, and the active field always in view."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.tui.claim_form import ClaimForm, Offer
from terminal.tui.claim_rows import claim_rows, options
from terminal.tui.form_model import Outcome
from terminal.tui.form_rows import draw
from terminal.tui.identify_form import identify_form, identify_rows
from terminal.tui.spans import Role, plain
from terminal.tui.state import CounterState
from tests.tui.scenes import LEO, MARIE, MOON, TODAY, SceneCounter

Begin = Callable[..., ClaimForm]
Press = Callable[..., list[Outcome]]
SIZES = [(54, 19), (65, 25), (120, 40)]


def text_of(claim: ClaimForm, width: int, height: int, state: CounterState | None = None) -> list[str]:
    """The lines of a claim."""
    return [plain(line) for line in draw(claim.form, claim_rows(claim, state or CounterState()), width, height).lines]


@pytest.mark.parametrize("size", SIZES)
def test_a_field_has_brackets_where_the_drawing_says(begin: Begin, press: Press, size: tuple[int, int]) -> None:
    """Not a background alone; a click finds it there."""
    claim = begin()
    press(claim.form, "1", "1211", "enter", "1")
    drawing = draw(claim.form, claim_rows(claim, CounterState()), *size)
    lines = [plain(line) for line in drawing.lines]
    assert {box.key for box in drawing.boxes} == {field.key for field in claim.form.visible()}
    for y, x, width, key in drawing.boxes:
        assert (lines[y][x - 1], lines[y][x + width]) == ("[", "]"), key
        assert lines[y][x : x + width].rstrip() == claim.form[key].text
    assert all(len(line) <= size[0] for line in lines)


def test_the_nir_is_masked_and_the_date_is_echoed(begin: Begin, press: Press) -> None:
    """What was typed short is shown in full."""
    claim = begin(MARIE)
    press(claim.form, "1211", "enter", "1")
    lines = text_of(claim, 100, 30)
    assert any("DUPONT MARIE   2 84 05 •• ••• ••• ••" in line for line in lines)
    assert any("12/11/2026 - valable jusqu'au 12/11/2031" in line for line in lines)
    assert not any("2840575" in line for line in lines)


def test_an_expired_prescription_is_said_in_amber(begin: Begin, press: Press) -> None:
    """Before F10."""
    claim = begin(LEO)
    press(claim.form, "121123", "enter")
    rows = draw(claim.form, claim_rows(claim, CounterState()), 100, 30).lines
    assert any("expirée" in span.text and span.role is Role.WARN for line in rows for span in line)


def test_names_of_the_form_follow_the_mask(begin: Begin) -> None:
    """Initials on the claim too."""
    text = "\n".join(text_of(begin(), 100, 30, CounterState(masked=True)))
    assert "D. M." in text
    assert "DUPONT" not in text
    assert "LEO" not in text


def test_a_card_date_that_is_none_is_shown_beside_its_field(begin: Begin, press: Press) -> None:
    """As it is on the card; then as typed."""
    claim = begin(MOON)
    assert any("carte : 00/00/1968" in line for line in text_of(claim, 100, 30))
    press(claim.form, "1506")
    assert any("JJMMAAAA" in line for line in text_of(claim, 100, 30))
    press(claim.form, "1968")
    assert any("15/06/1968" in line for line in text_of(claim, 100, 30))


@given(st.integers(1, 30), st.sampled_from(["person", "day", "model", "og_written", "od_plv", "member"]))
def test_the_active_field_is_in_view_at_any_height(height: int, key: str) -> None:
    """Blank rows go first, then rows far from the cursor."""
    counter = SceneCounter()
    claim = ClaimForm(Offer((MARIE, LEO), counter.insurers(), counter.models(), TODAY))
    claim.ask_tariff("od", "plv")
    claim.form.go(key)
    drawing = draw(claim.form, claim_rows(claim, CounterState()), 54, height)
    assert len(drawing.lines) <= height
    assert key in {box.key for box in drawing.boxes}


def test_choices_are_written_as_wide_as_they_fit() -> None:
    """From spaced to tight to shortened."""
    assert options(["Confort", "Responsable"]) == (
        "1 Confort  2 Responsable",
        "1 Confort 2 Responsable",
        "1 Confor 2 Respon",
    )


def test_the_first_nir_is_hidden_while_the_second_is_typed(press: Press) -> None:
    """Dots, and the key is checked as soon as it is whole."""
    form = identify_form()
    press(form, "28405759990")
    shown = [plain(line) for line in draw(form, identify_rows(form), 100, 30).lines]
    assert any("28405759990" in line and "11/15" in line for line in shown)
    form.go("nir_again")
    shown = [plain(line) for line in draw(form, identify_rows(form), 100, 30).lines]
    assert not any("28405759990" in line for line in shown)
    assert any("•••••••••••" in line for line in shown)
