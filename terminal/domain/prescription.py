"""What a prescription says of one eye, and until when it may be delivered.

Rules: powers are integer hundredths of a dioptre on the quarter-dioptre grid; another value is refused, never rounded.
A correction is health data: it lives in memory for the choice of a code, shows in no `repr` and no error. Validity
counts date to date, last day included (29 February becomes 28). Source: CSP D4362-12 and D4362-11-1, SOURCE §7.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Literal, Self

from terminal.domain.age import completed_years
from terminal.domain.calendar import years_after
from terminal.domain.errors import CorrectionOutOfRange, PrescriptionExpired, PrescriptionFuture

STEP = 25
SPHERE_LIMIT = 4000
CYLINDER_LIMIT = 1000

Prescriber = Literal["physician", "orthoptist"]
Device = Literal["glasses", "contact_lenses"]


@dataclass(frozen=True, slots=True)
class Correction:
    """Sphere and cylinder of one eye in hundredths of a dioptre, cylinder of either sign.

    Both principal powers (sphere, and sphere + cylinder) are within 40.00 D and the cylinder within 10.00 D, so that
    the two notations of one lens are accepted or refused together. Raises CorrectionOutOfRange, without the value.
    """

    sphere: int = field(repr=False)
    cylinder: int = field(repr=False)

    def __post_init__(self) -> None:
        _check("sphere", self.sphere, SPHERE_LIMIT)
        _check("cylinder", self.cylinder, CYLINDER_LIMIT)
        _check("power", self.power, SPHERE_LIMIT)

    @property
    def power(self) -> int:
        """The power in the other meridian, `S` of the nomenclature once the cylinder is positive."""
        return self.sphere + self.cylinder

    def plus_cylinder(self) -> Self:
        """The same lens written with a positive cylinder, the notation of the nomenclature (SOURCE §2)."""
        if self.cylinder >= 0:
            return self
        return type(self)(self.power, -self.cylinder)


def _check(name: str, value: int, limit: int) -> None:
    if value % STEP or abs(value) > limit:
        reason = "grid" if value % STEP else "limit"
        raise CorrectionOutOfRange(f"{name} is off the {reason}", field=name, reason=reason, step=STEP, limit=limit)


def valid_until(
    issued: date, birth_date: date, *, prescriber: Prescriber = "physician", device: Device = "glasses"
) -> date:
    """The last day on which a prescription of the day `issued` may be delivered; age counts at issue.

    Raises BirthDateInvalid when the birth is later than the issue.
    """
    return years_after(issued, _years(completed_years(birth_date, issued), prescriber, device))


def _years(age: int, prescriber: Prescriber, device: Device) -> int:
    """Years of validity: CSP D4362-12 for glasses, D4362-11-1 for contact lenses."""
    if device == "contact_lenses":
        return 1 if age < 16 else (2 if prescriber == "orthoptist" else 3)
    if prescriber == "orthoptist":
        return 2
    return 1 if age < 16 else (5 if age <= 42 else 3)


def require_valid(issued: date, service_date: date, last_day: date) -> None:
    """Refuse a service before the prescription (PrescriptionFuture) or after its last day (PrescriptionExpired)."""
    if issued > service_date:
        raise PrescriptionFuture("prescribed after the service", date=issued.isoformat())
    if service_date > last_day:
        raise PrescriptionExpired("no longer valid on the service date", until=last_day.isoformat())
