"""A day's settlement: what an insurer decided and paid on one day, for one terminal, as a file.

Rules: the file brings nothing that events do not (`sync.contract.events`); it is for a shop whose line is down, and
for whoever compares. It is one JWS by the insurer's signing key (`typ` comptoir-settlement-file+jws) whose payload
holds, in clear, for which terminal and day it is; sealed to the shop key, a JWS (`typ` comptoir-settlement+jws) with
the lines; and the newest events of that terminal as they were signed. A line names a claim by its id, never a person.
A terminal moves a claim's state by the events alone, which count once by their number, and compares the lines with
what it has.
"""

import datetime
from typing import Annotated, Final, Literal

import msgspec

from sync.contract.enrolment import Document
from sync.contract.envelope import KeyId, StrictRecord, Suite
from sync.contract.message import Cents, ClaimId, InsurerId
from sync.errors import ContractError

SETTLEMENT_TYP: Final = "comptoir-settlement+jws"
SETTLEMENT_FILE_TYP: Final = "comptoir-settlement-file+jws"
SETTLEMENT_LABEL: Final = b"comptoir/settlement/v1\x00"
"""Before the file's header, in the `info` of its seal."""
MAX_FILE_EVENTS: Final = 500
"""Events in one file at most: the newest ones."""
MAX_FILE_BYTES: Final = 64 * 1024 * 1024

Settled = Literal["accepted", "partial", "refused", "cancelled", "paid"]
Total = Annotated[int, msgspec.Meta(ge=0, le=9_007_199_254_740_991)]


class SettlementLine(StrictRecord, frozen=True, kw_only=True):
    """Where a claim stands at the end of the day: AMC amounts agreed and paid, and the transfer that paid it."""

    claim_id: ClaimId
    state: Settled
    agreed: Cents
    paid: Cents
    reference: Annotated[str, msgspec.Meta(pattern=r"^[0-9A-Za-z/-]{1,35}$(?!\n)")] | None = None


class Settlement(StrictRecord, frozen=True, kw_only=True):
    """The claims about which something was said on `day`; `agreed` and `paid` are the sums of the lines."""

    schema: Literal["comptoir/settlement/v1"]
    insurer: InsurerId
    device: KeyId
    day: datetime.date
    lines: tuple[SettlementLine, ...]
    agreed: Total
    paid: Total


class SettlementHeader(StrictRecord, frozen=True, kw_only=True):
    """The clear part of a file."""

    schema: Literal["comptoir/settlement-file/v1"]
    insurer: InsurerId
    device: KeyId
    day: datetime.date
    recipient: KeyId
    suite: Suite


class SettlementFile(SettlementHeader, frozen=True, kw_only=True):
    """Header, the sealed lines (base64url), and the terminal's newest events, by number."""

    sealed: Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]+$(?!\n)")]
    events: Annotated[tuple[Document, ...], msgspec.Meta(max_length=MAX_FILE_EVENTS)] = ()

    def header(self) -> SettlementHeader:
        """The clear part alone, as it is bound into the seal."""
        return SettlementHeader(**{name: getattr(self, name) for name in SettlementHeader.__struct_fields__})


def check_settlement(settlement: Settlement) -> Settlement:
    """`settlement` itself; ContractError when a claim is in it twice or a sum is not that of the lines."""
    lines = settlement.lines
    if len({line.claim_id for line in lines}) != len(lines):
        raise ContractError("a claim has one line in a settlement", field="lines")
    for name in ("agreed", "paid"):
        if sum(getattr(line, name) for line in lines) != getattr(settlement, name):
            raise ContractError("a sum is not that of the lines", field=name)
    return settlement
