"""The four numbered sections of a claim, as rows.

Rules: pure; what was typed is echoed in full beside it (a date with its year, a choice with its name); a NIR is
always masked; a row that is seldom needed (the ground of an early renewal, a tariff to type) is there only then.
"""

from datetime import date

from terminal.domain.errors import DomainError
from terminal.domain.prescription import Device, valid_until
from terminal.i18n import date_text, text
from terminal.tui.claim_form import PRESCRIBERS, ClaimForm
from terminal.tui.entry import EntryError, parse_birth_day, parse_day
from terminal.tui.form_rows import Cell, FormRow, Gap, Heading, Remark, Row
from terminal.tui.spans import Role
from terminal.tui.state import CounterState
from terminal.workflow.types import Person

_TYPE_KEYS = ("lens_type.unifocal", "lens_type.multifocal", "lens_type.progressive")
_PRESCRIBER_KEYS = ("prescriber.physician", "prescriber.orthoptist")
_TARIFF_LABELS = (("plv", "claim.plv"), ("base", "claim.base"))
_PLACE_NAMES = (("frame", ""), ("od", "OD"), ("og", "OG"))


def claim_rows(claim: ClaimForm, state: CounterState) -> list[FormRow]:
    """All the rows of the form."""
    return [*_people(claim, state), Gap(), *_prescription(claim), Gap(), *_equipment(claim), Gap(), *_insurance(claim)]


def _people(claim: ClaimForm, state: CounterState) -> list[FormRow]:
    shown = claim.person or claim.offer.people[0]
    rows: list[FormRow] = [
        Heading(1, text("claim.section_person")),
        Remark(f"{state.shown_name(full_name(shown))}   {shown.nir.masked()}", Role.STRONG),
    ]
    if not claim.form["person"].hidden:
        names = [_choice_name(person, state) for person in claim.offer.people]
        rows.append(Row(text("claim.person"), (Cell("person"),), options(names)))
    if not claim.form["birth"].hidden:
        rows.append(Row(text("claim.birth"), (Cell("birth"),), *_birth_hint(claim, shown)))
    rows.append(Row(text("claim.amo_rate"), (Cell("amo_rate"),), (text("claim.amo_rate_hint"), "%")))
    return rows


def full_name(person: Person) -> str:
    """Surname, then given name."""
    return f"{person.surname} {person.given_name}".strip()


def _choice_name(person: Person, state: CounterState) -> str:
    year = f" ({person.birth_date.year})" if person.birth_date else ""
    return state.shown_name(person.given_name or person.surname) + year


def _birth_hint(claim: ClaimForm, person: Person) -> tuple[tuple[str, ...], Role]:
    typed = claim.form["birth"].text
    if typed:
        try:
            return (date_text(parse_birth_day(typed, claim.today)),), Role.TEXT
        except EntryError:
            return (text("claim.day_forms_birth"),), Role.WARN
    raw = person.birth_date_raw
    on_card = f"{raw[6:8]}/{raw[4:6]}/{raw[:4]}"
    return (text("claim.birth_hint", raw=on_card), text("claim.day_forms_birth")), Role.WARN


def _prescription(claim: ClaimForm) -> list[FormRow]:
    rows: list[FormRow] = [
        Heading(2, text("claim.section_prescription")),
        Row(text("claim.day"), (Cell("day"),), *_day_hint(claim)),
        Row(text("claim.prescriber"), (Cell("prescriber"),), options([text(key) for key in _PRESCRIBER_KEYS])),
        Row(text("claim.last"), (Cell("last"),), *_last_hint(claim)),
    ]
    if not claim.form["ground"].hidden:
        grounds = [text(f"ground.{ground}") for ground in claim.grounds]
        rows.append(Row(text("claim.ground"), (Cell("ground"),), options(grounds)))
    return rows


def _last_hint(claim: ClaimForm) -> tuple[tuple[str, ...], Role]:
    typed = claim.form["last"].text
    try:
        last = date_text(parse_day(typed, claim.today)) if typed else ""
    except EntryError:
        return (text("claim.day_forms"), text("claim.day_forms_short")), Role.WARN
    if not last:
        return (text("claim.last_hint"), text("claim.last_hint_short")), Role.MUTED
    if claim.form["ground"].hidden:
        return (last,), Role.TEXT
    return (text("claim.last_early", day=last), text("claim.last_early_short", day=last)), Role.WARN


