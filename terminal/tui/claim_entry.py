"""From the fields of a claim to a draft.

Rules: `read_entry` parses every field once and names the first one that is wrong; `complete` chooses the LPP codes
with the counter's catalogue (it may block: call it from a worker) and lets the corrections go: a draft has none.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from terminal.domain.errors import DomainError, TariffUnknown
from terminal.domain.lpp import LensType
from terminal.domain.notation import WrittenEye
from terminal.domain.prescription import Correction
from terminal.tui.claim_form import EYES, ClaimForm
from terminal.tui.entry import EntryError, parse_amount, parse_birth_day, parse_day, parse_dioptre
from terminal.workflow.types import CounterPort, Draft, DraftLine, Eye, Item, Model, Person

Value = TypeVar("Value")


class EntryProblem(Exception):
    """The first field that is empty or wrong, and the code of what is wrong with it."""

    def __init__(self, field_key: str, code: str, facts: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.field_key = field_key
        self.code = code
        self.facts = dict(facts or {})


@dataclass(frozen=True, slots=True)
class EyeEntry:
    """What was typed for one eye. `price` None is the regulated price; 0 is nothing for this eye."""

    correction: Correction | None = field(repr=False)
    price: int | None
    plv: int | None
    carried: str | None


@dataclass(frozen=True, slots=True)
class ClaimEntry:
    """Every field of a claim as a value; its corrections are dropped by `complete`."""

    person: Person
    prescription_date: date
    amo_rate: int
    model: Model
    frame_code: str | None
    lens_type: LensType | None
    frame_price: int
    eyes: Mapping[Eye, EyeEntry]
    plv_reason: str | None
    insurer: str
    contract_id: str
    member: str | None = field(repr=False)


@dataclass(frozen=True, slots=True)
class Completed:
    """A draft, and the regulated price of each lens that was chosen by its correction."""

    draft: Draft
    plvs: Mapping[Eye, int | None]


def read_entry(claim: ClaimForm) -> ClaimEntry:
    """The claim as values; EntryProblem at the first field that is missing or wrong."""
    form = claim.form
    if (empty := form.missing()) is not None:
        raise EntryProblem(empty.key, empty.missing or "")
    person, model, insurer = claim.person, claim.model, claim.insurer
    if person is None or model is None or insurer is None:
        raise EntryProblem("insurer", "missing_insurer")
    if not insurer.contracts:
        raise EntryProblem("insurer", *(insurer.refused or ("missing_contract", {})))
    if person.birth_date is None:
        person = replace(person, birth_date=_parsed(claim, "birth", lambda typed: parse_birth_day(typed, claim.today)))
    lens_type = form.value("lens_type")
    return ClaimEntry(
        person=person,
        prescription_date=_parsed(claim, "day", lambda typed: parse_day(typed, claim.today)),
        amo_rate=_parsed(claim, "amo_rate", int),
        model=model,
        frame_code=claim.frame_carried or model.frame_code,
        lens_type=_lens_type(lens_type),
        frame_price=_amount(claim, "frame_price") or 0,
        eyes={eye: _eye_entry(claim, eye) for eye in EYES},
        plv_reason=form.value("plv_reason").strip() or None,
        insurer=insurer.amc,
        contract_id=insurer.contracts[int(form["contract"].text) - 1].id,
        member=form.value("member").strip() or None,
    )


def complete(entry: ClaimEntry, counter: CounterPort) -> Completed:
    """Choose the codes and drop the corrections; DomainError when a code or its price is unknown."""
    frame = _frame_line(entry)
    plvs: dict[Eye, int | None] = {}
    lines = [frame] if frame else []
    for eye, typed in entry.eyes.items():
        code, plv = _lens(entry, typed, counter)
        plvs[eye] = plv
        price = typed.price if typed.price is not None else _regulated(entry, typed, code, plv)
        if price:
            lines.append(_lens_line(entry, eye, code, price, typed.plv))
    if not lines:
        raise EntryProblem("od_price", "missing_lines")
    return Completed(
        Draft(
            entry.person,
            entry.prescription_date,
            entry.amo_rate,
            tuple(lines),
            entry.insurer,
            entry.contract_id,
            entry.member,
        ),
        plvs,
    )


def _lens(entry: ClaimEntry, typed: EyeEntry, counter: CounterPort) -> tuple[str, int | None]:
    """The code of a lens and its known ceiling."""
    if typed.carried is not None:
        return typed.carried, None
    if typed.correction is not None and entry.lens_type and entry.model.lens_class:
        item = counter.lens_choice(entry.lens_type, entry.model.lens_class, WrittenEye(typed.correction)).item
        return str(item.code), item.plv
    return entry.model.lens_code or "", entry.model.lens_price


def _regulated(entry: ClaimEntry, typed: EyeEntry, code: str, plv: int | None) -> int:
    known = typed.plv if typed.plv is not None else plv
    if known is None or entry.model.lens_class != "A":
        raise TariffUnknown("no price typed and none known", lpp_code=code, needs="plv")
    return known


def _frame_line(entry: ClaimEntry) -> DraftLine | None:
    if entry.frame_code is None or not entry.frame_price:
        return None
    return DraftLine("frame", None, entry.frame_code, entry.frame_price)


def _lens_line(entry: ClaimEntry, eye: Eye, code: str, price: int, plv: int | None) -> DraftLine:
    item: Item = "contact_lenses" if entry.model.item_class == "contact_lenses" else "lens"
    return DraftLine(item, eye, code, price, plv=plv, plv_reason=entry.plv_reason if plv is not None else None)


def _eye_entry(claim: ClaimForm, eye: Eye) -> EyeEntry:
    name = EYES[eye]
    return EyeEntry(
        correction=_correction(claim, name),
        price=_amount(claim, f"{name}_price"),
        plv=_amount(claim, f"{name}_plv"),
        carried=claim.carried.get(eye),
    )


def _correction(claim: ClaimForm, name: str) -> Correction | None:
    if not claim.form.value(f"{name}_sphere"):
        return None
    sphere = _parsed(claim, f"{name}_sphere", parse_dioptre)
    cylinder = claim.form.value(f"{name}_cylinder") and _parsed(claim, f"{name}_cylinder", parse_dioptre)
    try:
        return Correction(sphere, cylinder or 0)
    except DomainError as error:
        raise EntryProblem(f"{name}_sphere", error.code, error.facts) from None


def _amount(claim: ClaimForm, key: str) -> int | None:
    return _parsed(claim, key, parse_amount) if claim.form.value(key) else None


def _lens_type(typed: str) -> LensType | None:
    kinds: tuple[LensType, ...] = ("unifocal", "multifocal", "progressive")
    return kinds[int(typed) - 1] if typed else None


def _parsed(claim: ClaimForm, key: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(claim.form.value(key))
    except EntryError as error:
        raise EntryProblem(key, error.code, error.facts) from None
