"""What an insurer wants to be told, and what it guarantees: signed data, versioned and dated, never code.

Rules: the code level is stated (no default); every optional field is off until it is named with its legal ground and
its end date; only fields the claim schema has can be named (a test compares them). Amounts in cents; a grid includes
the AMO share. `tables.profile` of a claim is the SHA-256 of the profile's JWS (its ASCII text).
"""

import datetime
from typing import Annotated, Literal

import msgspec

from sync.contract.envelope import StrictRecord
from sync.contract.keys import Version
from sync.contract.message import Cents, InsurerId, Routing
from sync.errors import ContractError

PROFILE_SCHEMA = "comptoir/profile/v1"

CodeLevel = Literal["lpp", "regroupement"]
OptionalField = Literal["beneficiary.name", "member.nir", "last_equipment_date"]
LensLevel = Literal["simple", "complexe", "tres_complexe"]
Text = Annotated[str, msgspec.Meta(min_length=1, max_length=120)]
NoteVkey = Annotated[
    str, msgspec.Meta(pattern=r"^[!-*,-~]{1,100}\+[0-9a-f]{8}\+[A-Za-z0-9+/]{44}$(?!\n)", max_length=154)
]
"""A verifier key of c2sp.org/signed-note with 32 bytes of key."""


class FieldGround(StrictRecord, frozen=True, kw_only=True):
    """An optional field the insurer asks for, the legal ground it names, and the last day it may be sent."""

    field: OptionalField
    ground: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    until: datetime.date


class GuaranteeGrid(StrictRecord, frozen=True, kw_only=True):
    """The contract's ceilings in cents, AMO share included: one frame, and one lens of each level."""

    frame: Cents
    lens: Annotated[dict[LensLevel, Cents], msgspec.Meta(min_length=3)]


class ContractTerms(StrictRecord, frozen=True, kw_only=True):
    """One guarantee. `real_cost`: the insurer pays up to the price itself; a `responsable` contract has a grid.

    `ani`: the compulsory collective contract of an employer, whose floors are higher (CSS D911-1).
    """

    id: Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9-]{1,30}$(?!\n)")]
    label: Text
    kind: Literal["ticket_moderateur", "responsable", "c2s"]
    real_cost: bool
    grid: GuaranteeGrid | None = None
    ani: bool = False


class LogTerms(StrictRecord, frozen=True, kw_only=True):
    """The insurer's transparency log: its key, the witnesses that may cosign, how many must, and how soon.

    A claim without a proof is late `deadline_hours` after its receipt.
    """

    key: NoteVkey
    deadline_hours: Annotated[int, msgspec.Meta(ge=1, le=168)]
    quorum: Annotated[int, msgspec.Meta(ge=0, le=16)]
    witnesses: Annotated[tuple[NoteVkey, ...], msgspec.Meta(max_length=16)] = ()


class Profile(StrictRecord, frozen=True, kw_only=True):
    """The insurer's profile, signed with its signing key (`typ` comptoir-profile+jws)."""

    schema: Literal["comptoir/profile/v1"]
    insurer: InsurerId
    convention: Routing
    name: Text
    version: Version
    effective: datetime.date
    code_level: CodeLevel
    contracts: Annotated[tuple[ContractTerms, ...], msgspec.Meta(min_length=1, max_length=100)]
    hosting: Annotated[str, msgspec.Meta(min_length=1, max_length=300)]
    offline_ceiling: Cents
    fields: Annotated[tuple[FieldGround, ...], msgspec.Meta(max_length=10)] = ()
    log: LogTerms | None = None


def check_profile(profile: Profile) -> Profile:
    """`profile` itself.

    ContractError when two contracts or two fields have one name, when a grid is missing or idle, when a contract is
    collective and not responsable, or when a quorum of witnesses is larger than their number.
    """
    names = [terms.id for terms in profile.contracts]
    fields = [field.field for field in profile.fields]
    if len(set(names)) != len(names) or len(set(fields)) != len(fields):
        raise ContractError("the profile names something twice")
    if any((terms.kind == "responsable") != (terms.grid is not None) for terms in profile.contracts):
        raise ContractError("a contrat responsable, and no other, has a grid")
    if any(terms.ani and terms.kind != "responsable" for terms in profile.contracts):
        raise ContractError("a compulsory collective contract is a contrat responsable")
    witnesses = profile.log.witnesses if profile.log else ()
    if len(set(witnesses)) != len(witnesses) or (profile.log and profile.log.quorum > len(witnesses)):
        raise ContractError("a quorum is of different witnesses, at most all of them")
    return profile
