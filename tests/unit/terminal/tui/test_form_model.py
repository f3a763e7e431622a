"""The form: every key lands where it was meant to, however fast they come."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.tui.entry import tidy_amount
from terminal.tui.form_field import Field, Kind
from terminal.tui.form_model import Form, Outcome, Stroke


def press(form: Form, *keys: str) -> list[Outcome]:
    """Names of keys, or texts typed character by character."""
    named = {"enter", "tab", "shift+tab", "up", "down", "left", "right", "home", "end", "backspace", "delete", "f3"}
    outcomes = []
    for key in keys:
        strokes = [Stroke(key)] if key in named else [Stroke(character, character) for character in key]
        outcomes += [form.press(stroke) for stroke in strokes]
    return outcomes


def small_form() -> Form:
    """A choice, a day, an amount, a name."""
    return Form(
        [
            Field("who", Kind.CHOICE, 1, choices=3),
            Field("day", Kind.DAY, 8, "missing_day", complete=lambda typed: len(typed) == 8),
            Field("price", Kind.AMOUNT, 8, tidy=tidy_amount),
            Field("name", Kind.NAME, 10),
        ]
    )


def test_a_choice_goes_on_by_itself() -> None:
    """A digit that can only be one choice moves to the next field."""
    form = small_form()
    press(form, "2", "1211", "enter", "32,5", "enter", "zoé")
    assert [field.text for field in form.visible()] == ["2", "1211", "32,50", "ZOÉ"]


def test_the_enter_after_an_automatic_step_is_absorbed() -> None:
    """A scanner or a hand that adds Enter skips no field; a second Enter does move on."""
    form = small_form()
    press(form, "2", "enter")
    assert form.active == "day"
    press(form, "12112026", "enter")
    assert form.active == "price"
    press(form, "enter")
    assert form.active == "name"


def test_enter_passes_over_what_the_terminal_filled_in() -> None:
    """Arrows and Tab visit it."""
    form = small_form()
    form["day"].give("1211")
    form["price"].give("30,00")
    press(form, "1")
    assert form.active == "name"
    press(form, "up")
    assert form.active == "price"
    press(form, "shift+tab")
    assert form.active == "day"
    press(form, "down", "tab", "tab")
    assert form.active == "name"


def test_typing_into_a_filled_field_replaces_and_arrows_edit() -> None:
    """As a counter expects: no key is needed to empty a field."""
    form = small_form()
    form["price"].give("30,00")
    form.go("price")
    press(form, "41")
    assert form["price"].text == "41"
    assert not form["price"].given
    press(form, "home", "5")
    assert form["price"].text == "541"
    press(form, "end", "backspace", "left", "delete")
    assert form["price"].text == "5"
    form.go("price")
    press(form, "9")
    assert form["price"].text == "9"


def test_a_value_of_the_terminal_never_replaces_a_typed_one() -> None:
    """Give fills an empty field or its own value only."""
    form = small_form()
    form["price"].give("30,00")
    form["price"].give("32,50")
    assert form["price"].text == "32,50"
    form.go("price")
    press(form, "7")
    form["price"].give("32,50")
    assert form["price"].text == "7"


@pytest.mark.parametrize(
    ("key", "typed"), [("who", "4"), ("who", "0"), ("day", "a"), ("price", "-x"), ("price", "1,2,"), ("name", "7")]
)
def test_what_does_not_fit_is_refused_aloud(key: str, typed: str) -> None:
    """The last character is refused, and nothing before it is lost."""
    form = small_form()
    form.go(key)
    outcomes = press(form, typed)
    assert outcomes[-1] is Outcome.REFUSED


def test_separators_that_people_add_are_ignored() -> None:
    """12/11/2026 is a day, 2 84 05 a NIR."""
    form = small_form()
    form.go("day")
    press(form, "12/11/2026")
    assert form["day"].text == "12112026"


def test_a_full_field_refuses_more() -> None:
    """Nothing is cut in silence."""
    form = small_form()
    form.go("name")
    assert press(form, "abcdefghijk")[-1] is Outcome.REFUSED
    assert form["name"].text == "ABCDEFGHIJ"


def test_hidden_fields_are_out_of_reach() -> None:
    """Enter and arrows skip them, and they have no value."""
    form = small_form()
    form["day"].put("1211")
    form["day"].hidden = True
    press(form, "1")
    assert form.active == "price"
    press(form, "up")
    assert form.active == "who"
    assert form.value("day") == ""
    assert form.missing() is None


def test_other_keys_are_no_matter_of_a_form() -> None:
    """A function key is left to the screen, Enter on the last field is told."""
    form = small_form()
    assert press(form, "f3") == [Outcome.IGNORED]
    form.go("name")
    assert press(form, "enter") == [Outcome.END]
    assert form.press(Stroke("tab2", "\t")) is Outcome.IGNORED


def test_what_follows_from_a_field_is_there_before_the_next_key() -> None:
    """`settle` runs between the change and the step to the next field."""
    form = small_form()
    seen: list[str] = []

    def settle(key: str) -> None:
        seen.append(key)
        form["day"].give("1211")

    form._settle = settle
    press(form, "1")
    assert seen == ["who"]
    assert form.active == "price"


def test_a_secret_and_a_blind_field_show_dots() -> None:
    """What is typed is not what is shown, nor what a repr tells."""
    pin = Field("pin", Kind.SECRET, 6)
    form = Form([pin, Field("again", Kind.NIR, 15, blind=True)])
    press(form, "2468")
    assert pin.shown() == "••••"
    assert "2468" not in repr(pin)
    form.go("again")
    assert form.paste("284057599900123") is Outcome.REFUSED
    assert form["again"].text == ""


def test_a_pasted_text_is_typed() -> None:
    """Line ends are Enter."""
    form = small_form()
    form.go("day")
    assert form.paste("1211\n32,50") is Outcome.CHANGED
    assert (form["day"].text, form["price"].text) == ("1211", "32,50")


def test_a_nir_takes_corsican_letters_in_their_place_only() -> None:
    """2A and 2B at the seventh character, in small letters too."""
    form = Form([Field("nir", Kind.NIR, 15)])
    outcomes = press(form, "1 80 12 2a")
    assert form["nir"].text == "180122A"
    assert Outcome.REFUSED not in outcomes
    assert press(form, "a")[-1] is Outcome.REFUSED


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("-&,é( (-à,(à) çà", "-1,25 (-0,50) 90"),
        ("+-", "+6"),
        ("-(", "-5"),
        ("-&,é(-à,è(", "-1,25-0,75"),
        ("plan à &'(", "plan à 14("),
        ("sphère -é", "sphère -2"),
        ("prisme é,àà base nas", "prisme 2,00 base nas"),
    ],
)
def test_an_azerty_top_row_writes_a_correction(keys: str, text: str) -> None:
    """Without Shift: `-` is a sign, and a six after one; `(` opens, and is a five where only a figure can stand."""
    form = Form([Field("od", Kind.WRITTEN, 24, longest=60)])
    press(form, keys)
    assert form["od"].text == text


def test_a_long_text_shows_the_part_around_the_caret() -> None:
    """A field takes more than it shows; the caret is always in what is shown."""
    form = Form([Field("od", Kind.WRITTEN, 10, longest=30)])
    press(form, "+2,00 (-3,00) 90° add 2,00")
    item = form["od"]
    assert (item.caret, item.first_shown()) == (26, 17)
    item.move(3)
    assert item.first_shown() == 0


def test_enter_passes_over_what_is_seldom_needed() -> None:
    """Arrows reach it."""
    form = Form([Field("day", Kind.DAY, 8), Field("last", Kind.DAY, 8, aside=True), Field("code", Kind.DIGITS, 3)])
    assert form.active == "day"
    form.press(Stroke("enter"))
    assert form.active == "code"
    form.press(Stroke("up"))
    assert form.active == "last"


@given(
    st.integers(1, 3),
    st.dates().map(lambda day: day.strftime("%d%m%Y").rjust(8, "0")),
    st.integers(0, 99999),
    st.text("abcdefghij", min_size=1, max_size=10),
)
def test_a_burst_lands_in_the_right_fields(who: int, day: str, euros: int, name: str) -> None:
    """A whole form in one go, with and without the Enter that follows a complete field."""
    for separator in ("", "enter"):
        form = small_form()
        press(form, str(who), *([separator] if separator else []), day, *([separator] if separator else []))
        press(form, str(euros), "enter", name)
        assert [field.text for field in form.visible()] == [str(who), day, f"{euros},00", name.upper()]


@given(
    st.lists(st.sampled_from(["1", "é", ",", "-", "a", "enter", "tab", "up", "left", "backspace", "delete", "home"]))
)
def test_no_sequence_of_keys_breaks_a_form(keys: list[str]) -> None:
    """The cursor is always on a field that can be seen, the caret within its text, the text within its width."""
    form = small_form()
    press(form, *keys)
    assert form.field in form.visible()
    assert all(0 <= field.caret <= len(field.text) <= field.width for field in form.visible())
