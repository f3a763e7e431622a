"""`claim ticket` and `verify-ticket`: what a customer takes along, and what it proves.

Rules: `verify-ticket` needs no log-in, for it says nothing of a person; the code comes as an argument, or from standard
input where a scanner types.
"""

import argparse
import sys
from dataclasses import asdict

from terminal.cli.output import Answer
from terminal.cli.session import desk_of, logged_in
from terminal.i18n import PARIS, text
from terminal.wording import ticket_lines
from terminal.workflow.tickets import judge_ticket, print_ticket, ticket_of


def show(arguments: argparse.Namespace) -> Answer:
    """The ticket of a claim, printed on the shop's printer with `--print`."""
    with logged_in(arguments) as desk:
        ticket = ticket_of(desk, arguments.claim_id)
        if arguments.printed:
            print_ticket(desk, ticket_lines(ticket), ticket.code)
    data = {**asdict(ticket), "day": ticket.day.isoformat(), "printed": arguments.printed}
    return Answer(data, [*ticket_lines(ticket), ticket.code])


def verify(arguments: argparse.Namespace) -> Answer:
    """Compare a ticket with the counterfoil."""
    scanned = sys.stdin.readline() if arguments.code == "-" else arguments.code
    with desk_of(arguments) as desk:
        found = judge_ticket(desk, scanned)
    sealed = found.sealed_at.astimezone(PARIS)
    state = text(f"state.{found.state}") if found.state else text("ticket.no_row")
    lines = [text("ticket.agrees", claim=found.claim_id, sealed=f"{sealed:%d/%m/%Y %H:%M}", state=state)]
    return Answer({"claim_id": found.claim_id, "sealed_at": sealed.isoformat(), "state": found.state}, lines)
