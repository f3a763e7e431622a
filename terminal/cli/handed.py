"""`claim new --from FILE`: a quote that shop software handed over, and the person on the card.

Rules: the quote names nobody; on a card of several people `--rank` says who, for nobody is guessed. The insurer is the
quote's, else the one that is named, else the only one.
"""

import argparse
from datetime import date

from terminal.cli.devices import people_in
from terminal.cli.input import read_handed
from terminal.domain.errors import InputInvalid
from terminal.workflow.desk import Desk
from terminal.workflow.handed import HandedQuote
from terminal.workflow.handover import read_file
from terminal.workflow.lines import draft_lines
from terminal.workflow.recipients import first_contract
from terminal.workflow.types import Draft, Eye, Person


class RankUnknown(InputInvalid):
    """The card has no such rank."""

    code = "rank_unknown"


class RankMissing(InputInvalid):
    """The card has several people, and nobody said who is served."""

    code = "rank_missing"


class InsurerMissing(InputInvalid):
    """The terminal has several insurers (or none), and neither the quote nor the command names one."""

    code = "insurer_missing"


def handed_draft(desk: Desk, arguments: argparse.Namespace) -> Draft:
    """The draft of the file `--from`, for the person on the card. What `read_file` raises, and the card's errors."""
    quote = read_file(read_handed(arguments.quote), desk.catalogue)
    insurer = quote.insurer or arguments.insurer or _only_insurer(desk)
    record = desk.home.insurers.get(insurer)
    contact = _last_contact_lenses(quote)
    return Draft(
        person=_person(arguments),
        prescription_date=quote.prescription_date,
        amo_rate=arguments.amo_rate,
        lines=draft_lines(quote.lines),
        insurer=insurer,
        contract_id=quote.contract or first_contract(record, desk.today()),
        model=quote.model,
        lens_type=quote.lens_type,
        last_glasses=None if contact else quote.last_equipment,
        last_contact_lenses=contact,
    )


def ranked(people: tuple[Person, ...], rank: int) -> Person:
    """The person of this rank; RankUnknown."""
    if not 1 <= rank <= len(people):
        raise RankUnknown(rank=rank, people=len(people))
    return people[rank - 1]


def _person(arguments: argparse.Namespace) -> Person:
    people = people_in(arguments.reader)
    if arguments.rank is None and len(people) > 1:
        raise RankMissing(people=len(people))
    return ranked(people, arguments.rank or 1)


def _last_contact_lenses(quote: HandedQuote) -> dict[Eye, date]:
    """The last equipment, where the quote is for contact lenses: for the eyes that get some."""
    eyes = [line.eye for line in quote.lines if line.item == "contact_lenses" and line.eye is not None]
    return {} if quote.last_equipment is None else dict.fromkeys(eyes, quote.last_equipment)


def _only_insurer(desk: Desk) -> str:
    known = desk.home.insurers.all()
    if len(known) != 1:
        raise InsurerMissing(insurers=len(known))
    return known[0].amc
