"""Saying something to a terminal: signed, sealed to its shop, numbered and chained, in the caller's transaction.

Rules: whatever is said goes the same way and looks the same to whoever carries it; an id is said once; the terminal
fetches it when it has a line. Nothing here opens a claim.
"""

from typing import TypeVar

import msgspec
from sqlalchemy import Connection, func, insert, select

from sync.contract.envelope import GENESIS, decode, digest, encode
from sync.contract.events import DocumentRequest
from sync.contract.keys import SealingPublic
from sync.contract.outcomes import Outcome, Payment
from sync.crypto import base64url
from sync.crypto.events import Place, Said, seal_event
from sync.crypto.sealing import SealingKey
from sync.errors import ClaimUnknown
from sync.receiver.db import claims, events, terminals
from sync.receiver.folder import IntakeMaterial

Kind = TypeVar("Kind", DocumentRequest, Outcome, Payment)


def announce(connection: Connection, material: IntakeMaterial, device: str, said: Said) -> None:
    """Say it to the terminal `device`, which is enrolled; once the transaction commits, the terminal can fetch it."""
    sealing = connection.execute(select(terminals.c.sealing).where(terminals.c.device == device)).scalar_one()
    public = decode(sealing.encode("ascii"), SealingPublic)
    recipient = SealingKey(public.suite, base64url.to_bytes(public.public))
    seq, prev = _end(connection, device)
    place = Place(material.settings.amc, device, seq + 1, prev)
    values = {
        "device": device,
        "seq": seq + 1,
        "request_id": _id_of(said),
        "request": encode(said),
        "signed": seal_event(said, place, material.signer, recipient),
    }
    connection.execute(insert(events).values(values))


def sender_of(connection: Connection, claim_id: str) -> str:
    """The terminal that sent a claim; ClaimUnknown."""
    device = connection.execute(select(claims.c.device).where(claims.c.claim_id == claim_id)).scalar()
    if device is None:
        raise ClaimUnknown("this insurer has no claim with this id", claim_id=claim_id)
    return str(device)


def said_of(connection: Connection, kind: type[Kind]) -> list[tuple[str, Kind]]:
    """Everything of one kind that was said, with the terminal it was said to, in order."""
    found = connection.execute(select(events.c.device, events.c.request).order_by(events.c.device, events.c.seq))
    told = [(row.device, bytes(row.request)) for row in found]
    name = _SCHEMAS[kind]
    return [(device, decode(body, kind)) for device, body in told if _schema_of(body) == name]


_SCHEMAS: dict[type, str] = {
    DocumentRequest: "comptoir/document-request/v1",
    Outcome: "comptoir/outcome/v1",
    Payment: "comptoir/payment/v1",
}


class _Named(msgspec.Struct):
    schema: str


def _schema_of(body: bytes) -> str:
    return msgspec.json.decode(body, type=_Named).schema


def _id_of(said: Said) -> str:
    if isinstance(said, DocumentRequest):
        return said.request_id
    return said.outcome_id if isinstance(said, Outcome) else said.payment_id


def _end(connection: Connection, device: str) -> tuple[int, str]:
    seq = connection.execute(select(func.max(events.c.seq)).where(events.c.device == device)).scalar()
    if seq is None:
        return 0, GENESIS
    last = select(events.c.signed).where(events.c.device == device, events.c.seq == seq)
    return seq, digest(connection.execute(last).scalar_one().encode("ascii"))
