"""Who is served when there is no card: the NIR twice, the second time blind, then name and birth date.

Rules: pure; the key of the NIR is checked as soon as it is whole; the two entries must be the same; the person is
marked "typed", for a typed number is less sure than a card. The day alone is a birth date where the NIR has month and
year beyond doubt; what is meant is shown in full before it counts.
"""

from datetime import date

from terminal.domain.age import birth_month
from terminal.domain.errors import DomainError
from terminal.domain.identifiers import Nir
from terminal.i18n import date_text, text
from terminal.tui.claim_entry import EntryProblem
from terminal.tui.entry import BirthDayInvalid, EntryError, check_same_nir, parse_birth_day
from terminal.tui.form_field import NIR_LENGTH, Field, Kind
from terminal.tui.form_model import Form
from terminal.tui.form_rows import Cell, FormRow, Gap, Heading, Remark, Row
from terminal.tui.spans import Role
from terminal.workflow.types import Person

LONGEST_DAY = 2
"""Figures of a day alone."""


def identify_form() -> Form:
    """The five fields, empty."""
    return Form(
        [
            Field("nir", Kind.NIR, NIR_LENGTH, "missing_nir", complete=_is_nir),
            Field("nir_again", Kind.NIR, NIR_LENGTH, "missing_nir_again", blind=True, complete=_is_nir),
            Field("surname", Kind.NAME, 27, "missing_name"),
            Field("given_name", Kind.NAME, 27, "missing_name"),
            Field("birth", Kind.DAY, 8, "missing_birth"),
        ]
    )


def identify_rows(form: Form, today: date | None = None) -> list[FormRow]:
    """The rows; the first NIR is hidden while the second is typed. `today`: None before it is known."""
    form["nir"].blind = form.active != "nir"
    return [
        Heading(1, text("identify.title")),
        Row(text("identify.nir"), (Cell("nir"),), *_nir_hint(form["nir"].text)),
        Row(text("identify.nir_again"), (Cell("nir_again"),), (text("identify.blind"),), Role.MUTED),
        Gap(),
        Row(text("identify.surname"), (Cell("surname"),)),
        Row(text("identify.given_name"), (Cell("given_name"),)),
        Row(text("claim.birth"), (Cell("birth"),), *_birth_hint(form, today)),
        Gap(),
        Remark(text("identify.marked"), Role.MUTED),
    ]


def read_person(form: Form, today: date) -> Person:
    """The person; EntryProblem at the first field that is missing or wrong."""
    if (empty := form.missing()) is not None:
        raise EntryProblem(empty.key, empty.missing or "")
    nir = _read_nir(form)
    try:
        birth_date = _birth_date(form["birth"].text, nir, today)
    except EntryError as error:
        raise EntryProblem("birth", error.code) from None
    surname, given_name = form["surname"].text.strip(), form["given_name"].text.strip()
    return Person(surname, given_name, birth_date, birth_date.strftime("%Y%m%d"), nir, 1, "typed")


def _read_nir(form: Form) -> Nir:
    try:
        nir = Nir.parse(form["nir"].text)
    except DomainError as error:
        raise EntryProblem("nir", error.code, error.facts) from None
    try:
        check_same_nir(form["nir"].text, form["nir_again"].text)
    except EntryError as error:
        raise EntryProblem("nir_again", error.code, error.facts) from None
    return nir


def _birth_date(typed: str, nir: Nir, today: date) -> date:
    """The whole date, or the day that completes the month of the NIR; BirthDayInvalid."""
    if len(typed) > LONGEST_DAY:
        return parse_birth_day(typed, today)
    known = birth_month(nir, today)
    if known is None:
        raise BirthDayInvalid
    return parse_birth_day(f"{typed:0>2}{known[1]:02}{known[0]}", today)


def _birth_hint(form: Form, today: date | None) -> tuple[tuple[str, ...], Role]:
    typed = form["birth"].text
    if today is None or not _is_nir(form["nir"].text):
        return (text("claim.day_forms_birth"),), Role.MUTED
    nir = Nir.parse(form["nir"].text)
    known = birth_month(nir, today)
    if typed and (known is not None or len(typed) > LONGEST_DAY):
        try:
            return (date_text(_birth_date(typed, nir, today)),), Role.TEXT
        except EntryError:
            return (text("claim.day_forms_birth"),), Role.WARN
    if known is None:
        return (text("claim.day_forms_birth"),), Role.MUTED
    day_alone = text("identify.day_alone", month=f"{known[1]:02}/{known[0]}")
    return (day_alone, text("claim.day_forms_birth")), Role.MUTED


def _nir_hint(typed: str) -> tuple[tuple[str, ...], Role]:
    if len(typed) < NIR_LENGTH:
        return (text("identify.nir_hint", count=len(typed)),), Role.MUTED
    return ((text("identify.key_right"),), Role.GOOD) if _is_nir(typed) else ((text("identify.key_wrong"),), Role.WARN)


def _is_nir(typed: str) -> bool:
    try:
        Nir.parse(typed)
    except DomainError:
        return False
    return True
