"""The bodies of requests and answers around the signed records: media types, limits, batches.

Rules: a request body is canonical and strict; an answer may gain members that an older terminal skips, so everything
that binds is inside a signed record, never beside it. A batch carries each package byte for byte as it is stored, and
is answered one result each, in the same order.
"""

from typing import Annotated, Final, Literal

import msgspec

from sync.contract.enrolment import Document
from sync.contract.envelope import Compact
from sync.contract.message import ClaimId
from sync.contract.problems import Problem
from sync.errors import ContractError

PACKAGE_TYPE: Final = "application/vnd.comptoir.package.v1+json"
BATCH_TYPE: Final = "application/vnd.comptoir.batch.v1+json"
ENROLMENT_TYPE: Final = "application/vnd.comptoir.enrolment.v1+json"
RECEIPT_TYPE: Final = "application/vnd.comptoir.receipt.v1+json"
RECEIPTS_TYPE: Final = "application/vnd.comptoir.receipts.v1+json"
EVENTS_TYPE: Final = "application/vnd.comptoir.events.v1+json"
RESULTS_TYPE: Final = "application/vnd.comptoir.results.v1+json"
ENROLLED_TYPE: Final = "application/vnd.comptoir.enrolled.v1+json"
RENEWAL_TYPE: Final = "application/vnd.comptoir.renewal.v1+json"
RENEWED_TYPE: Final = "application/vnd.comptoir.renewed.v1+json"
STATE_TYPE: Final = "application/vnd.comptoir.state.v1+json"
KEYS_TYPE: Final = "application/vnd.comptoir.keys.v1+json"
PROFILE_TYPE: Final = "application/vnd.comptoir.profile.v1+json"
HEALTH_TYPE: Final = "application/vnd.comptoir.health.v1+json"
PROBLEM_TYPE: Final = "application/problem+json"

MAX_BATCH: Final = 100
"""Packages in one batch."""
MAX_PACKAGE_BYTES: Final = 32_768
MAX_BATCH_BYTES: Final = 3_300_000
"""After decompression; before it the same bound holds."""
MAX_ENROLMENT_BYTES: Final = 16_384
MAX_MISSING: Final = 1000
"""Missing numbers a state names at most: the lowest ones."""

MAX_PROOF: Final = 8192
"""Characters of a proof: 63 steps, a checkpoint, and more witnesses than a profile may name."""
ProofText = Annotated[str, msgspec.Meta(max_length=MAX_PROOF)]

CHECKPOINT_MEDIA: Final = "text/plain; charset=utf-8"
TILE_MEDIA: Final = "application/octet-stream"

MAX_RECEIPTS: Final = 200
"""Receipts in one answer at most, the lowest numbers first; fewer mean that there are no more."""

MAX_EVENTS: Final = 50
"""Events in one answer at most, the lowest numbers first; fewer mean that there are no more."""

_OPEN, _CLOSE = b'{"packages":[', b"]}"


class ReceiptAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The answer to one claim: the receipt (JWS compact), and the proof that the log holds the claim once it does."""

    receipt: Compact
    proof: ProofText | None = None


class ReceiptsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The receipts (JWS compact) of the calling terminal's chain, by number."""

    receipts: tuple[Compact, ...]


class EventsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The events (`typ` comptoir-event+jws) for the calling terminal, by number."""

    events: tuple[Document, ...]


class BatchResult(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One package's result: the status a single push would have had, with its receipt or its problem."""

    status: int
    claim_id: ClaimId | None = None
    receipt: Compact | None = None
    proof: ProofText | None = None
    problem: Problem | None = None


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The results of a batch, in the order of its packages."""

    results: tuple[BatchResult, ...]


class StateAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The signed chain state (`typ` comptoir-state+jws)."""

    state: Document


class KeysAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The signed key set (`typ` comptoir-keys+jws)."""

    keys: Document


class ProfileAnswer(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The signed profile (`typ` comptoir-profile+jws) in force, and the one that follows it if there is one."""

    profile: Document
    coming: Document | None = None


class HealthAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The intake can read and write its database."""

    status: Literal["pass"]


class _Batch(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    packages: list[msgspec.Raw]


def join_batch(packages: tuple[bytes, ...]) -> bytes:
    """The canonical body of a batch of 1 to 100 packages, each as its stored bytes."""
    if not 1 <= len(packages) <= MAX_BATCH:
        raise ContractError("a batch holds 1 to 100 packages", packages=len(packages))
    return _OPEN + b",".join(packages) + _CLOSE


def split_batch(body: bytes) -> tuple[bytes, ...]:
    """The package bytes in a batch, not yet judged one by one; ContractError unless the frame is canonical."""
    try:
        packages = tuple(bytes(item) for item in msgspec.json.decode(body, type=_Batch).packages)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        raise ContractError("not a batch") from error
    if join_batch(packages) != body:
        raise ContractError("the batch is not canonically encoded")
    return packages
