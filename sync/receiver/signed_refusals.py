"""The insurer's signed word that it will never take a package.

Rules: what settles a claim is signed, so only a problem that concerns one claim is; the refusal is over the envelope
and the dispatch as they came, for the terminal that sent them, and says nothing of what else holds the same claim id.
What cannot be read as a package has no digests to sign: its problem goes back alone, and settles nothing.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import msgspec

from sync.contract.envelope import REFUSAL_TYP, ClaimRefusal, Package, RefusalCode, decode, digest, encode
from sync.contract.problems import PROBLEMS, Problem
from sync.errors import ContractError
from sync.receiver.folder import IntakeMaterial
from sync.receiver.refusal import Refusal


@dataclass(frozen=True)
class Turned:
    """A package that the intake does not take: its bytes, its claim where it can be read, and why."""

    raw: bytes = field(repr=False)
    claim_id: str | None
    problem: Problem


def turned(raw: bytes, refusal: Refusal, material: IntakeMaterial, device: str, now: datetime) -> Turned:
    """What is answered about a package sent by `device` (kid): the problem, signed where there is something to sign."""
    package = _package_in(raw)
    if package is None or PROBLEMS[refusal.problem.code].concerns != "claim":
        return Turned(raw, None, refusal.problem)
    said = ClaimRefusal(
        schema="comptoir/refusal/v1",
        claim_id=package.envelope.claim_id,
        insurer=material.settings.amc,
        device=device,
        envelope=digest(encode(package.envelope)),
        dispatch=digest(package.dispatch.encode("ascii")),
        refused_at=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        code=msgspec.convert(refusal.problem.code, RefusalCode),
    )
    signed = msgspec.structs.replace(refusal.problem, refusal=material.signer.sign(REFUSAL_TYP, encode(said)))
    return Turned(raw, package.envelope.claim_id, signed)


def _package_in(raw: bytes) -> Package | None:
    try:
        return decode(raw, Package)
    except ContractError:
        return None
