"""A patient without a card: the NIR twice, a name, a birth date."""

from collections.abc import Callable
from datetime import date

import pytest

from terminal.domain.age import birth_month
from terminal.tui.claim_entry import EntryProblem
from terminal.tui.form_model import Form, Outcome
from terminal.tui.identify_form import identify_form, identify_rows, read_person
from tests.tui.scenes import MARIE, TODAY, nir

Press = Callable[..., list[Outcome]]
NIR = MARIE.nir.digits + MARIE.nir.key


def test_a_person_is_typed_in_one_go(press: Press) -> None:
    """Each NIR goes on by itself; Enter after it is absorbed."""
    form = identify_form()
    outcomes = press(form, NIR, "enter", NIR, "dupont", "enter", "marie", "enter", "05031984", "enter")
    assert outcomes[-1] is Outcome.END
    person = read_person(form, TODAY)
    assert (person.surname, person.given_name, person.birth_date) == ("DUPONT", "MARIE", date(1984, 3, 5))
    assert (person.nir, person.source, person.rank) == (MARIE.nir, "typed", 1)
    assert "DUPONT" not in repr(person)


@pytest.mark.parametrize(
    ("field", "value", "problem"),
    [
        ("nir", "", ("nir", "missing_nir")),
        ("nir", NIR[:-1], ("nir", "nir_invalid")),
        ("nir", NIR[:-2] + f"{(int(NIR[-2:]) + 1) % 97:02}", ("nir", "nir_key_wrong")),
        ("nir_again", "", ("nir_again", "missing_nir_again")),
        ("nir_again", NIR[:6] + "6" + NIR[7:], ("nir_again", "entry_nirs_differ")),
        ("surname", "", ("surname", "missing_name")),
        ("birth", "", ("birth", "missing_birth")),
        ("birth", "0503", ("birth", "entry_birth_day_invalid")),
        ("birth", "22112026", ("birth", "entry_birth_day_invalid")),
    ],
)
def test_the_first_thing_wrong_is_named(field: str, value: str, problem: tuple[str, str]) -> None:
    """Field and code; the facts hold no part of the number."""
    form: Form = identify_form()
    for key, text in (
        ("nir", NIR),
        ("nir_again", NIR),
        ("surname", "DUPONT"),
        ("given_name", "MARIE"),
        ("birth", "05031984"),
    ):
        form[key].put(text)
    form[field].put(value)
    with pytest.raises(EntryProblem) as found:
        read_person(form, TODAY)
    assert (found.value.field_key, found.value.code) == problem
    assert NIR[:6] not in repr(found.value.facts)


def test_the_day_alone_completes_the_month_of_the_number() -> None:
    """It is shown in full; where the number leaves a doubt, the whole date is asked for."""
    form = identify_form()
    for key, typed in (("nir", NIR), ("nir_again", NIR), ("surname", "DUPONT"), ("given_name", "MARIE")):
        form[key].put(typed)
    assert "05/1984" in repr(identify_rows(form, TODAY))
    for typed in ("3", "03"):
        form["birth"].put(typed)
        assert "03/05/1984" in repr(identify_rows(form, TODAY))
        assert read_person(form, TODAY).birth_date == date(1984, 5, 3)
    for wrong in ("32", "00", "0305"):
        form["birth"].put(wrong)
        with pytest.raises(EntryProblem):
            read_person(form, TODAY)
    doubtful = nir("2200575999001")
    for key in ("nir", "nir_again"):
        form[key].put(doubtful.digits + doubtful.key)
    form["birth"].put("03")
    assert "05/19" not in repr(identify_rows(form, TODAY))
    with pytest.raises(EntryProblem):
        read_person(form, TODAY)


@pytest.mark.parametrize(
    ("thirteen", "month"),
    [
        ("2840575999001", (1984, 5)),
        ("1052075999001", None),
        ("1050275999001", (2005, 2)),
        ("1261275999001", (1926, 12)),
        ("1261175999001", None),
        ("1160175999001", None),
        ("1150175999001", (2015, 1)),
    ],
)
def test_the_month_of_birth_in_a_number(thirteen: str, month: tuple[int, int] | None) -> None:
    """Known where one century is possible: not in the future, nobody above 110; none for an odd month."""
    assert birth_month(nir(thirteen), date(2026, 11, 21)) == month


def test_a_wrong_key_is_said_at_once() -> None:
    """At the fifteenth character, beside the field."""
    form = identify_form()
    form["nir"].put(NIR)
    assert "clé juste" in repr(identify_rows(form))
    form["nir"].put(NIR[:-2] + f"{(int(NIR[-2:]) + 1) % 97:02}")
    assert "clé fausse" in repr(identify_rows(form))
