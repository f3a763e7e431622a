"""From the fields of a claim to a draft.

Rules: `read_entry` parses every field once and names the first one that is wrong; `complete` chooses the LPP codes
with the counter's catalogue (it may block: call it from a worker) and lets the corrections go: a draft has none. What
is wrong with a line is named by its place in the form.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import TypeVar

from terminal.domain.agreement import Agreement
from terminal.domain.choice import LensChoice
from terminal.domain.errors import DomainError, TariffUnknown
from terminal.domain.lpp import LensType
from terminal.domain.notation import WrittenEye
from terminal.domain.prescription import Prescriber
from terminal.domain.renewal import Ground
from terminal.tui.claim_form import EYES, OTHER, PLACES, PRESCRIBERS, ClaimForm
from terminal.tui.entry import EntryError, parse_amount, parse_birth_day, parse_day, parse_written
from terminal.workflow.types import CounterPort, Draft, DraftLine, DuplicateReason, Eye, Item, Model, Person, Submitted

Value = TypeVar("Value")


class EntryProblem(Exception):
    """The first field that is empty or wrong, and the code of what is wrong with it."""

    def __init__(self, field_key: str, code: str, facts: Mapping[str, str | int] | None = None) -> None:
        super().__init__(code)
        self.field_key = field_key
        self.code = code
        self.facts = dict(facts or {})


class PossibleDuplicate(DomainError):
    """This shop delivered the same kind to this person lately; a person must say that it is meant."""

    code = "possible_duplicate"


@dataclass(frozen=True, slots=True)
class EyeEntry:
    """What was typed for one eye. `price` None is the regulated price; 0 is nothing for this eye."""

    written: WrittenEye | None = field(repr=False)
    price: int | None
    carried: str | None


@dataclass(frozen=True, slots=True)
class Typed:
    """The tariff of one line that the shop typed, in cents for one unit."""

    plv: int | None
    base: int | None


@dataclass(frozen=True, slots=True)
class ClaimEntry:
    """Every field of a claim as a value; its corrections are dropped by `complete`."""

    person: Person
    prescription_date: date
    prescriber: Prescriber = field(repr=False)
    last: date | None
    ground: Ground | None = field(repr=False)
    amo_rate: int
    model: Model
    frame_code: str | None
    lens_type: LensType | None
    frame_price: int
    eyes: Mapping[Eye, EyeEntry]
    tariffs: Mapping[str, Typed]
    plv_reason: str | None
    insurer: str
    contract_id: str
    member: str | None = field(repr=False)
    replaces: str | None = None
    asks_agreement: bool = False
    agreement: Agreement | None = None
    others: tuple[DraftLine, ...] = ()


@dataclass(frozen=True, slots=True)
class Completed:
    """A draft, and what the form shows of it.

    `choices`: why a lens has its code, where a correction chose it; `plvs`: its regulated price where one is known;
    `places`: where each line stands in the form.
    """

    draft: Draft
    choices: Mapping[Eye, LensChoice]
    plvs: Mapping[Eye, int | None]
    places: tuple[str, ...]

    def naming_places(self, ask: Callable[[Draft], Value]) -> Value:
        """What `ask` says of the draft; an error about a line also names its place."""
        try:
            return ask(self.draft)
        except DomainError as error:
            line = error.facts.get("line")
            if isinstance(line, int) and 1 <= line <= len(self.places):
                error.facts["place"] = self.places[line - 1]
            raise


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
    written = _written(claim)
    return ClaimEntry(
        person=person,
        prescription_date=_day(claim, "day"),
        prescriber=PRESCRIBERS[int(form.value("prescriber")) - 1],
        last=_day(claim, "last") if form.value("last") else None,
        ground=claim.grounds[int(form.value("ground")) - 1] if form.value("ground") else None,
        amo_rate=_parsed(claim, "amo_rate", int),
        model=model,
        frame_code=claim.frame_carried or model.frame_code,
        lens_type=_lens_type(form.value("lens_type")),
        frame_price=_amount(claim, "frame_price") or 0,
        eyes={
            eye: EyeEntry(written.get(eye), _amount(claim, f"{name}_price"), claim.carried.get(eye))
            for eye, name in EYES.items()
        },
        tariffs={place: Typed(_amount(claim, f"{place}_plv"), _amount(claim, f"{place}_base")) for place in PLACES},
        plv_reason=form.value("plv_reason").strip() or None,
        insurer=insurer.amc,
        contract_id=insurer.contracts[int(form["contract"].text) - 1].id,
        member=form.value("member").strip() or None,
        replaces=claim.replaces,
        asks_agreement=claim.asks_agreement,
        agreement=claim.agreement,
        others=claim.other_lines,
    )


def complete(entry: ClaimEntry, counter: CounterPort) -> Completed:
    """Choose the codes and drop the corrections; DomainError when a code or its price is unknown."""
    frame = _frame_line(entry)
    choices: dict[Eye, LensChoice] = {}
    plvs: dict[Eye, int | None] = {}
    lines = {"frame": frame} if frame else {}
    for eye, typed in entry.eyes.items():
        choice = _choice(entry, eye, counter)
        if choice is not None:
            choices[eye] = choice
        code = typed.carried or (str(choice.item.code) if choice else entry.model.lens_code or "")
        plvs[eye] = choice.item.plv if choice else None if typed.carried else entry.model.lens_price
        price = typed.price if typed.price is not None else _regulated(entry, eye, code, plvs[eye])
        if price:
            lines[EYES[eye]] = _lens_line(entry, eye, code, price)
    if not (lines or entry.others):
        raise EntryProblem("od_price", "missing_lines")
    places = (*lines, *(OTHER for _ in entry.others))
    return Completed(_draft(entry, (*lines.values(), *entry.others)), choices, plvs, places)


def submitted(entry: ClaimEntry, counter: CounterPort, *, despite: DuplicateReason | None) -> Submitted:
    """Register the claim of `entry`. PossibleDuplicate for a second equipment, unless it was said why it is none."""
    completed = complete(entry, counter)
    earlier = () if despite else completed.naming_places(lambda draft: counter.quote(draft, entry.replaces)).earlier
    if earlier:
        first = earlier[0]
        facts = {"day": first.day.isoformat(), "number": first.number or "?", "claim_id": first.claim_id}
        raise PossibleDuplicate("delivered lately", **facts)
    if despite is None:
        return completed.naming_places(lambda draft: counter.submit(draft, entry.replaces))
    return completed.naming_places(lambda draft: counter.submit(draft, entry.replaces, despite))


def _draft(entry: ClaimEntry, lines: tuple[DraftLine, ...]) -> Draft:
    contact = {line.eye: entry.last for line in lines if line.item == "contact_lenses" and line.eye and entry.last}
    return Draft(
        person=entry.person,
        prescription_date=entry.prescription_date,
        amo_rate=entry.amo_rate,
        lines=lines,
        insurer=entry.insurer,
        contract_id=entry.contract_id,
        member=entry.member,
        prescriber=entry.prescriber,
        last_glasses=None if contact else entry.last,
        last_contact_lenses={eye: day for eye, day in contact.items() if day},
        ground=entry.ground,
        model=entry.model.number,
        lens_type=entry.lens_type,
        asks_agreement=entry.asks_agreement,
        agreement=entry.agreement,
    )


def _choice(entry: ClaimEntry, eye: Eye, counter: CounterPort) -> LensChoice | None:
    """The code of a lens by its correction, where one was typed."""
    typed = entry.eyes[eye]
    if typed.carried is not None or typed.written is None or not entry.lens_type or not entry.model.lens_class:
        return None
    try:
        return counter.lens_choice(entry.lens_type, entry.model.lens_class, typed.written)
    except DomainError as error:
        error.facts["place"] = EYES[eye]
        raise


def _regulated(entry: ClaimEntry, eye: Eye, code: str, known: int | None) -> int:
    """The price that was left empty: the typed ceiling, else the known one."""
    typed = entry.tariffs[EYES[eye]].plv
    plv = typed if typed is not None else known
    if plv is None or entry.model.lens_class != "A":
        raise TariffUnknown("no price typed and none known", lpp_code=code, needs="plv", place=EYES[eye])
    return plv


def _frame_line(entry: ClaimEntry) -> DraftLine | None:
    if entry.frame_code is None or not entry.frame_price or entry.model.item_class == "contact_lenses":
        return None
    return _line(entry, "frame", DraftLine("frame", None, entry.frame_code, entry.frame_price))


def _lens_line(entry: ClaimEntry, eye: Eye, code: str, price: int) -> DraftLine:
    item: Item = "contact_lenses" if entry.model.item_class == "contact_lenses" else "lens"
    return _line(entry, EYES[eye], DraftLine(item, eye, code, price))


def _line(entry: ClaimEntry, place: str, line: DraftLine) -> DraftLine:
    """The line with the tariff that was typed for it, and where it stands."""
    typed = entry.tariffs[place]
    if typed.plv is None and typed.base is None:
        return line
    return replace(line, plv=typed.plv, base=typed.base, plv_reason=entry.plv_reason)


def _written(claim: ClaimForm) -> Mapping[Eye, WrittenEye]:
    """The corrections: each in its field, or both in the field of the right eye."""
    found: dict[Eye, WrittenEye] = {}
    for eye, name in EYES.items():
        if not claim.form.value(f"{name}_written"):
            continue
        said = _parsed(claim, f"{name}_written", lambda typed, eye=eye: parse_written(typed, eye))  # type: ignore[misc]  # a default that binds
        if found.keys() & said.keys():
            raise EntryProblem(f"{name}_written", "entry_eye_twice")
        found |= said
    return found


def _day(claim: ClaimForm, key: str) -> date:
    return _parsed(claim, key, lambda typed: parse_day(typed, claim.today))


def _amount(claim: ClaimForm, key: str) -> int | None:
    return _parsed(claim, key, parse_amount) if claim.form.value(key) else None


def _lens_type(typed: str) -> LensType | None:
    kinds: tuple[LensType, ...] = ("unifocal", "multifocal", "progressive")
    return kinds[int(typed) - 1] if typed else None


def _parsed(claim: ClaimForm, key: str, parse: Callable[[str], Value]) -> Value:
    try:
        return parse(claim.form.value(key))
    except (EntryError, DomainError) as error:
        raise EntryProblem(key, error.code, error.facts) from None
