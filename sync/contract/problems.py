"""What an insurer may answer instead of a result: problem documents (RFC 9457) with a stable `code`.

Rules: a problem says what was wrong with the form of a request, never what it held; `type` is a name, not an address;
two digests are given where two sides disagree. The table below is the whole list: `concerns` says what the terminal
does with it (`claim`: this very package will never be accepted, which counts once it is signed; `chain`: the two
sides tell two stories, a person must look; `caller`: terminal, certificate or request form; `service`: later, with
the same bytes).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from sync.contract.envelope import Compact
from sync.contract.message import Digest

TYPE_PREFIX: Final = "urn:comptoir:problem:"

ProblemCode = Literal[
    "package_invalid",
    "dispatch_invalid",
    "routing_mismatch",
    "recipient_unknown",
    "digest_conflict",
    "fork",
    "request_invalid",
    "request_timeout",
    "certificate_missing",
    "certificate_unknown",
    "certificate_revoked",
    "certificate_expired",
    "signature_invalid",
    "not_found",
    "method_not_allowed",
    "too_large",
    "media_type_unsupported",
    "activation_refused",
    "invitation_closed",
    "too_many_requests",
    "internal",
    "unavailable",
]


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """Status and title of one code, and what it concerns."""

    status: int
    title: str
    concerns: Literal["claim", "chain", "caller", "service"]


PROBLEMS: Final[Mapping[str, ProblemKind]] = MappingProxyType(
    {
        "package_invalid": ProblemKind(422, "The package is not of the schema, or not in its canonical bytes", "claim"),
        "dispatch_invalid": ProblemKind(422, "The dispatch is not signed by this terminal for this envelope", "claim"),
        "routing_mismatch": ProblemKind(422, "Path, dispatch and envelope do not agree on claim and route", "claim"),
        "recipient_unknown": ProblemKind(422, "The envelope is sealed to a key this insurer does not have", "claim"),
        "digest_conflict": ProblemKind(409, "This claim id is known with other bytes", "chain"),
        "fork": ProblemKind(409, "The dispatch contradicts the chain already received", "chain"),
        "request_invalid": ProblemKind(400, "The request is not of the contract's form", "caller"),
        "request_timeout": ProblemKind(408, "The body did not arrive in time", "service"),
        "certificate_missing": ProblemKind(401, "This operation needs the terminal's client certificate", "caller"),
        "certificate_unknown": ProblemKind(403, "The certificate is not that of an enrolled terminal", "caller"),
        "certificate_revoked": ProblemKind(403, "The insurer revoked this terminal", "caller"),
        "certificate_expired": ProblemKind(403, "The certificate's last day is over", "caller"),
        "signature_invalid": ProblemKind(401, "The request's signature is missing, wrong, stale or repeated", "caller"),
        "not_found": ProblemKind(404, "There is no such operation", "caller"),
        "method_not_allowed": ProblemKind(405, "The operation has another method", "caller"),
        "too_large": ProblemKind(413, "The body is larger than the contract allows", "caller"),
        "media_type_unsupported": ProblemKind(415, "Media type or content coding is not one of the contract", "caller"),
        "activation_refused": ProblemKind(403, "The activation code was not proved for this invitation", "caller"),
        "invitation_closed": ProblemKind(410, "The invitation was used, has expired or was tried too often", "caller"),
        "too_many_requests": ProblemKind(429, "More was asked than is allowed in this time", "service"),
        "internal": ProblemKind(500, "The insurer failed to answer", "service"),
        "unavailable": ProblemKind(503, "The insurer cannot store anything now", "service"),
    }
)


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A problem document. `stored` and `received` are the two digests (hex) that disagree, on 409 only.

    `refusal`: the signed ClaimRefusal (`typ` comptoir-refusal+jws) beside a code that concerns one claim.
    """

    type: str
    title: str
    status: int
    code: str
    stored: Digest | None = None
    received: Digest | None = None
    refusal: Compact | None = None


def problem(code: ProblemCode, *, stored: str | None = None, received: str | None = None) -> Problem:
    """The problem document of a code."""
    kind = PROBLEMS[code]
    return Problem(
        type=TYPE_PREFIX + code, title=kind.title, status=kind.status, code=code, stored=stored, received=received
    )
