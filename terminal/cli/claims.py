"""`claim`: the same acts as the screens, for scripts and screen readers.

Rules: the JSON is strict; a person comes from the card or is typed whole; no NIR is printed without `--reveal`. An
earlier delivery to the same person is told and stops nothing: here nobody can be asked.
"""

import argparse
from collections.abc import Iterable
from typing import Any

from terminal.cli.devices import people_in
from terminal.cli.handed import handed_draft, ranked
from terminal.cli.input import read_json
from terminal.cli.output import DONE, REFUSED, Answer
from terminal.cli.session import logged_in
from terminal.cli.tariffs import explanation_lines, quote_lines
from terminal.domain.identifiers import Nir
from terminal.i18n import money_text, reason_texts, text
from terminal.vault import Dossier
from terminal.vault.outcomes import HeardRow
from terminal.wording import act_text
from terminal.workflow.correct import cancel_claim, dossier_of, draft_in, release_claim, reopen_draft, reveal_nir
from terminal.workflow.desk import Desk
from terminal.workflow.follow_up import abandon_claim, begin_act, follow_up, heard_all, request_cancellation
from terminal.workflow.hear import take_in
from terminal.workflow.lines import draft_lines
from terminal.workflow.quote import quote_to_json
from terminal.workflow.recipients import first_contract
from terminal.workflow.reprice import Repriced, reprice_dossier
from terminal.workflow.shapes import ClaimShape, PersonShape, RenewalShape, shaped
from terminal.workflow.submit import register
from terminal.workflow.types import Delivered, Draft, FollowUp, Person, Submitted


def new(arguments: argparse.Namespace) -> Answer:
    """Register a claim, written whole or from a quote that was handed over; it is durable when this answers."""
    if arguments.quote is not None:
        with logged_in(arguments) as desk:
            return _registered(register(desk, handed_draft(desk, arguments)))
    wanted = shaped(read_json(), ClaimShape)
    with logged_in(arguments) as desk:
        return _registered(register(desk, _draft(desk, wanted, arguments.reader)))


def correct(arguments: argparse.Namespace) -> Answer:
    """Replace a claim that has not left, or that was turned down."""
    wanted = shaped(read_json(), ClaimShape)
    with logged_in(arguments) as desk:
        take_in(desk)
        reopen_draft(desk, arguments.claim_id)
        return _registered(register(desk, _draft(desk, wanted, arguments.reader), replaces=arguments.claim_id))


def cancel(arguments: argparse.Namespace) -> Answer:
    """Void a claim that has not left; ask the insurer to cancel one that it has."""
    with logged_in(arguments) as desk:
        take_in(desk)
        if desk.home.outbox.get(arguments.claim_id).dispatch is not None:
            return _asked(arguments.claim_id, request_cancellation(desk, arguments.claim_id))
        cancel_claim(desk, arguments.claim_id)
    return Answer(
        {"claim_id": arguments.claim_id, "state": "cancelled"}, [text("cli.cancelled", claim=arguments.claim_id)]
    )


def _asked(claim_id: str, message_id: str) -> Answer:
    told = {"claim_id": claim_id, "state": "cancellation_requested", "message_id": message_id}
    return Answer(told, [text("cli.cancellation_asked", claim=claim_id)])


def deliver(arguments: argparse.Namespace) -> Answer:
    """Claim what an agreement was given for, as it was asked for, delivered today."""
    with logged_in(arguments) as desk:
        draft, replaces = begin_act(desk, arguments.claim_id, "deliver")
        return _registered(register(desk, draft, replaces))


def abandon(arguments: argparse.Namespace) -> Answer:
    """Put a refusal aside, or an agreement that is not needed."""
    with logged_in(arguments) as desk:
        take_in(desk)
        abandon_claim(desk, arguments.claim_id)
        state = desk.home.outbox.get(arguments.claim_id).state
    return Answer({"claim_id": arguments.claim_id, "state": state}, [text("cli.abandoned", claim=arguments.claim_id)])


