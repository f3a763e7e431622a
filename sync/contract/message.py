"""`ClaimMessage` v1: the only thing an insurer ever learns of a claim.

Rules: ASCII keys, integers (cents), no floats, no null; an absent optional field is left out. The encoding is canonical
(RFC 8785): one message has one spelling, so a signature and a digest hold for ever. There is no field for a
correction, a prescription, a prescriber or an image, and `tests/unit/sync/contract` fails if one is added. Each pattern
closes with a look-ahead: Python's `$` alone would let a final line feed pass, which the `$` of JSON schemas does not.
"""

import datetime
from typing import Annotated, Final, Literal

import msgspec

from sync.errors import ContractError

SCHEMA: Final = "comptoir/claim/v1"
MAX_CENTS = 10_000_000

Kind = Literal["claim", "preauthorisation", "correction", "cancellation"]
Item = Literal["frame", "lens", "supplement", "contact_lenses"]
Eye = Literal["right", "left"]
Cents = Annotated[int, msgspec.Meta(ge=0, le=MAX_CENTS)]
Digest = Annotated[str, msgspec.Meta(pattern=r"^[0-9a-f]{64}$(?!\n)")]
ClaimId = Annotated[
    str, msgspec.Meta(pattern=r"^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$(?!\n)")
]
InsurerId = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{8,10}$(?!\n)")]
Routing = Annotated[str, msgspec.Meta(pattern=r"^[A-Z0-9-]{1,10}$(?!\n)")]
LineCode = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{7}|[A-Z][A-Z0-9]{2})$(?!\n)")]
BirthDate = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$(?!\n)")]
"""A civil date as the card has it: a lunar date has a month or a day out of range and is kept."""


class _Part(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """A part of the message: immutable, strict about unknown fields."""


class Member(_Part, frozen=True, kw_only=True):
    """Whom the contract belongs to: the adherent number, or a keyed pseudonym of the NIR (HMAC-SHA-256, hex)."""

    kind: Literal["adherent", "pseudonym", "nir"]
    value: Annotated[str, msgspec.Meta(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z-]+$(?!\n)")]


class Beneficiary(_Part, frozen=True, kw_only=True):
    """Who was served, by birth date and rank (1 to 9); `name` only where a profile asks for it."""

    birth_date: BirthDate
    rank: Annotated[int, msgspec.Meta(ge=1, le=9)]
    name: Annotated[str, msgspec.Meta(max_length=80)] | None = None


class Line(_Part, frozen=True, kw_only=True):
    """One priced line, in cents: `price` = `amo` + `amc` + `reste_a_charge`; `code` is an LPP or regroupement code."""

    item: Item
    code: LineCode
    quantity: Annotated[int, msgspec.Meta(ge=1, le=9)]
    price: Cents
    base: Cents
    amo: Cents
    amc: Cents
    reste_a_charge: Cents
    eye: Eye | None = None


class Pec(_Part, frozen=True, kw_only=True):
    """The insurer's agreement given beforehand."""

    number: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z-]{1,30}$(?!\n)")]
    date: datetime.date


class Evidence(_Part, frozen=True, kw_only=True):
    """A salted commitment to something that was not sent: HMAC-SHA-256 (hex) of the value under a 256-bit salt."""

    name: Literal["lpp_code", "order_reference"]
    line: Annotated[int, msgspec.Meta(ge=0, le=20)]
    commitment: Digest


class Tables(_Part, frozen=True, kw_only=True):
    """SHA-256 (hex) of the catalogue and of the profile that were applied."""

    catalogue: Digest
    profile: Digest


class ClaimMessage(_Part, frozen=True, kw_only=True):
    """The claim as signed by the terminal and read by the insurer alone."""

    claim_id: ClaimId
    kind: Kind
    insurer: InsurerId
    convention: Routing
    shop: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{9}$(?!\n)")]
    member: Member
    beneficiary: Beneficiary
    service_date: datetime.date
    amo_rate: Annotated[int, msgspec.Meta(ge=0, le=100)]
    lines: Annotated[tuple[Line, ...], msgspec.Meta(min_length=1, max_length=20)]
    tables: Tables
    schema: Literal["comptoir/claim/v1"]
    csr: Routing | None = None
    pec: Pec | None = None
    supersedes: ClaimId | None = None
    early_renewal: bool | None = None
    last_equipment_date: datetime.date | None = None
    evidence: tuple[Evidence, ...] = ()


_encoder = msgspec.json.Encoder(order="sorted")
_decoder = msgspec.json.Decoder(ClaimMessage)


def encode_message(message: ClaimMessage) -> bytes:
    """Canonical bytes (RFC 8785) of a message; what the terminal signs."""
    return _encoder.encode(message)


def decode_message(payload: bytes) -> ClaimMessage:
    """The message in `payload`; ContractError unless it is of the schema and canonically spelled."""
    try:
        message = _decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError("the claim is not of the schema") from error
    if encode_message(message) != payload:
        raise ContractError("the claim is not canonically encoded")
    return message
