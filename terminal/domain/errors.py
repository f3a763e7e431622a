"""The tree of what can be wrong with what was typed, read or imported.

Rules: every error has a stable `code` (scripts and screens depend on it) and `facts` that say where (`line`, from 1),
which rule (`reason`) and what would be accepted (`accepted`, `needs`, limits). Facts never hold a person's data, a
correction or a whole identifier of a person. The message is English, for the log; the terminal turns the code into
French.
"""

from typing import ClassVar


class DomainError(Exception):
    """Base of the tree. `facts` are short, printable and free of personal data.

    `environment` is true when something outside the program is missing (exit status 3 of the command line).
    """

    code: ClassVar[str] = "domain"
    environment: ClassVar[bool] = False

    def __init__(self, message: str = "", **facts: str | int) -> None:
        super().__init__(message or self.code)
        self.facts: dict[str, str | int] = facts


class InputInvalid(DomainError):
    """The JSON is not of the documented shape: `key` says where.

    `reason` is unknown_key, missing_key, wrong_type or wrong_value; `accepted` is what the key takes, where it is
    short.
    """

    code = "input_invalid"


class NirInvalid(DomainError):
    """Not the form of a NIR; `reason` names the part (length, characters, sex, month, department, commune, order)."""

    code = "nir_invalid"


class NirKeyWrong(DomainError):
    """Well formed, but the two digits of the key are not those of the thirteen before: a misreading."""

    code = "nir_key_wrong"


class AmIdInvalid(DomainError):
    """Not the nine digits, key included, under which a point of sale bills."""

    code = "am_id_invalid"


class AmcNumberInvalid(DomainError):
    """Not the eight to ten digits of a complementary insurer."""

    code = "amc_number_invalid"


class LppCodeInvalid(DomainError):
    """Not seven digits, or the seventh is not the key of the six before; `reason` is form or key."""

    code = "lpp_code_invalid"


class LppCodeUnknown(DomainError):
    """A well formed code that is not in the catalogue."""

    code = "lpp_code_unknown"


class LppCodeClosed(DomainError):
    """A code that has ended; `ended` is the first day on which it no longer exists."""

    code = "lpp_code_closed"


class LppCodeUnmapped(DomainError):
    """A maker's code whose generic code, hence tariff, is not known."""

    code = "lpp_code_unmapped"


class CatalogueInvalid(DomainError):
    """The catalogue's own data are damaged; `file` and `row` say where."""

    code = "catalogue_invalid"


class TariffUnknown(DomainError):
    """No tariff is known for the code; `needs` is what the shop may type from its own tariff (plv or base)."""

    code = "tariff_unknown"


class PriceAbovePlv(DomainError):
    """A price above the regulated ceiling (PLV); `plv` and `price` are of the whole line, in cents."""

    code = "price_above_plv"


class ServiceDateFuture(DomainError):
    """The service date is after today."""

    code = "service_date_future"


class ServiceDateUncovered(DomainError):
    """The service date is before the catalogue; `effective_from` is its first day."""

    code = "service_date_uncovered"


class CorrectionOutOfRange(DomainError):
    """A power off the quarter-dioptre grid or beyond the limits, or that no single code covers; `field` says which."""

    code = "correction_out_of_range"


class AgeNotCovered(DomainError):
    """The code is for people up to `age_max` completed years on the service date."""

    code = "age_not_covered"


class BirthDateInvalid(DomainError):
    """Not a date, or after the act it is compared with."""

    code = "birth_date_invalid"


class AmoRateInvalid(DomainError):
    """Not a rate of the AMO for optics; `accepted` lists them."""

    code = "amo_rate_invalid"


class ContractInvalid(DomainError):
    """A contract that contradicts itself; `reason` says how."""

    code = "contract_invalid"


class GridMissing(DomainError):
    """A class B line under a responsable contract whose guarantees were not given."""

    code = "grid_missing"


class LineInvalid(DomainError):
    """A line that contradicts its code or itself; `reason` says how."""

    code = "line_invalid"


class EquipmentInvalid(DomainError):
    """The lines together are not one equipment (one frame, two lenses); `reason` says which is too many."""

    code = "equipment_invalid"


class PrescriptionExpired(DomainError):
    """The prescription is no longer valid on the service date; `until` is its last day."""

    code = "prescription_expired"


class PrescriptionFuture(DomainError):
    """The prescription is dated after the service; `date` is its day."""

    code = "prescription_future"


class CorrectionUnreadable(DomainError):
    """What was typed of a prescription is not understood; `position` (from 1) and `reason` say where and why.

    Nothing of the text is in the facts: it is health data.
    """

    code = "correction_unreadable"


class RenewalTooEarly(DomainError):
    """The last equipment is too recent; `allowed_from` is the first day, `accepted` the grounds that would do."""

    code = "renewal_too_early"


class RenewalGroundUnfit(DomainError):
    """An early renewal without a ground that this age has; `accepted` lists those it has."""

    code = "renewal_ground_unfit"


class LastEquipmentFuture(DomainError):
    """The last equipment is dated after the delivery."""

    code = "last_equipment_future"


class OfferInvalid(DomainError):
    """The class A equipment typed for the quote is not one; `line` counts in that equipment."""

    code = "offer_invalid"


class ImportInvalid(DomainError):
    """A file of tariffs is refused whole; `record` (from 1) and `reason` say where and why."""

    code = "import_invalid"


class ImportUnreadable(DomainError):
    """The file of tariffs is missing, too large or of no known form; `accepted` lists the forms."""

    code = "import_unreadable"


class CatalogueUnknown(DomainError):
    """No catalogue of this digest is kept here."""

    code = "catalogue_unknown"


class CatalogueChanged(DomainError):
    """Another import came in between: what was shown is no longer what would change."""

    code = "catalogue_changed"


class NothingToRollBack(DomainError):
    """The catalogue carried by the program is in force: no import is left to take back."""

    code = "nothing_to_roll_back"


class ProfileUnknown(DomainError):
    """No profile of this digest is kept here."""

    code = "profile_unknown"


class ProfileFieldForbidden(DomainError):
    """An insurer's profile names a field that no claim has; `field` names it, `accepted` lists those it may name."""

    code = "profile_field_forbidden"


class ProfileNotYetEffective(DomainError):
    """An insurer's profile that only counts from a later day; `effective` is that day."""

    code = "profile_not_yet_effective"
