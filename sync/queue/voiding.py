"""The counterfoil's record that an envelope will never leave: a void frame.

Rules: a void that a person asked for is signed by the device key over claim, insurer, envelope digest and reason, so
that it can be shown later. One in favour of a correction names it (`by`) and counts only if that was registered: of
the two one is left, never neither. One that the queue makes because its store did not follow
(`unregistered`) says only that, for nobody was told that the claim was registered. One of a dispatch (`displaced`)
takes back a number that the insurer gave to a dispatch of another copy: the claim itself stays.
"""

from datetime import datetime
from typing import Any, Final, Literal

import msgspec

from sync.contract.envelope import VOID_TYP, decode, digest, encode
from sync.crypto.signing import SigningKey
from sync.errors import ContractError, CounterfoilCorrupt
from sync.queue.tables import Row

Reason = Literal["cancelled", "superseded"]
UNREGISTERED: Final = "unregistered"
DISPLACED: Final = "displaced"


class SignedVoid(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What the device signs when a claim is withdrawn before it left; `at` is UTC, whole seconds."""

    schema: Literal["comptoir/void/v1"]
    claim_id: str
    insurer: str
    device: str
    envelope: str
    reason: Literal["cancelled", "superseded", "displaced"]
    at: str
    by: str | None = None
    dispatch: str | None = None


class VoidRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The body of a void frame: `signed` is the JWS of a SignedVoid, `by` the claim that takes the place.

    `dispatch` is the digest of a displaced dispatch.
    """

    reason: Literal["cancelled", "superseded", "unregistered", "displaced"]
    by: str | None = None
    dispatch: str | None = None
    signed: str | None = None


def signed_void(row: Row, reason: Reason, signer: SigningKey, at: datetime, by: str | None = None) -> bytes:
    """The body of the void frame that withdraws `row`."""
    signed = _signed(row, signer, at, reason=reason, by=by)
    return encode(VoidRecord(reason=reason, by=by, signed=signed))


def displaced_void(row: Row, signer: SigningKey, at: datetime) -> bytes:
    """The body of the void frame that takes back the dispatch of `row`, which has one."""
    given_up = digest((row.dispatch or "").encode("ascii"))
    signed = _signed(row, signer, at, reason="displaced", dispatch=given_up)
    return encode(VoidRecord(reason="displaced", dispatch=given_up, signed=signed))


def _signed(row: Row, signer: SigningKey, at: datetime, **about: Any) -> str:
    record = SignedVoid(
        schema="comptoir/void/v1",
        claim_id=row.claim_id,
        insurer=row.insurer,
        device=signer.kid,
        envelope=row.digest,
        at=f"{at:%Y-%m-%dT%H:%M:%SZ}",
        **about,
    )
    return signer.sign(VOID_TYP, encode(record))


def unregistered_void() -> bytes:
    """The body of the void frame for an envelope whose store transaction failed."""
    return encode(VoidRecord(reason="unregistered"))


def void_record(body: bytes) -> VoidRecord:
    """What a void frame says; CounterfoilCorrupt when it says something else."""
    try:
        return decode(body, VoidRecord)
    except (ContractError, UnicodeDecodeError) as error:
        raise CounterfoilCorrupt("a void frame holds something else") from error
