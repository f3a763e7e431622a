"""JSON Lines: one opened claim a line, canonical (RFC 8785), with the digests that tie it to what was signed.

Rules: a line says what the shop signed and nothing else; who imports a line can ask for the receipt and the signed
claim by their digests. Members are only ever added under a new `schema`.
"""

from datetime import UTC, datetime
from typing import Literal

from sync.contract.enrolment import AmId
from sync.contract.envelope import KeyId, Seq, StrictRecord, Timestamp, digest, encode
from sync.contract.message import ClaimId, ClaimMessage, Digest
from sync.receiver.exports.b2 import invoice_number
from sync.receiver.opener import Opened


class ExportLine(StrictRecord, frozen=True, kw_only=True):
    """One claim: who sent it and when it came, digests of the receipt and of the signed claim, what it says.

    `invoice` is the number the same claim has among B2-shaped records.
    """

    schema: Literal["comptoir/export/v1"]
    claim_id: ClaimId
    invoice: str
    device: KeyId
    seq: Seq
    shop: AmId
    received_at: Timestamp
    receipt: Digest
    signed: Digest
    message: ClaimMessage


def line_of(claim: Opened) -> bytes:
    """The line of a claim, without its line feed."""
    return encode(
        ExportLine(
            schema="comptoir/export/v1",
            claim_id=claim.claim_id,
            invoice=invoice_number(claim.claim_id),
            device=claim.device,
            seq=claim.seq,
            shop=claim.shop,
            received_at=received_at(claim),
            receipt=claim.receipt,
            signed=digest(claim.signed),
            message=claim.message,
        )
    )


def received_at(claim: Opened) -> str:
    """When the intake took the claim, to the second, as its receipt says."""
    return datetime.fromtimestamp(claim.received_at // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
