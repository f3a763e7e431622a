"""Whether a receipt, or a refusal, is the insurer's word for exactly what left.

Rules: signature, claim, insurer, device, number (of a receipt) and both digests all agree, or it is nothing and
nothing moves. A claim that another copy of this terminal sent has no dispatch here: then the envelope's digest
decides.
"""

from base64 import urlsafe_b64decode
from collections.abc import Sequence
from contextlib import suppress
from datetime import datetime

from sync.contract.envelope import RECEIPT_TYP, REFUSAL_TYP, ClaimRefusal, Receipt, decode, digest
from sync.crypto.signing import VerifyingKey
from sync.errors import ContractError, ReceiptInvalid, RefusalInvalid, SignatureInvalid
from sync.queue import Outbox, Row
from sync.queue.states import SENDING


def verify_receipt(row: Row, receipt: str, verifiers: Sequence[VerifyingKey], device: str) -> Receipt:
    """The receipt (JWS) for the claim of `row`, sent by `device` (kid); ReceiptInvalid when it speaks of another."""
    found = opened_receipt(receipt, verifiers)
    said = (found.claim_id, found.insurer, found.device, found.envelope)
    if said != (row.claim_id, row.insurer, device, row.digest) or not _of_dispatch(row, found):
        raise ReceiptInvalid("the receipt speaks of something else", claim_id=row.claim_id)
    return found


def verify_refusal(row: Row, refusal: str, verifiers: Sequence[VerifyingKey], device: str) -> ClaimRefusal:
    """The refusal (JWS) of the package of `row`, sent by `device` (kid); RefusalInvalid when it speaks of another."""
    found = _opened_refusal(refusal, verifiers)
    said = (found.claim_id, found.insurer, found.device, found.envelope, found.dispatch)
    if said != (row.claim_id, row.insurer, device, row.digest, digest((row.dispatch or "").encode("ascii"))):
        raise RefusalInvalid("the refusal speaks of something else", claim_id=row.claim_id)
    return found


def last_signed_time(outbox: Outbox) -> datetime | None:
    """The receiver's time in the newest receipt kept, which was verified when it came; None without one.

    One that cannot be read any more tells no time, and stops no start: the checks name it.
    """
    newest = outbox.newest_receipt()
    if newest is None:
        return None
    payload = newest.partition(".")[2].partition(".")[0]
    with suppress(ReceiptInvalid, ValueError):
        receipt = _decoded(urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
        return datetime.fromisoformat(receipt.received_at)
    return None


def _of_dispatch(row: Row, found: Receipt) -> bool:
    if row.dispatch is None:
        return row.state != SENDING
    return (found.seq, found.dispatch) == (row.seq, digest(row.dispatch.encode("ascii")))


def opened_receipt(receipt: str, verifiers: Sequence[VerifyingKey]) -> Receipt:
    """What a receipt (JWS) by one of these keys says; ReceiptInvalid."""
    for key in verifiers:
        with suppress(SignatureInvalid):
            return _decoded(key.verify(RECEIPT_TYP, receipt))
    raise ReceiptInvalid("no key of the insurer made this receipt")


def _opened_refusal(refusal: str, verifiers: Sequence[VerifyingKey]) -> ClaimRefusal:
    for key in verifiers:
        with suppress(SignatureInvalid, ContractError):
            return decode(key.verify(REFUSAL_TYP, refusal), ClaimRefusal)
    raise RefusalInvalid("no key of the insurer made this refusal")


def _decoded(payload: bytes) -> Receipt:
    try:
        return decode(payload, Receipt)
    except ContractError as error:
        raise ReceiptInvalid("a receipt that is not of the contract") from error
