"""What is written on a prescription, and the reason why it gives its code."""

import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from terminal.catalogue import load_catalogue
from terminal.domain.choice import band_text, choose_lens
from terminal.domain.errors import CorrectionOutOfRange, CorrectionUnreadable
from terminal.domain.lpp import Interval, LensType
from terminal.domain.notation import Prism, WrittenEye, power_text, read_written
from terminal.domain.prescription import Correction

LENSES = load_catalogue().lenses()


def eye(text: str) -> WrittenEye:
    """The one eye that `text` is about."""
    found = read_written(text)
    assert set(found) == {"unnamed"}
    return found["unnamed"]


def powers(written: WrittenEye) -> tuple[int, int, int | None]:
    """Sphere, cylinder, axis."""
    return written.correction.sphere, written.correction.cylinder, written.axis


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("+2,00 (-3,00) 90°", (200, -300, 90)),
        ("+2.00 (-3.00) 90°", (200, -300, 90)),
        ("+ 2,00 ( − 3,00 ) 90 °", (200, -300, 90)),
        ("\u22122,00\u00a0(+0,75)\u202f5º", (-200, 75, 5)),
        ("+2,00 (-3,00) 90", (200, -300, 90)),
        ("+2,00 (-3,00 90)", (200, -300, 90)),
        ("+2,00 (-3,00 à 90°)", (200, -300, 90)),
        ("+2,00 (-3,00 x 90)", (200, -300, 90)),
        ("+2,00 (-3,00 axe 90)", (200, -300, 90)),
        ("90° (-3,00) +2,00", (200, -300, 90)),
        ("(90° -3,00) +2,00", (200, -300, 90)),
        ("+2,00 -3,00 à 90°", (200, -300, 90)),
        ("+2,00 -3,00 axe 90", (200, -300, 90)),
        ("sph +2,00 cyl -3,00 axe 90", (200, -300, 90)),
        ("SPH. +2,00 CYL. -3,00 AXE 90°", (200, -300, 90)),
        ("sphère +2,00, cylindre -3,00, axe 90", (200, -300, 90)),
        ("cyl -3,00 axe 90 sph +2,00", (200, -300, 90)),
        ("plan", (0, 0, None)),
        ("Plano", (0, 0, None)),
        ("pl (-0,50) 10°", (0, -50, 10)),
        ("sph plan cyl -0,50 axe 10", (0, -50, 10)),
        ("0", (0, 0, None)),
        ("0,00 (-0,50) 0°", (0, -50, 180)),
        ("-1,25", (-125, 0, None)),
        ("-1,5", (-150, 0, None)),
        ("-12", (-1200, 0, None)),
        ("-1,25 (-0,50)", (-125, -50, None)),
        ("-1,25 (-0,50) 180°", (-125, -50, 180)),
        ("-1,25 (0,00)", None),
        ("+0,25 (+0,25) 1°", (25, 25, 1)),
    ],
)
def test_ways_of_writing_one_eye(text: str, expected: tuple[int, int, int | None] | None) -> None:
    """Comma or point, true minus or hyphen, axis before or after, with or without words: the same powers."""
    if expected is None:
        with pytest.raises(CorrectionUnreadable):
            read_written(text)
        return
    assert powers(eye(text)) == expected


@pytest.mark.parametrize(
    ("text", "right", "left"),
    [
        ("OD +2,00 (-3,00) 90° add 2,00  OG plan", (200, -300, 90), (0, 0, None)),
        ("od: -1,00 / og: -1,50", (-100, 0, None), (-150, 0, None)),
        ("OG -1,50 OD -1,00", (-100, 0, None), (-150, 0, None)),
        ("œil droit -1,00 œil gauche -1,50", (-100, 0, None), (-150, 0, None)),
        ("Oeil droit = -1,00 ; oeil gauche = -1,50", (-100, 0, None), (-150, 0, None)),
        ("ODG -1,00", (-100, 0, None), (-100, 0, None)),
        ("deux yeux -1,00", (-100, 0, None), (-100, 0, None)),
        ("OD-1,00 (-0,50)90° OG-1,50", (-100, -50, 90), (-150, 0, None)),
    ],
)
def test_both_eyes(text: str, right: Any, left: Any) -> None:
    """Each eye by its name, in either order, or both at once."""
    found = read_written(text)
    assert set(found) == {"right", "left"}
    assert (powers(found["right"]), powers(found["left"])) == (right, left)


