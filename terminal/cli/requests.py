"""`request`: documents that insurers ask for. Nothing leaves before the responsible person decided."""

import argparse
from typing import Any

from terminal.cli.output import Answer
from terminal.cli.session import logged_in
from terminal.i18n import text
from terminal.workflow.answer_request import document_requests, provide, refuse
from terminal.workflow.types import AskedDocument, Provided


def list_requests(arguments: argparse.Namespace) -> Answer:
    """Every request: what is asked, on what ground, until when, and what was decided."""
    with logged_in(arguments) as desk:
        found = document_requests(desk)
    return Answer({"requests": [_json(one) for one in found]}, [_line(one) for one in found])


def answer(arguments: argparse.Namespace) -> Answer:
    """Give what was asked for, sealed to the insurer."""
    given = Provided(arguments.last_equipment, True if arguments.early_renewal else None, arguments.invoice)
    with logged_in(arguments) as desk:
        document_requests(desk)
        answer_id = provide(desk, arguments.request_id, given)
    return Answer({"request_id": arguments.request_id, "answer_id": answer_id}, [text("cli.request_answered")])


def decline(arguments: argparse.Namespace) -> Answer:
    """Refuse, with a reason."""
    with logged_in(arguments) as desk:
        document_requests(desk)
        answer_id = refuse(desk, arguments.request_id, arguments.reason)
    return Answer({"request_id": arguments.request_id, "answer_id": answer_id}, [text("cli.request_refused")])


def _json(one: AskedDocument) -> dict[str, Any]:
    return {
        "request_id": one.request_id,
        "insurer": one.insurer,
        "claim_id": one.claim_id,
        "number": one.number,
        "state": one.state,
        "document": one.document,
        "ground": one.ground,
        "deadline": one.deadline.isoformat() if one.deadline else None,
        "late": one.late,
    }


def _line(one: AskedDocument) -> str:
    return text(
        "cli.request_line",
        request=one.request_id,
        insurer=one.insurer,
        number=one.number,
        document=text(f"cli.request.document_{one.document}") if one.document else "",
        ground=one.ground,
        deadline=one.deadline or "",
        state=text("cli.request.late") if one.late else text(f"cli.request.state_{one.state}"),
    )
