"""Asking a shop for a document, and what it answered.

Rules: a request is about one claim that this insurer holds, and goes to the terminal that sent it; it is signed, sealed
to the shop key given at enrolment, numbered and chained, in one transaction. An answer comes in as a claim does, sealed
to the opener; it counts for the request it names only when it came from the terminal that was asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import msgspec
from sqlalchemy import Connection, select

from sync.contract.events import DocumentAnswer, DocumentKind, DocumentRequest
from sync.contract.exchange import MAX_EVENTS
from sync.errors import ContractError
from sync.receiver.announcing import announce, said_of, sender_of
from sync.receiver.db import Ledger, events
from sync.receiver.folder import IntakeMaterial


@dataclass(frozen=True)
class Wanted:
    """What an operator asks for. `request_id` is a new UUIDv7."""

    request_id: str
    claim_id: str
    document: DocumentKind
    ground: str
    deadline: date


@dataclass(frozen=True)
class Asked:
    """A request as it was sent, to which terminal, and the answer when there is one."""

    request: DocumentRequest
    device: str
    answer: DocumentAnswer | None


def request_document(ledger: Ledger, material: IntakeMaterial, wanted: Wanted) -> DocumentRequest:
    """Ask for a document; ClaimUnknown, ContractError. Durable when this returns; the terminal fetches it."""
    stated = {
        "schema": "comptoir/document-request/v1",
        "request_id": wanted.request_id,
        "insurer": material.settings.amc,
        "claim_id": wanted.claim_id,
        "document": wanted.document,
        "ground": wanted.ground,
        "deadline": wanted.deadline.isoformat(),
    }
    try:
        request = msgspec.convert(stated, DocumentRequest)
    except msgspec.ValidationError as error:
        raise ContractError("the request is not of the schema") from error
    ledger.write(lambda connection: _file(connection, material, request))
    return request


def events_after(connection: Connection, device: str, after: int) -> tuple[str, ...]:
    """The events (JWS) for a terminal with a number above `after`, the lowest MAX_EVENTS of them."""
    wanted = select(events.c.signed).where(events.c.device == device, events.c.seq > after)
    return tuple(connection.execute(wanted.order_by(events.c.seq).limit(MAX_EVENTS)).scalars())


def requests_with_answers(ledger: Ledger, answers: Iterable[tuple[str, DocumentAnswer]]) -> Iterator[Asked]:
    """Every request with its answer; `answers` are those that were opened, with the terminal each came from."""
    given: Mapping[tuple[str, str], DocumentAnswer] = {
        (device, answer.request_id): answer for device, answer in reversed(list(answers))
    }
    with ledger.reading() as connection:
        for device, request in said_of(connection, DocumentRequest):
            yield Asked(request, device, given.get((device, request.request_id)))


def _file(connection: Connection, material: IntakeMaterial, request: DocumentRequest) -> None:
    announce(connection, material, sender_of(connection, request.claim_id), request)
