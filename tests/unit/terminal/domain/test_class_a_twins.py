"""The class A equipment that answers to a class B one (CSS L165-9)."""

from dataclasses import replace

import pytest

from terminal.catalogue import Catalogue
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LppItem
from terminal.domain.offer import class_a_twins, offer_owed

FRAME_A, CHILD_A, FRAME_B, CHILD_B = "2222124", "2254242", "2264861", "2276870"
LENS_A, LENS_B, CONTACT, ADAPTATION_B = "2263287", "2264803", "2251545", "2209738"


@pytest.fixture
def items(catalogue: Catalogue) -> dict[str, LppItem]:
    """The items of these tests by code."""
    codes = (FRAME_A, CHILD_A, FRAME_B, CHILD_B, LENS_A, LENS_B, CONTACT, ADAPTATION_B)
    return {code: catalogue.item(LppCode.parse(code)) for code in codes}


@pytest.mark.parametrize(
    ("codes", "owed"),
    [
        ([FRAME_A, LENS_A, LENS_A], False),
        ([FRAME_B], True),
        ([FRAME_A, LENS_B], True),
        ([CONTACT], False),
        ([FRAME_A, ADAPTATION_B], False),
        ([], False),
    ],
)
def test_an_offer_is_owed_beside_class_b_glasses(codes: list[str], owed: bool, items: dict[str, LppItem]) -> None:
    """One class B frame or lens is enough; contact lenses and supplements owe none."""
    assert offer_owed(items[code] for code in codes) is owed


@pytest.mark.parametrize(
    ("age", "sold", "twin"), [(15, CHILD_B, CHILD_A), (16, FRAME_B, FRAME_A), (40, FRAME_B, FRAME_A)]
)
def test_the_twin_of_a_frame_goes_by_age(
    age: int, sold: str, twin: str, items: dict[str, LppItem], catalogue: Catalogue
) -> None:
    """Up to fifteen the child's frame, from sixteen on the adult's."""
    found = class_a_twins([(None, items[sold])], catalogue.generics(), age)
    assert [(one.line, one.sold, one.item) for one in found] == [(1, items[sold], items[twin])]


def test_every_class_b_lens_has_one_twin_of_its_type_and_band(catalogue: Catalogue) -> None:
    """The ninety-one class B lenses, the neutral one included, answer to the ninety-one of class A one by one."""
    class_b = [lens for lens in catalogue.lenses() if lens.item_class == "B"]
    twins = class_a_twins([("right", lens) for lens in class_b], catalogue.generics(), 40)
    found = [twin.item for twin in twins]
    assert len({item.code for item in found if item}) == len(class_b) == 91
    for twin in twins:
        assert twin.item is not None
        assert (twin.item.lens_type, twin.item.band) == (twin.sold.lens_type, twin.sold.band)
        assert (twin.item.item_class, twin.item.level, twin.eye) == ("A", twin.sold.level, "right")


def test_lines_keep_their_number_and_class_a_stays(items: dict[str, LppItem], catalogue: Catalogue) -> None:
    """What is no glasses is skipped without moving the others; a class A line is its own twin."""
    sold = [(None, items[CONTACT]), (None, items[FRAME_A]), (None, items[ADAPTATION_B]), ("left", items[LENS_B])]
    twins = class_a_twins(sold, catalogue.generics(), 40)  # type: ignore[arg-type]  # eyes as plain strings
    assert [(twin.line, twin.item) for twin in twins] == [(2, items[FRAME_A]), (4, items[LENS_A])]


def test_a_class_a_frame_stays_whatever_the_age(items: dict[str, LppItem], catalogue: Catalogue) -> None:
    """A child in an adult's class A frame is offered that frame, not another."""
    assert class_a_twins([(None, items[FRAME_A])], catalogue.generics(), 10)[0].item is items[FRAME_A]


def test_a_twin_that_cannot_be_told_is_none(items: dict[str, LppItem], catalogue: Catalogue) -> None:
    """A maker's lens without type and band, or a list that has two or no candidates: nothing is guessed."""
    unknown = replace(items[LENS_B], band=None, lens_type=None)
    assert class_a_twins([(None, unknown)], catalogue.generics(), 40)[0].item is None
    doubled = [*catalogue.generics(), *catalogue.generics()]
    assert class_a_twins([(None, items[LENS_B])], doubled, 40)[0].item is None
    assert class_a_twins([(None, items[FRAME_B])], [], 40)[0].item is None
