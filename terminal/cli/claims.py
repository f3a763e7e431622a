"""`claim`: the same acts as the screens, for scripts and screen readers.

Rules: the JSON is strict; a person comes from the card or is typed whole; no NIR is printed without `--reveal`.
"""

import argparse
from datetime import date
from typing import Any, Literal

import msgspec

from terminal.cli.devices import people_in
from terminal.cli.input import read_json
from terminal.cli.output import Answer
from terminal.cli.session import logged_in
from terminal.domain.errors import InputInvalid
from terminal.domain.identifiers import Nir
from terminal.i18n import money_text, text
from terminal.workflow.correct import cancel_claim, draft_of, reopen_draft
from terminal.workflow.desk import Desk
from terminal.workflow.recipients import choice_of
from terminal.workflow.submit import register
from terminal.workflow.types import Draft, DraftLine, Person, Submitted


class _Strict(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Input that refuses what it does not know."""


class PersonInput(_Strict, frozen=True, kw_only=True):
    """A person typed whole."""

    surname: str
    given_name: str
    birth_date: date
    nir: str
    rank: int = 1


class LineInput(_Strict, frozen=True, kw_only=True):
    """A line: price in cents."""

    item: Literal["frame", "lens", "supplement", "contact_lenses"]
    lpp_code: str
    price: int
    eye: Literal["right", "left"] | None = None
    quantity: int = 1
    plv: int | None = None
    plv_reason: str | None = None
    base: int | None = None


class ClaimInput(_Strict, frozen=True, kw_only=True):
    """What `claim new` and `claim correct` read.

    Without `person`, the card is read and `rank` says who; without `contract`, the profile's first is taken.
    """

    insurer: str
    lines: tuple[LineInput, ...]
    person: PersonInput | None = None
    rank: int = 1
    contract: str | None = None
    member: str | None = None
    amo_rate: int = 60
    prescription_date: date | None = None
    service_date: date | None = None


class RankUnknown(InputInvalid):
    """The card has no such rank."""

    code = "rank_unknown"


def new(arguments: argparse.Namespace) -> Answer:
    """Register a claim; it is durable when this answers."""
    wanted = _parse(read_json())
    with logged_in(arguments) as desk:
        return _registered(register(desk, _draft(desk, wanted, arguments.reader)))


def correct(arguments: argparse.Namespace) -> Answer:
    """Replace a claim that has not left."""
    wanted = _parse(read_json())
    with logged_in(arguments) as desk:
        reopen_draft(desk, arguments.claim_id)
        return _registered(register(desk, _draft(desk, wanted, arguments.reader), replaces=arguments.claim_id))


def cancel(arguments: argparse.Namespace) -> Answer:
    """Void a claim that has not left."""
    with logged_in(arguments) as desk:
        cancel_claim(desk, arguments.claim_id)
    return Answer(
        {"claim_id": arguments.claim_id, "state": "cancelled"}, [text("cli.cancelled", claim=arguments.claim_id)]
    )


def show(arguments: argparse.Namespace) -> Answer:
    """A claim: state and, for whoever is logged in, its dossier."""
    with logged_in(arguments) as desk:
        row = desk.home.outbox.get(arguments.claim_id)
        draft = draft_of(desk, row.claim_id)
    shown = {
        "claim_id": row.claim_id,
        "state": row.state,
        "reason": row.reason,
        "seq": row.seq,
        "envelope": row.digest,
        "receipt": row.receipt,
        "person": _person_json(draft.person, reveal=arguments.reveal),
        "lines": [msgspec.to_builtins(line) for line in draft.lines],
    }
    return Answer(shown, [text("cli.claim_line", claim=row.claim_id, state=text(f"state.{row.state}"))])


def _person_json(person: Person, *, reveal: bool) -> dict[str, str | int]:
    nir = person.nir.digits + person.nir.key if reveal else person.nir.masked()
    return {"surname": person.surname, "given_name": person.given_name, "rank": person.rank, "nir": nir}


def _registered(done: Submitted) -> Answer:
    data = {
        "claim_id": done.claim_id,
        "number": done.number,
        "state": "queued",
        "reste_a_charge": done.reste_a_charge,
        "leaves_at": done.leaves_at.isoformat(timespec="seconds"),
    }
    return Answer(data, [text("cli.registered", number=done.number, reste=money_text(done.reste_a_charge))])


def _parse(data: Any) -> ClaimInput:
    try:
        return msgspec.convert(data, type=ClaimInput)
    except msgspec.ValidationError as error:
        raise InputInvalid(key=_place(error), reason="wrong_type") from None


def _place(error: msgspec.ValidationError) -> str:
    """Where the input is wrong, without what it said: the value may be personal."""
    said = str(error)
    where = said.rpartition(" - at ")[2] if " - at " in said else said
    return where.split("`")[1] if "`" in where else "$"


def _draft(desk: Desk, wanted: ClaimInput, reader: str | None) -> Draft:
    person = _typed(wanted.person) if wanted.person else _from_card(reader, wanted.rank)
    record = desk.home.insurers.get(wanted.insurer)
    return Draft(
        person=person,
        prescription_date=wanted.prescription_date,
        amo_rate=wanted.amo_rate,
        lines=tuple(
            DraftLine(
                line.item, line.eye, line.lpp_code, line.price, line.quantity, line.plv, line.plv_reason, line.base
            )
            for line in wanted.lines
        ),
        insurer=wanted.insurer,
        contract_id=wanted.contract or choice_of(record).contracts[0].id,
        member=wanted.member,
        service_date=wanted.service_date,
    )


def _typed(person: PersonInput) -> Person:
    return Person(
        surname=person.surname,
        given_name=person.given_name,
        birth_date=person.birth_date,
        birth_date_raw=person.birth_date.strftime("%Y%m%d"),
        nir=Nir.parse(person.nir),
        rank=person.rank,
        source="typed",
    )


def _from_card(reader: str | None, rank: int) -> Person:
    people = people_in(reader)
    if not 1 <= rank <= len(people):
        raise RankUnknown(rank=rank, people=len(people))
    return people[rank - 1]