def _day_hint(claim: ClaimForm) -> tuple[tuple[str, ...], Role]:
    typed = claim.form["day"].text
    if len(typed) < 4:
        return (text("claim.day_forms"), text("claim.day_forms_short")), Role.MUTED
    try:
        day = parse_day(typed, claim.today)
    except EntryError:
        return (text("claim.day_forms"), text("claim.day_forms_short")), Role.WARN
    return _validity(claim, day)


def _validity(claim: ClaimForm, day: date) -> tuple[tuple[str, ...], Role]:
    until = _valid_until(claim, day)
    if until is None:
        return (date_text(day),), Role.TEXT
    key, role = ("claim.day_valid", Role.TEXT) if until >= claim.today else ("claim.day_expired", Role.WARN)
    short = "claim.day_valid_short" if until >= claim.today else "claim.day_expired_short"
    return (text(key, day=day, until=until), text(short, day=day)), role


def _valid_until(claim: ClaimForm, day: date) -> date | None:
    birth, prescriber = claim.person.birth_date if claim.person else None, claim.form["prescriber"].text
    if birth is None or not prescriber:
        return None
    device: Device = "contact_lenses" if claim.contact_lenses else "glasses"
    try:
        return valid_until(day, birth, prescriber=PRESCRIBERS[int(prescriber) - 1], device=device)
    except DomainError:
        return None


def _equipment(claim: ClaimForm) -> list[FormRow]:
    kept = (text("claim.code_kept"),) if claim.carried else ()
    rows: list[FormRow] = [
        Heading(3, text("claim.section_equipment")),
        Row(text("claim.model"), (Cell("model"),), options([model.label for model in claim.offer.models])),
        Row(text("claim.lens_type"), (Cell("lens_type"),), options([text(key) for key in _TYPE_KEYS])),
        Row(text("claim.right_eye"), (Cell("od_written"),), kept or _written_hint(claim), Role.MUTED),
        Row(text("claim.left_eye"), (Cell("og_written"),), kept, Role.MUTED),
        _prices(claim),
    ]
    if claim.other_lines:
        price = sum(line.price for line in claim.other_lines)
        rows.append(Remark(text("claim.other_lines", count=len(claim.other_lines), price=price)))
    for kind, label in _TARIFF_LABELS:
        cells = tuple(Cell(f"{place}_{kind}", name) for place, name in _PLACE_NAMES)
        if not all(claim.form[cell.key].hidden for cell in cells):
            rows.append(Row(text(label), cells))
    if not claim.form["plv_reason"].hidden:
        rows.append(Row(text("claim.plv_reason"), (Cell("plv_reason"),), (text("claim.plv_reason_hint"),), Role.MUTED))
    return rows


def _written_hint(claim: ClaimForm) -> tuple[str, ...]:
    empty = not claim.form["od_written"].text
    return (text("claim.written_hint"), text("claim.written_hint_short")) if empty else ()


def _prices(claim: ClaimForm) -> Row:
    lenses = (Cell("od_price", "OD"), Cell("og_price", "OG"))
    if claim.contact_lenses:
        return Row(text("claim.contact_lenses"), lenses)
    return Row(text("claim.frame"), (Cell("frame_price"), *lenses))


def _insurance(claim: ClaimForm) -> list[FormRow]:
    insurer = claim.insurer
    contracts = [choice.label for choice in insurer.contracts] if insurer else []
    return [
        Heading(4, text("claim.section_insurance")),
        Row(text("claim.insurer"), (Cell("insurer"),), options([choice.name for choice in claim.offer.insurers])),
        Row(text("claim.contract"), (Cell("contract"),), options(contracts)),
        Row(text("claim.member"), (Cell("member"),), (text("claim.member_hint"), text("claim.member_hint_short"))),
    ]


def options(labels: list[str]) -> tuple[str, ...]:
    """Numbered labels, from the widest way of writing them to the tightest."""
    numbered = [f"{number} {label}" for number, label in enumerate(labels, start=1)]
    short = [f"{number} {label[:6].rstrip()}" for number, label in enumerate(labels, start=1)]
    return "  ".join(numbered), " ".join(numbered), " ".join(short)