def test_one_eye_alone() -> None:
    """Only the eye that is named is there."""
    assert {side: powers(one) for side, one in read_written("OG -1,50").items()} == {"left": (-150, 0, None)}


def test_addition_and_prism() -> None:
    """They are read, in any usual writing, and choose no code."""
    for text in ("-1,00 add 2,25", "-1,00 Addition +2,25", "-1,00 ADD: 2.25", "add. = 2,25 -1,00"):
        assert eye(text).addition == 225
    for text in ("-1,00 prisme 2 base nasale", "-1,00 prisme 2,00 Δ base nasale", "prism: 2 b nasale -1,00"):
        assert eye(text).prism == Prism(200, "nasale")
    assert eye("-1,00 prisme 1,5 base inf.").prism == Prism(150, "inf.")
    assert (eye("-1,00").addition, eye("-1,00").prism) == (None, None)


@pytest.mark.parametrize(
    ("text", "position", "reason"),
    [
        ("", 1, "empty"),
        ("   ", 1, "empty"),
        ("OD", 1, "empty"),
        ("1,25", 1, "sign"),
        ("-1,00 2,25", 7, "sign"),
        ("-1,00 (0,50) 90°", 7, "word"),
        ("-1,00 90", 7, "sign"),
        ("90 (-0,50) -1,00", 1, "sign"),
        ("-1,00 (-0,50) 90 80", 18, "sign"),
        ("-1,00 vague", 7, "word"),
        ("−1,00 &", 7, "word"),
        ("(-0,50) 90°", 11, "sphere"),
        ("add 2,00", 8, "sphere"),
        ("-1,00 90°", 9, "cylinder"),
        ("-1,00 (-0,50) 181°", 18, "axis"),
        ("-1,00 (-0,50) 90° 80°", 19, "twice"),
        ("-1,00 -0,50 -0,25", 13, "twice"),
        ("plan sph -1,00", 6, "twice"),
        ("OD -1,00 OD -2,00", 10, "twice"),
        ("ODG -1,00 OG -2,00", 11, "twice"),
        ("-1,00 OD -2,00", 1, "eye"),
        ("-1,00 add 2,00 add 2,25", 16, "twice"),
        ("-1,00 prisme 2", 7, "word"),
        ("-123", 1, "word"),
        ("-1,2345", 1, "word"),
        ("x" * 201, 200, "too_long"),
    ],
)
def test_what_is_not_understood_says_where(text: str, position: int, reason: str) -> None:
    """The place and the fault, never the text; and how it may be written."""
    with pytest.raises(CorrectionUnreadable) as raised:
        read_written(text)
    facts = raised.value.facts
    assert (facts["position"], facts["reason"]) == (position, reason)
    assert facts == {"position": position, "reason": reason, "accepted": "+2,00 (-3,00) 90°"}
    assert raised.value.__context__ is None


def test_the_longest_text_is_read() -> None:
    """Two hundred characters are accepted, one more is not."""
    assert powers(eye("-1,00".ljust(200))) == (-100, 0, None)


@pytest.mark.parametrize(
    ("text", "field", "reason"),
    [
        ("-1,30", "sphere", "grid"),
        ("-1,125", "power", "grid"),
        ("-1,00 (-0,55) 90°", "cylinder", "grid"),
        ("+41,00", "sphere", "limit"),
        ("-1,00 (-10,25) 90°", "cylinder", "limit"),
        ("-1,00 add 6,25", "addition", "limit"),
        ("-1,00 add 0", "addition", "limit"),
        ("-1,00 add 2,10", "addition", "grid"),
        ("-1,00 prisme 30,25 base int", "prism", "limit"),
        ("-1,00 prisme 0,10 base int", "prism", "grid"),
    ],
)
def test_a_power_off_the_grid_is_never_rounded(text: str, field: str, reason: str) -> None:
    """The field and the rule are named, the value is not."""
    with pytest.raises(CorrectionOutOfRange) as raised:
        read_written(text)
    facts = raised.value.facts
    assert (facts["field"], facts["reason"], facts["step"]) == (field, reason, 25)
    limits = {"addition": 600, "prism": 3000, "sphere": 4000, "cylinder": 1000}
    assert facts.get("limit") == limits.get(field)