def news(arguments: argparse.Namespace) -> Answer:
    """Everything that insurers said of claims, with what came of it."""
    with logged_in(arguments) as desk:
        found = heard_all(desk)
    told = [
        {
            "insurer": row.insurer,
            "seq": row.seq,
            "claim_id": row.claim_id,
            "kind": row.kind,
            "state": row.state,
            "finding": row.finding,
        }
        for row in found
    ]
    return Answer({"heard": told}, [_heard_line(row) for row in found])


def _heard_line(row: HeardRow) -> str:
    state = text(f"state.{row.state}") if row.state else ""
    finding = text(f"cli.finding.{row.finding}")
    return text("cli.heard_line", insurer=row.insurer, seq=row.seq, claim=row.claim_id, state=state, finding=finding)


def release(arguments: argparse.Namespace) -> Answer:
    """Queue a recovered claim as it was sealed."""
    with logged_in(arguments) as desk:
        release_claim(desk, arguments.claim_id)
    return Answer({"claim_id": arguments.claim_id, "state": "queued"}, [text("cli.released", claim=arguments.claim_id)])


def show(arguments: argparse.Namespace) -> Answer:
    """A claim: state and dossier; with `--reprice` its amounts again, by its own tables (status 1: others)."""
    with logged_in(arguments) as desk:
        followed = follow_up(desk, arguments.claim_id)
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
        **_followed_json(followed),
        **({} if again is None else {"repriced": {"same": again.same, **quote_to_json(again.quote)}}),
    }
    lines = [text("cli.claim_line", claim=row.claim_id, state=text(f"state.{row.state}"))]
    lines += [*_followed_lines(followed), *_repriced_lines(again)]
    return Answer(shown, lines, DONE if again is None or again.same else REFUSED)


def _followed_json(followed: FollowUp) -> dict[str, Any]:
    """What the insurer decided and paid, and what can be done about it."""
    item = followed.item
    return {
        "kind": item.kind,
        "decided_on": followed.decided_on.isoformat() if followed.decided_on else None,
        "reasons": list(followed.reasons),
        "decided": [{"agreed": line.agreed, "reasons": list(line.reasons)} for line in followed.lines],
        "agreed": item.agreed,
        "agreement": followed.number,
        "valid_until": item.until.isoformat() if item.until else None,
        "payments": [
            {"day": one.day.isoformat(), "reference": one.reference, "amount": one.amount} for one in followed.paid
        ],
        "acts": list(followed.acts),
        "odd": list(followed.odd),
    }


def _followed_lines(followed: FollowUp) -> list[str]:
    lines = [text("cli.follow_reason", **_reason(code)) for code in followed.reasons]
    for number, line in enumerate(followed.lines, start=1):
        if line.agreed is not None:
            amounts = {"asked": money_text(line.asked), "agreed": money_text(line.agreed)}
            reasons = " ".join(reason_texts(code)[0] for code in line.reasons)
            lines.append(text("cli.follow_line", line=number, code=line.lpp_code, **amounts, reasons=reasons).rstrip())
    if followed.number:
        lines.append(text("cli.follow_agreement", number=followed.number, until=followed.item.until))
    lines += [text("cli.follow_paid", day=one.day, amount=one.amount, reference=one.reference) for one in followed.paid]
    return lines + [text("cli.follow_act", act=act_text(act, followed.item.kind)) for act in followed.acts]


def _reason(code: str) -> dict[str, str]:
    what, todo = reason_texts(code)
    return {"what": what, "todo": todo}


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
        "kind": done.kind,
        "reste_a_charge": done.reste_a_charge,
        "leaves_at": done.leaves_at.isoformat(timespec="seconds"),
        "earlier": [{"day": one.day.isoformat(), "number": one.number} for one in done.earlier],
    }
    asked = done.kind == "preauthorisation"
    said = text("cli.registered", number=done.number, reste=money_text(done.reste_a_charge))
    said = text("cli.agreement_asked", number=done.number) if asked else said
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
        asks_agreement=wanted.kind == "preauthorisation",
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
    return ranked(people_in(reader), rank)
