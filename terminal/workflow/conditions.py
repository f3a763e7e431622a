"""What must hold beside the price: the prescription is still valid, and the equipment may be renewed.

Rules: the validity is that of what is sold, glasses or contact lenses, each by its own rule; renewal periods bind only
what is sold; what was not told (no prescription, no last equipment) is not judged, and the caller knows that it was not
told. The ground of an early renewal is used here and kept nowhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date

from terminal.domain.lines import Eye
from terminal.domain.lpp import ItemKind
from terminal.domain.prescription import Prescriber, require_valid, valid_until
from terminal.domain.renewal import Ground, Renewal, judge_contact_lenses, judge_renewal

GLASSES: tuple[ItemKind, ...] = ("frame", "lens")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is known of prescription and last deliveries; None is "not told"."""

    prescribed: date | None = None
    prescriber: Prescriber = "physician"
    last_glasses: date | None = None
    ground: Ground | None = field(default=None, repr=False)
    last_contact_lenses: Mapping[Eye, date] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Sold:
    """What is delivered, as far as the conditions go: an item and its eye (None for a pair)."""

    item: ItemKind
    eye: Eye | None = None


def judge_conditions(known: Conditions, delivery: date, birth_date: date, sold: Iterable[Sold]) -> Renewal | None:
    """The renewal of the glasses, None where none is sold or no last one is known.

    Raises PrescriptionExpired, PrescriptionFuture, RenewalTooEarly, RenewalGroundUnfit or LastEquipmentFuture.
    """
    things = tuple(sold)
    _check_prescription(known, delivery, birth_date, things)
    judge_contact_lenses(known.last_contact_lenses, delivery, _eyes(things))
    if known.last_glasses is None or not any(thing.item in GLASSES for thing in things):
        return None
    return judge_renewal(known.last_glasses, delivery, birth_date, known.ground)


def _check_prescription(known: Conditions, delivery: date, birth_date: date, sold: tuple[Sold, ...]) -> None:
    if known.prescribed is None:
        return
    items = {thing.item for thing in sold}
    if items - {"contact_lenses"}:
        last = valid_until(known.prescribed, birth_date, prescriber=known.prescriber)
        require_valid(known.prescribed, delivery, last)
    if "contact_lenses" in items:
        last = valid_until(known.prescribed, birth_date, prescriber=known.prescriber, device="contact_lenses")
        require_valid(known.prescribed, delivery, last)


def _eyes(sold: tuple[Sold, ...]) -> tuple[Eye, ...]:
    """The eyes that get a package of contact lenses; one without an eye is for both."""
    found: list[Eye] = []
    for thing in sold:
        if thing.item == "contact_lenses":
            found += ["right", "left"] if thing.eye is None else [thing.eye]
    return tuple(dict.fromkeys(found))