def test_the_largest_addition_and_prism_are_read() -> None:
    """The limits themselves are accepted."""
    written = eye("-1,00 add 6,00 prisme 30 base haut")
    assert (written.addition, written.prism) == (600, Prism(3000, "haut"))
    written = eye("-1,00 add 0,25 prisme 0,25 base haut")
    assert (written.addition, written.prism) == (25, Prism(25, "haut"))


def test_nothing_of_an_eye_shows() -> None:
    """Powers, axis, addition and prism are in no repr."""
    shown = repr(read_written("OD -1,25 (-0,75) 95° add 2,25 prisme 3 base nasale"))
    assert not re.search("125|75|95|225|300|nasale", shown)
    chosen = choose_lens(LENSES, "unifocal", "A", eye("-1,25 (-0,75) 95°"))
    assert "1,25" not in repr(chosen)
    assert "95" not in repr(chosen.reason)


quarters = st.integers(-80, 80).map(lambda quarter: 25 * quarter)
cylinders = st.integers(-32, 32).filter(bool).map(lambda quarter: 25 * quarter)
axes = st.integers(1, 180)


@given(quarters, cylinders, axes)
def test_what_is_written_is_read_back(sphere: int, cylinder: int, axis: int) -> None:
    """The text of an eye is the eye again."""
    written = WrittenEye(Correction(sphere, cylinder), axis)
    assert eye(written.text()) == written


@given(quarters, cylinders, axes, st.sampled_from(["unifocal", "multifocal", "progressive"]))
def test_both_notations_of_a_text_give_one_code(sphere: int, cylinder: int, axis: int, kind: LensType) -> None:
    """A prescription and its transposition, as texts, choose the same code; the axis turns by a quarter."""
    one = WrittenEye(Correction(sphere, cylinder), axis)
    turned = (axis + 90 - 1) % 180 + 1
    other = WrittenEye(Correction(sphere + cylinder, -cylinder), turned)
    assert (
        choose_lens(LENSES, kind, "B", eye(one.text())).item == choose_lens(LENSES, kind, "B", eye(other.text())).item
    )
    plus = {one.plus_cylinder().text(), other.plus_cylinder().text()}
    assert len(plus) == 1
    assert 1 <= turned <= 180


@pytest.mark.parametrize(("axis", "turned"), [(90, 180), (180, 90), (1, 91), (91, 1), (89, 179), (None, None)])
def test_the_axis_turns_by_a_quarter(axis: int | None, turned: int | None) -> None:
    """Only where the cylinder changes its sign, and it stays within 1 to 180."""
    assert WrittenEye(Correction(200, -300), axis).plus_cylinder() == WrittenEye(Correction(-100, 300), turned)
    plus = WrittenEye(Correction(-100, 300), axis, 200, Prism(100, "int"))
    assert plus.plus_cylinder() is plus
    minus = WrittenEye(Correction(200, -300), axis, 200, Prism(100, "int")).plus_cylinder()
    assert (minus.addition, minus.prism) == (200, Prism(100, "int"))


def reason(text: str, kind: LensType = "unifocal") -> list[tuple[str, str]]:
    """The clauses of the reason for a text."""
    return [(clause.code, clause.text) for clause in choose_lens(LENSES, kind, "A", eye(text)).reason]


