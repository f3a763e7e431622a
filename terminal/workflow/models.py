"""The equipment models a shop starts with: one key fills codes and prices.

Rules: the prices are the regulated ones where the catalogue knows them and None where they are free or unknown, so
the form asks. The lens codes are those of the lowest band; a typed correction replaces them. A claim that was not made
with the form is shown under the model that has its classes.
"""

from collections.abc import Iterable

from terminal.catalogue import Catalogue
from terminal.domain.errors import DomainError
from terminal.domain.identifiers import LppCode
from terminal.domain.lpp import LensType, LppItem
from terminal.i18n import text
from terminal.workflow.types import DraftLine, Model

FRAME_A = "2222124"
FRAME_B = "2264861"
LENS_A = "2263287"
CONTACT_LENSES = "2251545"


def default_models() -> tuple[Model, ...]:
    """Class A, class B, mixed (class A lenses in a class B frame) and contact lenses, numbered 1 to 4."""
    return (
        Model(1, text("model.class_a"), "A", "unifocal", FRAME_A, "A", LENS_A, 3000, 3250),
        Model(2, text("model.class_b"), "B", "unifocal", FRAME_B, "B", None, None, None),
        Model(3, text("model.mixed"), "mixed", "unifocal", FRAME_B, "A", LENS_A, None, 3250),
        Model(4, text("model.contact_lenses"), "contact_lenses", None, None, None, CONTACT_LENSES, None, None),
    )


def shown_for(lines: Iterable[DraftLine], catalogue: Catalogue) -> tuple[int | None, LensType | None]:
    """The number of the model and the type of lens of these lines; None where the catalogue cannot tell."""
    items = [item for line in lines if (item := _item(line, catalogue)) is not None]
    lenses = [item for item in items if item.item == "lens"]
    lens_type = lenses[0].lens_type if lenses else None
    if any(item.item == "contact_lenses" for item in items):
        return 4, None
    frames = {item.item_class for item in items if item.item == "frame"}
    if "A" in {lens.item_class for lens in lenses}:
        return (3 if frames == {"B"} else 1), lens_type
    return (2 if lenses or frames == {"B"} else 1 if frames else None), lens_type


def _item(line: DraftLine, catalogue: Catalogue) -> LppItem | None:
    try:
        return catalogue.item(LppCode.parse(line.lpp_code))
    except DomainError:
        return None
