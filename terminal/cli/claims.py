"""`claim`: the same acts as the screens, for scripts and screen readers.

Rules: the JSON is strict; a person comes from the card or is typed whole; no NIR is printed without `--reveal`. An
earlier delivery to the same person is told and stops nothing: here nobody can be asked.
"""

import argparse
from collections.abc import Iterable
from typing import Any

from terminal.cli.devices import people_in
from terminal.cli.input import read_json
from terminal.cli.output import DONE, REFUSED, Answer
from terminal.cli.session import logged_in
from terminal.cli.tariffs import explanation_lines, quote_lines
from terminal.domain.errors import InputInvalid
from terminal.domain.identifiers import Nir
from terminal.i18n import money_text, text
from terminal.vault import Dossier
from terminal.workflow.correct import cancel_claim, dossier_of, draft_in, release_claim, reopen_draft, reveal_nir
from terminal.workflow.desk import Desk
from terminal.workflow.lines import draft_lines
from terminal.workflow.quote import quote_to_json
from terminal.workflow.recipients import first_contract
from terminal.workflow.reprice import Repriced, reprice_dossier
from terminal.workflow.shapes import ClaimShape, PersonShape, RenewalShape, shaped
from terminal.workflow.submit import register
from terminal.workflow.types import Delivered, Draft, Person, Submitted


class RankUnknown(InputInvalid):
    """The card has no such rank."""

    code = "rank_unknown"


def new(arguments: argparse.Namespace) -> Answer:
    """Register a claim; it is durable when this answers."""
    wanted = shaped(read_json(), ClaimShape)
    with logged_in(arguments) as desk:
        return _registered(register(desk, _draft(desk, wanted, arguments.reader)))


def correct(arguments: argparse.Namespace) -> Answer:
    """Replace a claim that has not left."""
    wanted = shaped(read_json(), ClaimShape)
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


def release(arguments: argparse.Namespace) -> Answer:
    """Queue a recovered claim as it was sealed."""
    with logged_in(arguments) as desk:
        release_claim(desk, arguments.claim_id)
    return Answer({"claim_id": arguments.claim_id, "state": "queued"}, [text("cli.released", claim=arguments.claim_id)])


def show(arguments: argparse.Namespace) -> Answer:
    """A claim: state and dossier; with `--reprice` its amounts again, by its own tables (status 1: others)."""
    with logged_in(arguments) as desk:
        row = desk.home.outbox.get(arguments.claim_id)
        refusal = desk.home.outbox.refusals().get(row.claim_id)
        dossier = dossier_of(desk, row.claim_id)
        draft = draft_in(desk, dossier)
        nir = reveal_nir(desk, row.claim_id, draft.person) if arguments.reveal else draft.person.nir.masked()
        again = reprice_dossier(dossier, desk.home.path) if arguments.reprice else None
    shown = {
        "claim_id": row.claim_id,
        "state": row.state,
        "reason": row.reason,
        "seq": row.seq,
        "envelope": row.digest,
        "receipt": row.receipt,
        "refusal": refusal,
        "person": _person_json(draft.person, nir),
        **_recorded_json(dossier),
        **({} if again is None else {"repriced": {"same": again.same, **quote_to_json(again.quote)}}),
    }
    lines = [text("cli.claim_line", claim=row.claim_id, state=text(f"state.{row.state}"))]
    return Answer(shown, lines + _repriced_lines(again), DONE if again is None or again.same else REFUSED)


def _person_json(person: Person, nir: str) -> dict[str, str | int]:
    return {"surname": person.surname, "given_name": person.given_name, "rank": person.rank, "nir": nir}


def _recorded_json(dossier: Dossier) -> dict[str, Any]:
    """The lines with the amounts that were claimed, their totals, and the digests of the tables that gave them."""
    return {
        "service_date": dossier.service_date.isoformat(),
        "lines": [
            {
                "item": line.item,
                "eye": line.eye,
                "lpp_code": line.lpp_code,
                "quantity": line.quantity,
                "price": line.price,
                "amo": line.amo,
                "amc": line.amc,
                "reste_a_charge": line.price - line.amo - line.amc,
                "plv": line.plv,
                "base": line.base,
                "plv_reason": line.plv_reason,
            }
            for line in dossier.lines
        ],
        "total": {
            "price": dossier.price,
            "amo": dossier.amo,
            "amc": dossier.amc,
            "reste_a_charge": dossier.reste_a_charge,
        },
        "tables": {"catalogue": dossier.catalogue, "profile": dossier.profile},
    }


def _repriced_lines(again: Repriced | None) -> list[str]:
    if again is None:
        return []
    verdict = text("cli.repriced_same" if again.same else "cli.repriced_other")
    return [*quote_lines(again.quote), *explanation_lines(again.quote), verdict]


def _registered(done: Submitted) -> Answer:
    data = {
        "claim_id": done.claim_id,
        "number": done.number,
        "state": "queued",
        "reste_a_charge": done.reste_a_charge,
        "leaves_at": done.leaves_at.isoformat(timespec="seconds"),
        "earlier": [{"day": one.day.isoformat(), "number": one.number} for one in done.earlier],
    }
    said = text("cli.registered", number=done.number, reste=money_text(done.reste_a_charge))
    return Answer(data, [said, *_earlier_lines(done.earlier)])


def _earlier_lines(earlier: Iterable[Delivered]) -> list[str]:
    unknown = text("cli.unknown")
    return [text("cli.warning.possible_duplicate", day=one.day, number=one.number or unknown) for one in earlier]


def _draft(desk: Desk, wanted: ClaimShape, reader: str | None) -> Draft:
    person = _typed(wanted.person) if wanted.person else _from_card(reader, wanted.rank)
    record = desk.home.insurers.get(wanted.insurer)
    renewal = wanted.renewal or RenewalShape()
    return Draft(
        person=person,
        prescription_date=wanted.prescription_date,
        amo_rate=wanted.amo_rate,
        lines=draft_lines(wanted.lines),
        insurer=wanted.insurer,
        contract_id=wanted.contract or first_contract(record, desk.today()),
        member=wanted.member,
        service_date=wanted.service_date,
        prescriber=wanted.prescriber,
        last_glasses=renewal.last,
        last_contact_lenses=dict(renewal.contact_lenses),
        ground=renewal.ground,
    )


def _typed(person: PersonShape) -> Person:
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