@pytest.mark.parametrize(
    ("text", "clauses"),
    [
        (
            "+2,00 (-3,00) 90°",
            [("transposed", "−1,00 (+3,00) 180°"), ("sphere_band", "[0 ; −2]"), ("cylinder_band", "≤ 4")],
        ),
        ("plan", [("as_written", "0,00"), ("neutral", "")]),
        ("-1,25", [("as_written", "−1,25"), ("sphere_band", "]0 ; −2]")]),
        ("-2,25", [("as_written", "−2,25"), ("sphere_band", "]−2 ; −4]")]),
        ("-12,25", [("as_written", "−12,25"), ("sphere_band", "< −12")]),
        ("+12,25", [("as_written", "+12,25"), ("sphere_band", "> 12")]),
        ("+12,00", [("as_written", "+12,00"), ("sphere_band", "]8 ; 12]")]),
        (
            "-1,00 (+4,25) 5°",
            [("as_written", "−1,00 (+4,25) 5°"), ("sphere_band", "[0 ; −2]"), ("cylinder_band", "> 4")],
        ),
        ("+1,00 (+1,00)", [("as_written", "+1,00 (+1,00)"), ("power_band", "]0 ; 2]")]),
        ("+5,00 (+5,00) 5°", [("as_written", "+5,00 (+5,00) 5°"), ("power_band", "]8 ; 12]")]),
        ("+10,00 (+5,00) 5°", [("as_written", "+10,00 (+5,00) 5°"), ("power_band", "> 12")]),
    ],
)
def test_the_reason_names_transposition_and_band(text: str, clauses: list[tuple[str, str]]) -> None:
    """In the words of the nomenclature, open and closed as its labels are."""
    assert reason(text) == clauses


def test_every_lens_has_a_reason_that_shows_its_band() -> None:
    """Each of the 182 codes, met by a correction inside its band, has a band text of the known forms."""
    form = re.compile(r"[\[\]]−?\d+ ; −?\d+\]|[<>≤≥] −?\d+")
    for lens in LENSES:
        band = lens.band
        assert band is not None
        texts = [band_text(one) for one in (band.sphere, band.power) if abs(one.low) < 5000 or abs(one.high) < 5000]
        assert texts
        assert all(form.fullmatch(text) for text in texts), (lens.label, texts)


@pytest.mark.parametrize(
    ("interval", "text"),
    [
        (Interval(-200, -1), "]0 ; −2]"),
        (Interval(-200, 0), "[0 ; −2]"),
        (Interval(1, 200), "]0 ; 2]"),
        (Interval(201, 400), "]2 ; 4]"),
        (Interval(-250, -50), "[−0,50 ; −2,50]"),
        (Interval(-100_000, -1201), "< −12"),
        (Interval(1201, 100_000), "> 12"),
        (Interval(-100_000, 200), "≤ 2"),
        (Interval(200, 100_000), "≥ 2"),
        (Interval(-4000, -1201), "]−12 ; −40]"),
        (Interval(1201, 5000), "]12 ; 50]"),
    ],
)
def test_a_band_as_the_labels_write_it(interval: Interval, text: str) -> None:
    """From the bound nearer to zero; a bound off the grid is an open one."""
    assert band_text(interval) == text


@pytest.mark.parametrize(
    ("text", "kind", "notes"),
    [
        ("-1,00", "unifocal", ()),
        ("-1,00 add 2,00", "unifocal", ("addition_unused",)),
        ("-1,00 add 2,00", "progressive", ()),
        ("-1,00", "progressive", ("addition_missing",)),
        ("-1,00", "multifocal", ("addition_missing",)),
        ("-1,00 prisme 2 base int", "unifocal", ("prism_supplement",)),
        ("-1,00 (-0,50)", "unifocal", ("axis_missing",)),
        ("-1,00 (-0,50) 90°", "unifocal", ()),
    ],
)
def test_what_chose_nothing_is_noted(text: str, kind: LensType, notes: tuple[str, ...]) -> None:
    """An addition beside a unifocal lens, none beside a progressive one, a prism, a missing axis."""
    assert choose_lens(LENSES, kind, "A", eye(text)).notes == notes


def test_the_choice_is_the_item_of_the_correction() -> None:
    """The same code as for the bare powers."""
    assert str(choose_lens(LENSES, "unifocal", "A", eye("+2,00 (-3,00) 90°")).item.code) == "2234050"


def test_an_axis_is_of_a_cylinder() -> None:
    """A cylinder of zero has no axis to miss, and no cylinder shows in its text."""
    written = WrittenEye(Correction(-100, 0), 90)
    assert written.text() == "−1,00"
    assert choose_lens(LENSES, "unifocal", "A", written).notes == ()


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0,00"), (25, "+0,25"), (-25, "−0,25"), (-1205, "−12,05"), (1, "+0,01")]
)
def test_a_power_has_its_sign_and_a_comma(value: int, text: str) -> None:
    """Zero has none."""
    assert power_text(value) == text
