"""The claim being written: its fields, and what follows from each of them.

Rules: pure; everything that follows from a field (a price, a type, which fields there are) is in place before the
next key is applied; what the terminal fills in never replaces what a person typed. Corrections live in the fields of
this object and in what was chosen by them, and nowhere else. An empty price of a class A lens stands for the regulated
price of its code. A tariff that is not known is asked for where it is needed, with its source.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import TypeVar

from terminal.domain.age import completed_years
from terminal.domain.agreement import Agreement
from terminal.domain.calendar import months_after
from terminal.domain.errors import DomainError
from terminal.domain.lines import MAX_REASON
from terminal.domain.prescription import Prescriber
from terminal.domain.renewal import Ground, months_by_ground
from terminal.tui.entry import EntryError, amount_entry, parse_birth_day, parse_day, tidy_amount, tidy_written
from terminal.tui.form_field import Field, Kind
from terminal.tui.form_model import Form
from terminal.workflow.types import DraftLine, Eye, InsurerChoice, Model, Person

Option = TypeVar("Option")

DEFAULT_AMO_RATE = "60"
_LEFT = re.compile(r"\b(?:odg|og|œil gauche|oeil gauche|deux yeux)\b", re.IGNORECASE)
LENS_TYPES = ("unifocal", "multifocal", "progressive")
EYES: Mapping[Eye, str] = {"right": "od", "left": "og"}
PRESCRIBERS: tuple[Prescriber, ...] = ("physician", "orthoptist")
PLACES = ("frame", *EYES.values())
"""What a line is for, as the names of the fields begin."""
OTHER = "other"
"""What a line is for that has no field: a supplement, more than one package."""
_WRITTEN_FIELDS = ("od_written", "og_written")
_LENS_FIELDS = ("lens_type", *_WRITTEN_FIELDS)
_TARIFF_FIELDS = (*(f"{place}_{kind}" for kind in ("plv", "base") for place in PLACES), "plv_reason")
_CODE_FIELDS = ("model", *_LENS_FIELDS)


@dataclass(frozen=True, slots=True)
class Offer:
    """What a claim can be made of today: the people of the card, the insurers and the shop's models."""

    people: tuple[Person, ...] = field(repr=False)
    insurers: tuple[InsurerChoice, ...]
    models: tuple[Model, ...]
    today: date


class ClaimForm:
    """One claim on the screen. `carried`: lens codes of a claim or quote that was taken over, until its lenses change.

    `other_lines` have no field and stay until the model changes. `asks_agreement`: it was one that asks the insurer
    beforehand; `agreement`: what is delivered under.
    """

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        self.today = offer.today
        self.carried: dict[Eye, str] = {}
        self.frame_carried: str | None = None
        self.other_lines: tuple[DraftLine, ...] = ()
        self.replaces: str | None = None
        self.asks_agreement = False
        self.agreement: Agreement | None = None
        self.form = Form(_fields(offer), self._settle)
        self._start()

    @property
    def person(self) -> Person | None:
        """Who is served, once it is known."""
        chosen = _chosen(self.form["person"].text, self.offer.people)
        return self.offer.people[0] if len(self.offer.people) == 1 else chosen

    @property
    def model(self) -> Model | None:
        """The equipment model, once it is chosen."""
        return _chosen(self.form["model"].text, self.offer.models)

    @property
    def insurer(self) -> InsurerChoice | None:
        """The complementary insurer."""
        return _chosen(self.form["insurer"].text, self.offer.insurers)

    @property
    def contact_lenses(self) -> bool:
        """True when the model is no pair of glasses."""
        return self.model is not None and self.model.item_class == "contact_lenses"

    @property
    def started(self) -> bool:
        """True when a person has typed something that would be lost."""
        return any(item.text and not item.given for item in self.form.fields.values())

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """The grounds for an early renewal that the person's age has, in the order of the law."""
        return tuple(ground for ground in self._months() if ground)

    def ask_tariff(self, place: str, kind: str) -> None:
        """Show the field for the ceiling (`plv`) or the `base` of one line (`frame`, `od`, `og`), and its source."""
        for key in (f"{place}_{kind}", "plv_reason"):
            self.form[key].hidden = False

    def tell_price(self, eye: Eye, plv: int | None) -> None:
        """Fill in the regulated price of the lens that was chosen, where nobody typed one."""
        if plv is not None:
            self.form[f"{EYES[eye]}_price"].give(amount_entry(plv))

    def names_both_eyes(self) -> bool:
        """True when the field of the right eye has the whole prescription."""
        return bool(_LEFT.search(self.form["od_written"].text))

    def needs_correction(self) -> bool:
        """True when the lens codes cannot be known without the corrections, or when those of one eye are there."""
        model = self.model
        if model is None or self.contact_lenses or self.carried:
            return False
        typed = any(self.form[key].text for key in _WRITTEN_FIELDS)
        return typed or model.lens_code is None or self.form["lens_type"].text != _type_number(model)

    def settle_model(self) -> None:
        """Put in place what follows from the model."""
        self._settle("model")

    def settle_renewal(self) -> None:
        """Put in place what follows from the day of the last equipment."""
        self._settle("last")

    def refresh(self) -> None:
        """Put in place what follows from the other fields, after several were filled at once."""
        self._settle("person")
        self._settle("insurer")
        self._arrange()

    def _start(self) -> None:
        alone = len(self.offer.people) == 1
        self.form["person"].hidden = alone
        self.form["amo_rate"].give(DEFAULT_AMO_RATE)
        self.form["prescriber"].give("1")
        self.form["insurer"].give("1" if self.offer.insurers else "")
        self.refresh()
        self.form.to_first_empty()

    def _settle(self, key: str) -> None:
        if key == "person":
            self.form["birth"].hidden = self.person is None or self.person.birth_date is not None
        if key == "insurer":
            self._settle_insurer()
        if key in ("person", "birth", "last", "model"):
            self._settle_ground()
        if key in _CODE_FIELDS:
            self._settle_codes(key)
        if key == "od_price":
            self.form["og_price"].give(self.form["od_price"].text)

    def _settle_ground(self) -> None:
        """Ask for the ground of a renewal that is early; contact lenses have none."""
        ground, grounds = self.form["ground"], self.grounds
        ground.choices, ground.hidden = len(grounds), self.contact_lenses or not self._is_early()
        if ground.text and int(ground.text) > len(grounds):
            ground.put("")

    def _is_early(self) -> bool:
        """True when the last equipment is more recent than this age allows without a ground."""
        months = self._months()
        try:
            last = parse_day(self.form["last"].text, self.today)
        except EntryError:
            return False
        return bool(months) and self.today < months_after(last, months[None])

    def _months(self) -> Mapping[Ground | None, int]:
        """The months to wait at the person's age, by ground; nothing while the age is not known."""
        born = self.person.birth_date if self.person else None
        try:
            born = born or parse_birth_day(self.form["birth"].text, self.today)
            return months_by_ground(completed_years(born, self.today))
        except (EntryError, DomainError):
            return {}

    def _settle_insurer(self) -> None:
        contracts = self.insurer.contracts if self.insurer else ()
        choice = self.form["contract"]
        choice.choices, choice.hidden = len(contracts), len(contracts) < 2
        choice.put("")
        choice.give("1" if contracts else "")

    def _settle_codes(self, key: str) -> None:
        """Another lens: its code, its price and its ceiling are no longer those that stood here."""
        self.carried.clear()
        for name in _TARIFF_FIELDS:
            self.form[name].hidden = True
            self.form[name].put("")
        if key == "model":
            self.frame_carried, self.other_lines = None, ()
            self._fill_from_model()
        else:
            self._withdraw_prices()
        self._arrange()

    def _fill_from_model(self) -> None:
        model = self.model
        if model is None:
            return
        self._give("lens_type", _type_number(model))
        self._give("frame_price", _optional_amount(model.frame_price))
        for eye in EYES.values():
            self._give(f"{eye}_price", _optional_amount(model.lens_price))

    def _withdraw_prices(self) -> None:
        for eye in EYES.values():
            self._give(f"{eye}_price", "")

    def _give(self, key: str, text: str) -> None:
        """Replace what the terminal had filled in; what a person typed stays."""
        item = self.form[key]
        if item.given:
            item.put("")
        item.give(text)

    def _arrange(self) -> None:
        """Which fields there are, and which must be filled."""
        for key in (*_LENS_FIELDS, "frame_price"):
            self.form[key].hidden = self.contact_lenses
        needed = "missing_correction" if self.needs_correction() else None
        self.form["od_written"].missing = needed
        self.form["og_written"].missing = None if self.names_both_eyes() else needed
        regulated = self.model is not None and self.model.lens_class == "A"
        for eye in EYES.values():
            self.form[f"{eye}_price"].missing = None if regulated else "missing_price"


