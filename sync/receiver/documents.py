"""Asking a shop for a document, and what it answered.

Rules: a request is about one claim that this insurer holds, and goes to the terminal that sent it; it is signed, sealed
to the shop key given at enrolment, numbered and chained, in one transaction. An answer comes in as a claim does, sealed
to the opener; it counts for the request it names only when it came from the terminal that was asked.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date

import msgspec
from sqlalchemy import Connection, func, insert, select

from sync.contract.envelope import GENESIS, decode, digest, encode
from sync.contract.events import DocumentAnswer, DocumentKind, DocumentRequest
from sync.contract.exchange import MAX_EVENTS
from sync.contract.keys import SealingPublic
from sync.crypto import base64url
from sync.crypto.events import Place, seal_event
from sync.crypto.sealing import SealingKey
from sync.errors import ClaimUnknown, ContractError
from sync.receiver.db import Ledger, claims, events, terminals
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
        for row in connection.execute(select(events).order_by(events.c.device, events.c.seq)):
            request = decode(bytes(row.request), DocumentRequest)
            yield Asked(request, row.device, given.get((row.device, request.request_id)))


def _file(connection: Connection, material: IntakeMaterial, request: DocumentRequest) -> None:
    wanted = select(terminals.c.device, terminals.c.sealing).join(claims, claims.c.device == terminals.c.device)
    terminal = connection.execute(wanted.where(claims.c.claim_id == request.claim_id)).first()
    if terminal is None:
        raise ClaimUnknown("this insurer has no claim with this id", claim_id=request.claim_id)
    public = decode(terminal.sealing.encode("ascii"), SealingPublic)
    recipient = SealingKey(public.suite, base64url.to_bytes(public.public))
    seq, prev = _end(connection, terminal.device)
    place = Place(material.settings.amc, terminal.device, seq + 1, prev)
    values = {
        "device": terminal.device,
        "seq": seq + 1,
        "request_id": request.request_id,
        "request": encode(request),
        "signed": seal_event(request, place, material.signer, recipient),
    }
    connection.execute(insert(events).values(values))


def _end(connection: Connection, device: str) -> tuple[int, str]:
    seq = connection.execute(select(func.max(events.c.seq)).where(events.c.device == device)).scalar()
    if seq is None:
        return 0, GENESIS
    last = select(events.c.signed).where(events.c.device == device, events.c.seq == seq)
    return seq, digest(connection.execute(last).scalar_one().encode("ascii"))
