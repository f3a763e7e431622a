"""Opening stored claims with the private sealing key: a process of its own, away from the intake.

Rules: every claim is judged again from its bytes (digests, dispatch signature, seal, claim signature, schema); the shop
inside must be the shop the terminal was enrolled for, which the intake cannot see; what does not hold is reported with
its code and hides no other claim.
"""

import json
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import Row, select

from sync.contract.envelope import DISPATCH_TYP, Dispatch, Package, decode, digest, encode
from sync.contract.events import DocumentAnswer
from sync.contract.message import ClaimMessage
from sync.crypto.claims import OpenedAnswer, open_answer, open_claim
from sync.crypto.sealing import OpeningKey
from sync.crypto.signing import VerifyingKey
from sync.errors import ContractError, SignatureInvalid, SyncError
from sync.receiver.db import UNSIGNED, Ledger, claims, terminals

_PORTION: Final = 200
"""Claims held in memory at a time."""


@dataclass(frozen=True)
class Opened:
    """One claim as the insurer reads it; `signed` is the very JWS the shop signed.

    `received_at` in milliseconds since 1970 (UTC); `receipt` is the digest of the receipt's JWS.
    """

    claim_id: str
    seq: int
    device: str
    shop: str
    received_at: int
    receipt: str
    message: ClaimMessage = field(repr=False)
    signed: bytes = field(repr=False)


@dataclass(frozen=True)
class NotOpened:
    """A stored claim that does not hold, and why (a stable code)."""

    claim_id: str
    seq: int
    device: str
    error: str


@dataclass(frozen=True)
class Answered:
    """One answer to a document request, which came the way of a claim; `signed` is the JWS the shop signed."""

    claim_id: str
    seq: int
    device: str
    answer: DocumentAnswer = field(repr=False)
    signed: bytes = field(repr=False)


def open_claims(
    ledger: Ledger, opening: OpeningKey, since: int = 0, only: Collection[str] | None = None
) -> Iterator[Opened | Answered | NotOpened]:
    """Every claim acknowledged at `since` (milliseconds) or later, or `only` some, by chain and number."""
    joined = claims.join(terminals, claims.c.device == terminals.c.device)
    wanted = select(claims, terminals.c.shop, terminals.c.signing_jwk).select_from(joined)
    wanted = wanted.where(claims.c.received_at >= since, claims.c.receipt != UNSIGNED)
    if only is not None:
        wanted = wanted.where(claims.c.claim_id.in_(sorted(only)))
    with ledger.reading() as connection:
        streamed = connection.execution_options(yield_per=_PORTION)
        for row in streamed.execute(wanted.order_by(claims.c.device, claims.c.seq)):
            yield _judged(row, opening)


def _judged(row: Row[Any], opening: OpeningKey) -> Opened | Answered | NotOpened:
    try:
        return _opened(row, opening)
    except SyncError as error:
        return NotOpened(row.claim_id, row.seq, row.device, error.code)


def _opened(row: Row[Any], opening: OpeningKey) -> Opened | Answered:
    key = VerifyingKey.from_jwk(json.loads(row.signing_jwk))
    package = decode(row.package, Package)
    envelope = encode(package.envelope)
    dispatch = decode(key.verify(DISPATCH_TYP, package.dispatch), Dispatch)
    if dispatch.envelope != digest(envelope) or (dispatch.claim_id, dispatch.seq) != (row.claim_id, row.seq):
        raise ContractError("stored row and dispatch disagree")
    try:
        opened = open_claim(envelope, opening, key)
    except SignatureInvalid:
        return _answered(row, open_answer(envelope, opening, key))
    if opened.message.shop != row.shop:
        raise ShopMismatch("signed by a terminal of another shop")
    if any(line.price != line.amo + line.amc + line.reste_a_charge for line in opened.message.lines):
        raise ContractError("the amounts of a line do not add up", field="lines")
    receipt = digest(row.receipt.encode("ascii"))
    place = row.claim_id, row.seq, row.device, row.shop
    return Opened(*place, row.received_at, receipt, opened.message, opened.signed)


def _answered(row: Row[Any], opened: OpenedAnswer) -> Answered:
    """What was signed as no claim is an answer, or nothing."""
    if opened.answer.shop != row.shop:
        raise ShopMismatch("signed by a terminal of another shop")
    return Answered(row.claim_id, row.seq, row.device, opened.answer, opened.signed)


class ShopMismatch(SyncError):
    """The claim names another shop than the one its terminal was enrolled for."""

    code = "shop_mismatch"