def _chosen(typed: str, options: tuple[Option, ...]) -> Option | None:
    return options[int(typed) - 1] if typed and int(typed) <= len(options) else None


def _type_number(model: Model) -> str:
    return str(LENS_TYPES.index(model.lens_type) + 1) if model.lens_type else ""


def _optional_amount(cents: int | None) -> str:
    return "" if cents is None else amount_entry(cents)


def _fields(offer: Offer) -> list[Field]:
    return [
        _choice("person", len(offer.people), "missing_person"),
        Field("birth", Kind.DAY, 8, "missing_birth", complete=lambda typed: len(typed) == 8),
        Field("amo_rate", Kind.DIGITS, 3, "missing_amo_rate"),
        Field("day", Kind.DAY, 8, "missing_prescription_date", complete=lambda typed: len(typed) == 8),
        _choice("prescriber", len(PRESCRIBERS), "missing_prescriber"),
        Field("last", Kind.DAY, 8, complete=lambda typed: len(typed) == 8, aside=True),
        _choice("ground", 0, "missing_ground", hidden=True),
        _choice("model", len(offer.models), "missing_model"),
        _choice("lens_type", len(LENS_TYPES), None),
        _written("od_written"),
        _written("og_written"),
        _amount("frame_price", "missing_price"),
        _amount("od_price"),
        _amount("og_price"),
        *(_amount(f"{place}_plv", "missing_plv", hidden=True) for place in PLACES),
        *(_amount(f"{place}_base", "missing_base", hidden=True) for place in PLACES),
        Field("plv_reason", Kind.FREE, 20, "missing_plv_reason", hidden=True, longest=MAX_REASON),
        _choice("insurer", len(offer.insurers), "missing_insurer"),
        _choice("contract", 0, "missing_contract"),
        Field("member", Kind.FREE, 15),
    ]


def _written(key: str) -> Field:
    return Field(key, Kind.WRITTEN, 24, longest=100, tidy=tidy_written)


def _amount(key: str, missing: str | None = None, *, hidden: bool = False) -> Field:
    return Field(key, Kind.AMOUNT, 8, missing, hidden=hidden, tidy=tidy_amount)


def _choice(key: str, count: int, missing: str | None, *, hidden: bool = False) -> Field:
    return Field(key, Kind.CHOICE, len(str(max(1, count))), missing, choices=count, hidden=hidden)
