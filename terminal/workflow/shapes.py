"""The JSON shapes of `quote`, `claim` and `lpp code`: strict about keys and types, errors without values.

Rules: an unknown key, a missing key, a float or a wrong type is refused with the key (InputInvalid), never coerced. A
birth date stays text: cards have lunar ones.
"""

import datetime
import re
from typing import Final, Literal, TypeVar

import msgspec

from terminal.domain.errors import InputInvalid
from terminal.domain.lines import Eye
from terminal.domain.lpp import ItemClass, ItemKind, LensType
from terminal.domain.prescription import Prescriber
from terminal.domain.renewal import Ground
from terminal.domain.rights import ContractKind


class Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A part of the input: strict about keys and types."""


class LensGridShape(Part, frozen=True):
    """Guarantees for one lens, in cents."""

    simple: int
    complexe: int
    tres_complexe: int


class GridShape(Part, frozen=True):
    """Guarantees of a contract, in cents, AMO included."""

    frame: int
    lens: LensGridShape


class ContractShape(Part, frozen=True):
    """A complementary contract; `ani`: compulsory collective contract of an employer."""

    kind: ContractKind
    grid: GridShape | None = None
    real_cost: bool = False
    ani: bool = False


class LineShape(Part, frozen=True):
    """One thing sold."""

    item: ItemKind
    lpp_code: str
    price: int
    eye: Eye | None = None
    quantity: int = 1
    plv: int | None = None
    plv_reason: str | None = None
    base: int | None = None


class PrescriptionShape(Part, frozen=True):
    """When and by whom it was prescribed."""

    date: datetime.date
    prescriber: Prescriber = "physician"


class RenewalShape(Part, frozen=True):
    """The last deliveries: glasses, and contact lenses by eye; the ground of an early renewal."""

    last: datetime.date | None = None
    ground: Ground | None = None
    contact_lenses: dict[Literal["right", "left"], datetime.date] = {}


class QuoteShape(Part, frozen=True):
    """The input of `quote`. `class_a`: the class A equipment that the shop offers, where it writes it itself."""

    service_date: datetime.date
    birth_date: str
    amo_rate: int
    contract: ContractShape
    lines: tuple[LineShape, ...]
    prescription: PrescriptionShape | None = None
    renewal: RenewalShape | None = None
    class_a: tuple[LineShape, ...] | None = None


class PersonShape(Part, frozen=True):
    """A person typed whole."""

    surname: str
    given_name: str
    birth_date: datetime.date
    nir: str
    rank: int = 1


class ClaimShape(Part, frozen=True):
    """The input of `claim new` and `claim correct`.

    Without `person`, the card is read and `rank` says who; without `contract`, the profile's first is taken.
    `prescriber` and the ground of `renewal` decide and are not kept. `kind` `preauthorisation` asks for an agreement.
    """

    insurer: str
    lines: tuple[LineShape, ...]
    person: PersonShape | None = None
    rank: int = 1
    contract: str | None = None
    member: str | None = None
    amo_rate: int = 60
    prescription_date: datetime.date | None = None
    prescriber: Prescriber = "physician"
    service_date: datetime.date | None = None
    renewal: RenewalShape | None = None
    kind: Literal["claim", "preauthorisation"] = "claim"


class LensShape(Part, frozen=True):
    """The input of `lpp code` as powers in hundredths of a dioptre."""

    type: LensType
    class_: ItemClass = msgspec.field(name="class")
    sphere: int
    cylinder: int


class WrittenLensShape(Part, frozen=True):
    """The input of `lpp code` as it is written on a prescription, for one eye or for both."""

    type: LensType
    class_: ItemClass = msgspec.field(name="class")
    text: str


Shape = TypeVar("Shape", bound=Part)

MAX_KEY: Final = 80
"""Characters of a key that an error repeats."""

_REASONS: Final = (
    ("unknown_key", re.compile(r"Object contains unknown field `(?P<key>.*?)`")),
    ("missing_key", re.compile(r"Object missing required field `(?P<key>.*?)`")),
    ("wrong_value", re.compile(r"Invalid enum value|Invalid RFC3339")),
)
_PLACE: Final = re.compile(r" - at `(?P<key>key in )?\$?\.?(?P<path>[^`]*)`$")


def shaped(data: object, shape: type[Shape]) -> Shape:
    """`data` as `shape`; InputInvalid with the key and the kind of fault, never with a value."""
    try:
        return msgspec.convert(data, shape)
    except msgspec.ValidationError as error:
        key, reason = _located(str(error))
    raise InputInvalid("not of the documented shape", key=key[:MAX_KEY], reason=reason)


def _located(message: str) -> tuple[str, str]:
    """The key and the reason behind a message of msgspec, without the value that it may quote."""
    place = _PLACE.search(message)
    path = place["path"] if place else ""
    for reason, pattern in _REASONS:
        match = pattern.match(message)
        if match:
            return ".".join(part for part in (path, match.groupdict().get("key")) if part), reason
    return path or "$", "wrong_type"
