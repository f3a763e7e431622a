"""What travels: the sealed envelope, the dispatch that numbers it, the receipt that answers it.

Rules: the clear header routes and says nothing of a person; it is bound into the seal through `info`, so it cannot be
exchanged. An envelope's digest is SHA-256 over its canonical bytes (RFC 8785). Dispatch, receipt and state are JWS
compact (ES256) with one `typ` each, so that none can pass for another. Digests are lower-case hex, binary is
base64url unpadded. A claim that an insurer will never take is settled by a refusal that it signs, as one it took by a
receipt.
"""

import hashlib
from typing import Annotated, Literal, TypeVar

import msgspec

from sync.contract.message import ClaimId, Digest, InsurerId, Routing
from sync.errors import ContractError

GENESIS = "0" * 64
"""`prev` of the first dispatch to an insurer."""

CLAIM_TYP = "comptoir-claim+jws"
DISPATCH_TYP = "comptoir-dispatch+jws"
RECEIPT_TYP = "comptoir-receipt+jws"
REFUSAL_TYP = "comptoir-refusal+jws"
STATE_TYP = "comptoir-state+jws"
KEYS_TYP = "comptoir-keys+jws"
PROFILE_TYP = "comptoir-profile+jws"
VOID_TYP = "comptoir-void+jws"

Suite = Literal["xwing-hkdfsha256-aes256gcm", "x25519-hkdfsha256-aes256gcm"]
Bucket = Literal[1024, 2048, 4096, 8192]
KeyId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{43}$(?!\n)")]
Compact = Annotated[
    str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$(?!\n)", max_length=4096)
]
Seq = Annotated[int, msgspec.Meta(ge=1, le=9_007_199_254_740_991)]
"""A place in a chain: an integer that every JSON implementation keeps exactly (RFC 8785: at most 2^53 - 1)."""
Timestamp = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$(?!\n)")]


class StrictRecord(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A signed or sent record of the contract: immutable, strict about unknown fields."""


class Header(StrictRecord, frozen=True, kw_only=True):
    """The clear part of an envelope: routing, key ids, suite and size bucket. Bound into the seal."""

    v: Literal[1]
    claim_id: ClaimId
    insurer: InsurerId
    convention: Routing
    device: KeyId
    recipient: KeyId
    suite: Suite
    bucket: Bucket
    csr: Routing | None = None


class Envelope(Header, frozen=True, kw_only=True):
    """Header plus the sealed, padded JWS of the claim (base64url)."""

    sealed: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+$(?!\n)", max_length=16384)]

    def header(self) -> Header:
        """The clear part alone, as it is bound into the seal."""
        return Header(**{name: getattr(self, name) for name in Header.__struct_fields__})


class JournalAnchor(StrictRecord, frozen=True, kw_only=True):
    """Where the shop's access journal stood: how many entries, and the digest of the newest. Nothing of a person."""

    count: Seq
    head: Digest


class Dispatch(StrictRecord, frozen=True, kw_only=True):
    """The numbering of one envelope in this device's chain to this insurer.

    `prev` is the SHA-256 of the previous dispatch JWS; `journal` is left out while the journal is empty.
    """

    schema: Literal["comptoir/dispatch/v1"]
    claim_id: ClaimId
    insurer: InsurerId
    device: KeyId
    seq: Seq
    prev: Digest
    envelope: Digest
    journal: JournalAnchor | None = None


class Package(StrictRecord, frozen=True, kw_only=True):
    """One item of a push: the dispatch JWS and the envelope it numbers.

    Its canonical bytes are stored and resent as they are.
    """

    dispatch: Compact
    envelope: Envelope


class Receipt(StrictRecord, frozen=True, kw_only=True):
    """The insurer's signed word that this envelope is durable at its side."""

    schema: Literal["comptoir/receipt/v1"]
    claim_id: ClaimId
    insurer: InsurerId
    device: KeyId
    seq: Seq
    envelope: Digest
    dispatch: Digest
    received_at: Timestamp
    state: Literal["acknowledged"]


RefusalCode = Literal["package_invalid", "dispatch_invalid", "routing_mismatch", "recipient_unknown"]
"""Why an insurer will never take a package: the problems that concern one claim."""


class ClaimRefusal(StrictRecord, frozen=True, kw_only=True):
    """The insurer's signed word that it will never take this package: this envelope under this dispatch."""

    schema: Literal["comptoir/refusal/v1"]
    claim_id: ClaimId
    insurer: InsurerId
    device: KeyId
    envelope: Digest
    dispatch: Digest
    refused_at: Timestamp
    code: RefusalCode


class ChainState(StrictRecord, frozen=True, kw_only=True):
    """Where the insurer's side stands for one device.

    Highest contiguous seq, head digest, missing numbers below the highest seen, number of its newest event. `nonce` is
    that of the signed request it answers, so that nobody on the way can answer with an older state.
    """

    schema: Literal["comptoir/state/v1"]
    insurer: InsurerId
    device: KeyId
    seq: Annotated[int, msgspec.Meta(ge=0)]
    head: Digest
    missing: tuple[int, ...] = ()
    events: Annotated[int, msgspec.Meta(ge=0, le=9_007_199_254_740_991)] = 0
    nonce: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{16,64}$(?!\n)")] | None = None


Record = TypeVar("Record", bound=msgspec.Struct)
_encoder = msgspec.json.Encoder(order="sorted")


def encode(record: msgspec.Struct) -> bytes:
    """Canonical bytes (RFC 8785) of a record of the contract."""
    return _encoder.encode(record)


def decode(payload: bytes, kind: type[Record]) -> Record:
    """The record in `payload`; ContractError unless it is of the schema and canonically spelled."""
    try:
        record = msgspec.json.decode(payload, type=kind)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError(f"not a {kind.__name__}") from error
    if encode(record) != payload:
        raise ContractError(f"{kind.__name__} is not canonically encoded")
    return record


def digest(payload: bytes) -> str:
    """SHA-256 of `payload` as lower-case hex."""
    return hashlib.sha256(payload).hexdigest()
