"""The equipment models a shop starts with: one key fills codes and prices.

Rules: the prices are the regulated ones where the catalogue knows them and None where they are free or unknown, so
the form asks. The lens codes are those of the lowest band; a typed correction replaces them.
"""

from terminal.i18n import text
from terminal.workflow.types import Model

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
